"""Rolling up and deleting as the recorder does it: a round after the other, beside a real writer's thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from collector import clock
from collector.settings import Recorder, Settings
from collector.store.buffer import Buffer
from collector.store.database import open_reader, open_writer, raw
from collector.store.retention import names
from collector.store.writer import Writer
from collector.tidying import Tidying
from collector.units import Size
from tests.answers.made import DAY, HOUR, Made

# Moves on with each round.
CLOCK = f"SELECT position FROM upkeep_positions WHERE name = '{names.CLOCK}'"
Events = Callable[[], list[dict[str, Any]]]


class Running:
    """One that tidies a record, beside the writer that it asks."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.database = open_writer(path, "normal")
        self.writer = Writer(raw(self.database), Buffer())
        self.writer.start()
        self.settings = Settings(path=None, collector=Recorder(database=path))
        self.tidying = Tidying(self.writer, self.settings, lambda: self.is_saving)

        self.is_saving = False

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What the file holds."""
        reader = open_reader(self.path)
        try:
            return list(reader.execute_sql(sql).fetchall())
        finally:
            reader.close()

    def close(self) -> None:
        """Let go of the file."""
        self.writer.close(10)
        self.database.close()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """A record with samples of an hour, of two days and of 20 days ago; it runs since then."""
    made = Made(tmp_path / "c.db", clock.now().wall_ms)
    made.session(20 * DAY, 0)
    for ago in (20 * DAY, 2 * DAY, HOUR):  # of three days of UTC at any hour
        made.cpu(ago, 50.0)
    made.close()
    found = Running(tmp_path / "c.db")
    yield found
    found.close()


def test_only_what_is_rolled_up_and_too_old_goes(running: Running) -> None:
    """A round does both, in that order; what was summed up stays."""
    running.tidying.step()
    assert running.rows("SELECT count(*) FROM cpu_samples") == [(2,)]
    assert running.rows(
        "SELECT tier_s, count(*), sum(count) FROM rollups JOIN series ON series.id = series_id"
        " WHERE \"column\" = 'busy_percent' GROUP BY tier_s ORDER BY tier_s"
    ) == [(300, 3, 3), (3600, 3, 3), (86400, 3, 3)]


def test_another_age_counts_from_the_next_round_on(running: Running) -> None:
    """A new config needs no restart."""
    running.tidying.step()
    retention = msgspec.structs.replace(running.settings.retention, kinds={"cpu": 3600 * 12})
    running.tidying.apply(msgspec.structs.replace(running.settings, retention=retention))
    running.tidying.step()
    assert running.rows("SELECT count(*) FROM cpu_samples") == [(1,)]


def test_a_round_that_fails_is_told_and_tried_again(running: Running, events: Events) -> None:
    """Recording goes on meanwhile."""
    running.writer.ask("spoil", lambda conn: conn.execute("ALTER TABLE rollups RENAME TO hidden")).wait(10)
    running.tidying.step()
    running.writer.ask("mend", lambda conn: conn.execute("ALTER TABLE hidden RENAME TO rollups")).wait(10)
    running.tidying.step()
    told = [event for event in events() if event["event"].startswith("upkeep.failed")]
    assert [event["event"] for event in told] == ["upkeep.failed", "upkeep.failed.over"]
    assert told[0]["part"] == "roll_up"
    assert running.rows("SELECT count(*) FROM cpu_samples") == [(2,)]


def test_while_rows_of_a_damaged_file_are_saved_no_hour_is_summed_up_again(running: Running) -> None:
    """Not all of its rows are there yet; what is noted waits for the round after that."""
    running.tidying.step()
    mark = (
        "INSERT INTO rollup_stale (subject, timestamp, changes)"
        " SELECT 'cpu', timestamp, 1 FROM rollups WHERE tier_s = 3600 LIMIT 1"
    )
    running.writer.ask("mark", lambda conn: conn.execute(mark)).wait(10)
    left = []
    for running.is_saving in (True, False):
        running.tidying.step()
        left += running.rows("SELECT count(*) FROM rollup_stale")
    assert left == [(1,), (0,)]


def test_a_round_begins_sooner_where_the_files_outgrew_the_cap(running: Running) -> None:
    """But not at once again where one has freed next to nothing: the rest has to stay."""
    clocks = [running.rows(CLOCK)]
    for cap_bytes in (1_000_000, 300_000, 300_000, 300_000, 300_000):
        retention = msgspec.structs.replace(running.settings.retention, cap=Size(cap_bytes))
        running.tidying.apply(msgspec.structs.replace(running.settings, retention=retention))
        running.tidying.look()
        clocks.append(running.rows(CLOCK))
    under, first, _, before, last = clocks[1:]
    assert (clocks[0], before) == (under, last)
    assert first != under
    assert running.rows("SELECT count(*) FROM cpu_samples") == [(0,)]


def test_one_that_was_stopped_does_nothing_more(running: Running, events: Events) -> None:
    """Nor does it complain of a writer that has ended."""
    running.tidying.stop()
    running.writer.close(10)
    running.tidying.step()
    assert [event for event in events() if event["event"].startswith("upkeep")] == []
