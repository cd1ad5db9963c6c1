"""What can be read of a damaged database is in the new one in the end, once, and nothing else suffers."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from collector.records.base import KINDS
from collector.store.database import transaction, wal_path
from collector.store.progress import move, position, rolled_up
from collector.store.recovery import aside, salvage
from collector.store.recovery.walks import walks
from collector.store.rollups.sources import sources
from tests.store.recovery.old import (
    FIRST_MS,
    NOT_CARRIED,
    NOW_MS,
    Record,
    begun,
    carried,
    contents,
    garbled,
    leaves,
    recording,
    zeroed,
)

COUNT = 200
# By table, the rows as texts: they are to be told apart, whatever is in them.
Held = dict[str, set[str]]


class Template(NamedTuple):
    """A full record and an empty one, made once, and what the first holds."""

    full: Path
    empty: Path
    held: Held


class Old:
    """A full record that is set aside, and an empty one that comes in its place."""

    def __init__(self, path: Path, template: Template) -> None:
        self.path, self._template = path, template
        shutil.copyfile(template.full, path)

    @property
    def held(self) -> Held:
        """What it held."""
        return self._template.held

    def change(self, *statements: tuple[Any, ...]) -> None:
        """Before it is damaged."""
        with recording(self.path) as record:
            for sql, *values in statements:
                record.conn.execute(sql, values)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """An answer of it."""
        with recording(self.path) as record:
            return record.rows(sql)

    def set_aside(self, damage: Callable[[Path], object] = lambda _: None) -> Path:
        """Damaged."""
        damage(self.path)
        lies = aside.set_aside(self.path, NOW_MS)
        shutil.copyfile(self._template.empty, self.path)
        return lies

    def lost(self, *tables: str) -> dict[str, int]:
        """How many rows of each table are not in the new one; others than ``tables`` hold no row besides."""
        now = held(self.path)
        for table in self.held.keys() - {*tables, "recoveries"}:
            assert now[table] - self.held[table] == set()
        gone = {table: len(rows - now[table]) for table, rows in self.held.items()}
        return {table: count for table, count in gone.items() if count}


def held(path: Path) -> Held:
    """All rows of all tables that are carried."""
    return {table: {*map(repr, rows)} for table, rows in contents(path).items()}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """Made once, since that takes its time."""
    full, empty = (tmp_path_factory.mktemp("template") / "c.db" for _ in range(2))
    Record(empty).close()
    with recording(full) as record:
        record.fill(COUNT)
        record.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Template(full, empty, held(full))


@pytest.fixture
def old(tmp_path: Path, template: Template) -> Old:
    """One with some rows in each table."""
    return Old(tmp_path / "c.db", template)


def rolled(kind: str, end: int) -> tuple[Any, ...]:
    """A statement that says how far a kind is rolled up."""
    return "INSERT INTO upkeep_positions VALUES (?, ?, ?)", rolled_up(kind), end, NOW_MS


def last(record: Record) -> tuple[Any, ...]:
    """Rows saved, whether it goes on, and what was lost, of the last recovery."""
    return record.rows(
        'SELECT rows_saved, finished_ms IS NULL, "left" FROM recoveries ORDER BY id DESC LIMIT 1'
    )[0]


def test_every_table_is_walked_through() -> None:
    """A new kind is salvaged without another line."""
    assert {kind.table for kind in KINDS.values()} == {walk.table for walk in walks()} | NOT_CARRIED


def test_all_rows_of_a_readable_file_are_carried_over(old: Old) -> None:
    """Of every table, and counted."""
    lies = old.set_aside()
    new = begun(old.path, lies)
    carried(new, lies)
    assert old.lost() == {}
    assert (sum(map(len, old.held.values())), 0, None) == last(new)
    assert salvage.unfinished(new.conn) == []
    new.close()


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
    return int.from_bytes(path.read_bytes()[(page - 1) * 4096 + 3 :][:2], "big") + 1


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


@pytest.mark.parametrize("steps", [9, 30])
def test_a_salvage_that_is_killed_goes_on_where_it_was(old: Old, steps: int) -> None:
    """No row is stored twice, and none left out."""
    lies = old.set_aside()
    new = begun(old.path, lies)
    rounds = 0
    while salvage.unfinished(new.conn) == [lies]:
        new.close()
        new = Record(old.path)
        carried(new, lies, steps)
        rounds += 1
    assert old.lost() == {}
    assert (sum(map(len, old.held.values())), 0, None) == last(new)
    assert rounds > 1
    new.close()


def test_new_rows_have_numbers_above_all_old_ones(old: Old) -> None:
    """Those that are stored before the rest of the old ones come."""
    lies = old.set_aside()
    new = begun(old.path, lies)
    new.conn.execute("INSERT INTO gaps (from_ms, to_ms, reason) VALUES (1, 2, 'new')")
    new.conn.execute(
        "INSERT INTO benchmark_runs (run_id, timestamp, project_name, benchmark_name, version, created_at)"
        " VALUES ('new', 1, 'p', 'b', '1', 1)"
    )
    carried(new, lies)
    assert old.lost("gaps", "benchmark_runs") == {}
    assert new.rows("SELECT id FROM gaps WHERE reason = 'new'") == [(COUNT + 1,)]
    assert new.rows("SELECT rowid FROM benchmark_runs WHERE run_id = 'new'") == [(COUNT + 1,)]
    new.close()


def test_a_record_that_was_sent_again_meanwhile_is_stored_once(old: Old) -> None:
    """By its sender's id."""
    ((sent,),) = old.rows("SELECT record_id FROM skill_metrics WHERE id = 17")
    lies = old.set_aside()
    new = begun(old.path, lies)
    new.conn.execute(
        "INSERT INTO skill_metrics (record_id, skill_id, execution_ms, tokens_in, tokens_out, success,"
        " timestamp) VALUES (?, 'again', 1, 1, 1, 1, 1)",
        (sent,),
    )
    carried(new, lies)
    assert new.rows("SELECT skill_id FROM skill_metrics WHERE record_id = ?", sent) == [("again",)]
    assert old.lost("skill_metrics") == {"skill_metrics": 1}
    new.close()


def test_rollups_of_new_rows_and_of_old_ones_are_counted_together(old: Old) -> None:
    """Of the same day: what the new file made meanwhile is of other rows."""
    what = "SELECT tier_s, timestamp, series_id, count, sum FROM rollups WHERE series_id = 9"
    (cell,) = old.rows(what)
    lies = old.set_aside()
    new = begun(old.path, lies)
    new.conn.execute(
        "INSERT INTO rollups (tier_s, timestamp, series_id, count, sum) VALUES (?, ?, ?, 4, 40)", cell[:3]
    )
    carried(new, lies)
    found = new.rows(what)
    assert [(*cell[:3], cell[3] + 4, cell[4] + 40)] == found
    new.close()


def test_rows_that_were_in_no_rollups_yet_are_rolled_up_in_the_end(old: Old) -> None:
    """New rows may have been rolled up before they came."""
    ends = {source.name: 1 << 50 for source in sources()} | {"skill": COUNT - 20}
    old.change(*(rolled(kind, end) for kind, end in ends.items()), ("DELETE FROM rollup_stale",))
    lies = old.set_aside()
    new = begun(old.path, lies)
    move(new.conn, rolled_up("skill"), COUNT, NOW_MS)
    carried(new, lies)
    moment = FIRST_MS + COUNT * 2_000
    assert [("skill", moment - moment % 3_600_000)] == new.rows("SELECT subject, timestamp FROM rollup_stale")
    new.close()


def test_lost_rollups_are_made_again_of_the_rows(old: Old) -> None:
    """The hours of lost ones are marked, of which there are rows."""
    old.change(rolled("skill", COUNT))
    pages = leaves(old.path, "rollups")
    lies = old.set_aside(zeroed(*pages))
    new = begun(old.path, lies)
    new.conn.execute("DELETE FROM rollup_stale")
    carried(new, lies)
    hour = FIRST_MS - FIRST_MS % 3_600_000
    assert [(hour,)] == new.rows("SELECT timestamp FROM rollup_stale WHERE subject = 'skill'")
    new.close()


def test_positions_above_the_last_row_there_is_go_back(old: Old) -> None:
    """The numbers of lost rows are given once more, and theirs are to be rolled up."""
    old.change(rolled("run", COUNT))
    lies = old.set_aside(zeroed(leaves(old.path, "workload_runs")[-1]))
    new = begun(old.path, lies)
    ((last_number,),) = new.rows("SELECT max(id) FROM workload_runs")
    assert last_number < COUNT
    assert last_number == position(new.conn, rolled_up("run"))
    new.close()


def test_no_row_is_counted_twice_where_positions_are_lost(old: Old) -> None:
    """All rows count as rolled up, until all hours are rolled up anew."""
    old.change(*(rolled(source.name, 1) for source in sources()))
    lies = old.set_aside(zeroed(*leaves(old.path, "upkeep_positions")))
    new = begun(old.path, lies)
    assert position(new.conn, rolled_up("run")) == COUNT
    carried(new, lies)
    assert {source.name for source in sources()} <= {
        subject for (subject,) in new.rows("SELECT subject FROM rollup_stale")
    }
    new.close()


@pytest.mark.parametrize("damage", [garbled(1), lambda path: path.write_bytes(b"")])
def test_a_file_of_which_nothing_can_be_read_is_done_with(old: Old, damage: Callable[[Path], object]) -> None:
    """It says so; recording goes on."""
    lies = old.set_aside(damage)
    new = begun(old.path, lies)
    assert carried(new, lies) == 0
    assert last(new)[1] == 0
    ((detail,),) = new.rows("SELECT detail FROM recoveries")
    assert "of its tables can be found" in detail or "no table of it can be read" in detail
    new.close()


def test_half_a_file_is_read_as_far_as_it_goes(old: Old) -> None:
    """The rest is lost."""
    lies = old.set_aside(lambda path: cut(path, 0.6))
    new = begun(old.path, lies)
    assert carried(new, lies) > 1_000
    assert salvage.unfinished(new.conn) == []
    new.close()


def cut(path: Path, share: float) -> None:
    """Leave the first part of a file."""
    with path.open("r+b") as file:
        file.truncate(int(path.stat().st_size * share) // 4096 * 4096)


def test_a_file_that_is_moved_away_ends_its_salvage(old: Old) -> None:
    """What was saved by then stays."""
    lies = old.set_aside()
    new = begun(old.path, lies)
    carried(new, lies, 3)
    lies.rename(lies.with_name("mine"))
    assert [lies] == salvage.unfinished(new.conn)
    assert carried(new, lies) == 0
    assert salvage.unfinished(new.conn) == []
    ((detail,),) = new.rows("SELECT detail FROM recoveries ORDER BY id DESC LIMIT 1")
    assert detail == "page 7 is zero; the file was moved away before all of it was taken over"
    new.close()


def test_what_somebody_has_replaced_is_noted_only(old: Old) -> None:
    """It is not brought back into the file in its place."""
    lies = old.set_aside()
    new = Record(old.path)
    with transaction(new.conn):
        salvage.begin(new.conn, lies, "replaced", "by another", NOW_MS)
        salvage.begin(new.conn, None, "deleted", "all here", NOW_MS)
    found = new.rows("SELECT reason, aside, rows_saved, finished_ms FROM recoveries ORDER BY id")
    assert [("replaced", lies.name, 0, NOW_MS), ("deleted", "", 0, NOW_MS)] == found
    assert salvage.unfinished(new.conn) == []
    new.close()


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
