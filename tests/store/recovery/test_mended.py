"""What damaged pages of the schema, of roots and of inner pages said is made again of what is left."""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from collector.records.base import KINDS
from collector.sqlite import sqlite3
from collector.store import schema
from collector.store.database import open_writer, wal_path
from collector.store.recovery.mended import mended
from tests.store.recovery.conftest import COUNT, Old, last
from tests.store.recovery.links import refusing
from tests.store.recovery.old import PAGE, Record, begun, carried, garbled, leaves, recording, zeroed

pytestmark = pytest.mark.long

# Two of numbered rows, and two of others.
TABLES = ("workload_runs", "gaps", "disk_samples", "rollups")


def pages(path: Path) -> list[bytes]:
    """Of a file without a log."""
    data = path.read_bytes()
    return [data[at : at + PAGE] for at in range(0, len(data), PAGE)]


def of_schema(path: Path) -> list[int]:
    """The numbers of the leaves of the schema."""
    return [
        number
        for number, page in enumerate(pages(path), 1)
        if page[0] == 13 and b"CREATE " in page and b"CREATE INDEX" in page
    ]


def root(path: Path, table: str) -> int:
    """The page with which a table begins."""
    with recording(path) as record:
        ((found,),) = record.rows("SELECT rootpage FROM sqlite_master WHERE name = ?", table)
    return int(found)


def salvaged(old: Old, damage: Callable[[Path], object]) -> tuple[Record, dict[str, int]]:
    """The new record, and how many rows of each table are lost."""
    lies = old.set_aside(damage)
    before = lies.read_bytes()
    new = begun(old.path, lies)
    carried(new, lies)
    assert lies.read_bytes() == before
    assert not [file.name for file in lies.parent.iterdir() if ".read" in file.name]
    return new, old.lost("rollup_stale", "upkeep_positions")


@pytest.mark.parametrize("damage", [zeroed, garbled])
@pytest.mark.parametrize("table", TABLES)
def test_a_damaged_root_costs_no_row(
    old: Old, damage: Callable[..., Callable[[Path], object]], table: str
) -> None:
    """The pointer maps tell which pages were below it; in an index there are some rows on the root itself."""
    number = root(old.path, table)
    kind, _, count = struct.unpack_from(">BHH", pages(old.path)[number - 1])
    assert kind in {2, 5}
    new, lost = salvaged(old, damage(number))
    assert lost == ({table: count} if kind == 2 else {})
    new.close()


@pytest.mark.parametrize("count", [1, 2, 100])
def test_damaged_pages_of_the_schema_cost_no_row(old: Old, count: int) -> None:
    """A file that was made by this version has its tables where every other has them."""
    hit = of_schema(old.path)[:count]
    new, lost = salvaged(old, zeroed(*hit))
    assert len(hit) >= min(count, 4)
    assert lost == {}
    assert last(new)[1:] == (0, None)
    new.close()


def test_a_first_page_of_garbage_costs_no_row(old: Old) -> None:
    """Its header is the same in all files, and the pages of the schema below it are known."""
    new, lost = salvaged(old, garbled(1))
    assert lost == {}
    new.close()


def test_the_first_page_and_all_of_the_schema_cost_no_row(old: Old) -> None:
    """So much for the schema."""
    new, lost = salvaged(old, garbled(1, *of_schema(old.path)))
    assert lost == {}
    new.close()


def test_damaged_leaves_below_a_damaged_root_are_counted(old: Old) -> None:
    """Their rows are lost, and `left` says so; what is beyond the ends counts as one."""
    below = leaves(old.path, "workload_runs")
    new, lost = salvaged(old, zeroed(root(old.path, "workload_runs"), below[0], below[4], below[-1]))
    assert [*lost] == ["workload_runs"]
    assert 3 <= lost["workload_runs"] < COUNT / 2
    assert '"workload_runs": {"stretches": 2' in last(new)[2]
    new.close()


def test_tables_of_an_older_file_are_found_by_their_rows(old: Old, tmp_path: Path) -> None:
    """Its migrations put them elsewhere; a table without numbers is not guessed at."""
    path = tmp_path / "older.db"
    migrated(path)
    with recording(path) as record:
        record.fill(COUNT)
        numbered = {name for name, sql in record.rows(_TABLES) if "WITHOUT ROWID" not in sql}
        record.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert root(path, "workload_runs") != root(old.path, "workload_runs")
    path.replace(old.path)
    new, lost = salvaged(old, zeroed(*of_schema(old.path)[:2]))
    assert {*lost.values()} <= {COUNT}
    assert not numbered.intersection(lost)
    new.close()


_TABLES = "SELECT name, sql FROM sqlite_master WHERE type = 'table'"


def migrated(path: Path) -> None:
    """Make a record as the first version did, and as all others have changed it."""
    database = open_writer(path)
    with schema.moving(database) as run:
        run.up()
    database.close()


def test_rows_that_do_not_fit_a_table_are_not_taken_for_its_own(old: Old) -> None:
    """A page that lies where a table is guessed, with rows of another."""
    hit = of_schema(old.path)
    data = pages(old.path)
    one, other = (root(old.path, table) for table in ("workload_runs", "skill_metrics"))

    def damage(path: Path) -> None:
        zeroed(*hit)(path)
        with path.open("r+b") as file:
            file.seek((one - 1) * PAGE)
            file.write(data[other - 1])

    new, lost = salvaged(old, damage)
    assert lost == {"workload_runs": COUNT}
    assert '"workload_runs": {"stretches": 1' in last(new)[2]
    new.close()


@pytest.mark.parametrize("left", [100, 2_000, 4_000])
def test_a_page_that_is_cut_off_is_not_read(old: Old, left: int) -> None:
    """SQLite would read zeros where it ends, as numbers and as texts."""

    def damage(path: Path) -> None:
        with path.open("r+b") as file:
            file.truncate((len(pages(path)) * 2 // 3) * PAGE + left)

    new, lost = salvaged(old, damage)  # which looks for rows that the old one has not
    assert sum(lost.values()) > 0
    new.close()


def test_a_page_that_was_cut_off_and_written_since_is_not_read(old: Old) -> None:
    """What a recorder that ran on made of it ends in zeros, as numbers of some row, too."""
    number = leaves(old.path, "skill_metrics")[2]

    def damage(path: Path) -> None:
        with path.open("r+b") as file:
            file.seek(number * PAGE - 1_500)
            file.write(bytes(1_500))

    few = int.from_bytes(pages(old.path)[number - 1][3:5], "big")
    new, lost = salvaged(old, damage)
    assert lost == {"skill_metrics": few}
    new.close()


@pytest.mark.parametrize("damage", [zeroed, garbled])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_long_row_of_which_a_page_is_damaged_is_lost_alone(
    old: Old, damage: Callable[..., Callable[[Path], object]], place: int
) -> None:
    """Zeros are not taken for its text, nor is garbage."""
    text = "é" * 8_000
    old.change(("UPDATE gaps SET reason = ? WHERE id = 100", text))
    with recording(old.path) as record:
        record.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    hit = chain(old.path, text.encode())[place]
    lies = old.set_aside(damage(hit))
    new = begun(old.path, lies)
    carried(new, lies)
    assert new.rows("SELECT count(*), max(id) FROM gaps") == [(COUNT - 1, COUNT)]
    assert new.rows("SELECT id FROM gaps WHERE id = 100") == []
    new.close()


def chain(path: Path, text: bytes) -> list[int]:
    """The pages on which a long text goes on."""
    found = {
        number: page for number, page in enumerate(pages(path), 1) if page[4:2000] in text and page[0] == 0
    }
    following = {number: struct.unpack(">I", page[:4])[0] for number, page in found.items()}
    first = next(number for number in found if number not in following.values())
    ordered = [first]
    while following.get(ordered[-1]):
        ordered.append(following[ordered[-1]])
    return ordered


def test_a_sound_file_gets_no_second_name(old: Old) -> None:
    """With a log or without."""
    assert mended(old.path) == (None, True)
    with recording(old.path) as record:
        record.conn.execute("DELETE FROM gaps")
        assert wal_path(old.path).stat().st_size > 0
        assert mended(old.path) == (None, True)


def test_where_no_file_has_two_names_it_is_read_as_it_is(old: Old, monkeypatch: pytest.MonkeyPatch) -> None:
    """At once; nothing is left beside it."""
    zeroed(*of_schema(old.path))(old.path)
    before = [*old.path.parent.iterdir()]
    monkeypatch.setattr(os, "link", refusing(errno.EPERM))
    assert mended(old.path).name is None
    assert [*old.path.parent.iterdir()] == before
    monkeypatch.setattr(os, "link", refusing(errno.ENOSPC))
    with pytest.raises(OSError, match="No space left"):
        mended(old.path)


def test_every_table_of_a_new_file_is_found_where_it_is(old: Old) -> None:
    """Empty ones too."""
    Record(old.path.with_name("new.db")).close()
    path = old.path.with_name("new.db")
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        wanted = conn.execute("SELECT name, rootpage FROM sqlite_master ORDER BY 1").fetchall()
    zeroed(*of_schema(path))(path)
    name, is_whole = mended(path)
    assert name is not None
    assert is_whole
    with closing(sqlite3.connect(f"file:{name}?mode=ro", uri=True)) as conn:
        found = conn.execute("SELECT name, rootpage FROM sqlite_master ORDER BY 1").fetchall()
    ours = {kind.table for kind in KINDS.values()}
    assert [each for each in found if each[0] in ours] == [each for each in wanted if each[0] in ours]
