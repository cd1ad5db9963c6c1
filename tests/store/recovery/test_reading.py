"""What can be read of a damaged database: all but what stands on its damaged pages."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from collector.records.base import KINDS
from collector.store.database import wal_path
from collector.store.recovery import salvage
from tests.store.recovery.conftest import COUNT, Old, last
from tests.store.recovery.old import (
    NOT_CARRIED,
    PAGE,
    begun,
    carried,
    garbled,
    leaves,
    recording,
    zeroed,
)


def test_what_stands_in_the_log_alone_is_carried_over_too(old: Old) -> None:
    """It lies beside the database under its new name."""
    with recording(old.path) as record:
        record.conn.execute("INSERT INTO gaps VALUES (?, 1, 2, 'in the log')", (COUNT + 1,))
        log = wal_path(old.path).read_bytes()
        before = old.path.read_bytes()
    old.path.write_bytes(before)
    wal_path(old.path).write_bytes(log)
    lies = old.set_aside()
    new = begun(old.path, lies)
    carried(new, lies)
    assert new.rows("SELECT id FROM gaps WHERE reason = 'in the log'") == [(COUNT + 1,)]
    new.close()


@pytest.mark.parametrize("damage", [zeroed, garbled])
@pytest.mark.parametrize(
    ("table", "hit"),
    [
        ("workload_runs", (5,)),
        ("workload_runs", (0, 1, 4, 9, 10, -1, -3)),
        ("cpu_samples", (1, 3)),
        ("disk_samples", (0, 2, 5, -1)),
        ("operation_metrics", (0, -1)),
    ],
)
def test_only_rows_of_damaged_pages_are_lost(
    old: Old, damage: Callable[..., Callable[[Path], object]], table: str, hit: tuple[int, ...]
) -> None:
    """Those on pages between two damaged ones are found, at the ends too."""
    pages = leaves(old.path, table)
    most = max(rows_of(old.path, pages[number]) for number in hit)
    lies = old.set_aside(damage(*(pages[number] for number in hit)))
    new = begun(old.path, lies)
    carried(new, lies)
    lost = old.lost()
    assert [table] == [*lost]
    assert len(hit) <= lost[table] <= most * len(hit)
    assert last(new)[1:] != (0, None)
    new.close()


def rows_of(path: Path, page: int) -> int:
    """How many a leaf holds, before it is damaged; two of them may share one row in an inner page."""
    return int.from_bytes(path.read_bytes()[(page - 1) * PAGE + 3 :][:2], "big") + 1


def test_figures_of_a_benchmark_whose_run_is_lost_are_counted(old: Old) -> None:
    """They belong to nothing any more."""
    pages = leaves(old.path, "benchmark_runs")
    lies = old.set_aside(zeroed(pages[2]))
    new = begun(old.path, lies)
    carried(new, lies)
    lost = old.lost()
    assert len({*lost.values()}) == 1
    assert {"benchmark_runs", *(part.table for part in KINDS["benchmark"].parts)} == {*lost}
    assert new.rows("PRAGMA foreign_key_check") == []
    new.close()


@pytest.mark.parametrize("damage", [garbled(*range(1, 400)), lambda path: path.write_bytes(b"")])
def test_a_file_of_which_nothing_can_be_read_is_done_with(old: Old, damage: Callable[[Path], object]) -> None:
    """It says so; recording goes on."""
    lies = old.set_aside(damage)
    new = begun(old.path, lies)
    assert carried(new, lies) == (0, True)
    saved, goes_on, left = last(new)
    assert (saved, goes_on) == (0, 0)
    assert {kind.table for kind in KINDS.values()} - NOT_CARRIED == {*json.loads(left)}
    ((detail,),) = new.rows("SELECT detail FROM recoveries")
    assert "of its tables can be found" in detail or "no table of it can be read" in detail
    new.close()


def test_half_a_file_is_read_as_far_as_it_goes(old: Old) -> None:
    """The rest is lost."""
    lies = old.set_aside(lambda path: cut(path, 0.6))
    new = begun(old.path, lies)
    assert carried(new, lies).rows > 1_000
    assert salvage.unfinished(new.conn) == []
    new.close()


def cut(path: Path, share: float) -> None:
    """Leave the first part of a file."""
    with path.open("r+b") as file:
        file.truncate(int(path.stat().st_size * share) // PAGE * PAGE)


def test_reading_leaves_the_file_as_it_is(old: Old) -> None:
    """Whoever wants to try something else finds what there was."""
    pages = leaves(old.path, "workload_runs")
    lies = old.set_aside(zeroed(pages[3]))
    before = lies.read_bytes()
    new = begun(old.path, lies)
    carried(new, lies)
    assert before == lies.read_bytes()
    new.close()


@pytest.mark.parametrize("text", [b"", b"garbage of 25 letters.." * 2])
def test_a_file_with_a_damaged_header_alone_is_read_whole(old: Old, text: bytes) -> None:
    """With what stands in its log alone; nothing is written into it, and nothing else is left beside."""
    with recording(old.path) as record:
        record.conn.execute("INSERT INTO gaps VALUES (?, 1, 2, 'in the log')", (COUNT + 1,))
        log, before = wal_path(old.path).read_bytes(), old.path.read_bytes()
    old.path.write_bytes(text.ljust(100, b"\0") + before[100:])
    wal_path(old.path).write_bytes(log)
    lies = old.set_aside()
    before = lies.read_bytes()
    new = begun(old.path, lies)
    carried(new, lies)
    assert old.lost("gaps") == {}
    assert new.rows("SELECT id FROM gaps WHERE reason = 'in the log'") == [(COUNT + 1,)]
    assert lies.read_bytes() == before
    assert not [file.name for file in old.path.parent.iterdir() if ".read" in file.name]
    new.close()
