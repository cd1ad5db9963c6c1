"""What is left to do for the file beside recording, with a real writer's thread on real files."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from collector.recovering import Recovering
from collector.store.buffer import Buffer
from collector.store.recovery.aside import lying
from collector.store.recovery.place import Place
from collector.store.room import Room, ballast_path
from collector.store.writer import Writer

Events = Callable[[], list[dict[str, Any]]]
BALLAST = 1 << 20
STALE = "INSERT INTO rollup_stale (subject, timestamp, changes) VALUES ('nothing', ?, 1)"
GAPS = "INSERT INTO gaps (from_ms, to_ms, reason) VALUES (?, ?, 'stall')"


class Running:
    """A place with its writer, and what looks after it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.place = Place(path, "normal", Room(path, 0, BALLAST), was_ours=path.exists())
        self.place.open()
        self.writer = Writer(self.place.conn, Buffer(), home=self.place)
        self.writer.start()
        self.recovering = Recovering(self.writer, self.place)

    def ask(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Have the writer do it."""
        found: list[tuple[Any, ...]] = self.writer.ask("t", lambda c: c.execute(sql, values).fetchall()).wait(
            10
        )
        return found

    def close(self) -> None:
        """Let go of the file."""
        self.writer.close(10)
        self.place.close()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """A record with a few hundred rows, and with others at its end."""
    found = Running(tmp_path / "c.db")
    for sql, rows in ((GAPS, [(n, n + 1) for n in range(300)]), (STALE, [(n,) for n in range(3000)])):
        found.writer.ask("rows", partial(_many, sql=sql, rows=rows)).wait(10)
    yield found
    found.close()


def _many(conn: Any, sql: str, rows: list[Any]) -> None:
    conn.executemany(sql, rows)


def spoil(path: Path) -> None:
    """Overwrite the last pages of a file that nobody has open."""
    content = bytearray(path.read_bytes())
    content[-3 * 4096 :] = b"\xa5" * (3 * 4096)
    path.write_bytes(content)


def test_the_ballast_is_taken_on_with_the_first_round(running: Running) -> None:
    """And again after it was thrown off."""
    running.recovering.step()
    assert ballast_path(running.path).stat().st_size == BALLAST
    running.place.room.throw_off()
    assert not ballast_path(running.path).exists()
    running.recovering.step()
    assert ballast_path(running.path).stat().st_size == BALLAST


def test_rows_of_a_file_that_was_set_aside_are_saved(running: Running) -> None:
    """Once; then it is known that nothing is left."""
    running.close()
    spoil(running.path)
    again = Running(running.path)
    assert again.place.is_saving is True
    again.recovering.step()
    assert again.place.is_saving is False
    ((saved, is_over),) = again.ask("SELECT rows_saved, finished_ms IS NOT NULL FROM recoveries")
    assert (saved >= 300, is_over) == (True, 1)
    assert again.ask("SELECT count(*) FROM gaps") == [(300,)]
    again.close()


def test_what_was_not_checked_before_the_start_is_checked_while_recording(running: Running) -> None:
    """A sound file has the writer do nothing."""
    running.place.is_checked = False
    running.recovering.step()
    assert (running.place.is_checked, lying(running.path)) == (True, [])


def test_damage_found_while_recording_sets_the_file_aside(running: Running, events: Events) -> None:
    """It is written into by another program, and found by the rest of the check; recording goes on."""
    running.ask("SELECT 1")
    running.writer.ask(
        "checkpoint",
        lambda conn: conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall(),
        transaction=False,
    ).wait(10)
    with running.path.open("r+b") as file:
        file.seek(-3 * 4096, 2)
        file.write(b"\xa5" * 3 * 4096)
    running.place.is_checked = False
    running.recovering.step()
    assert running.ask("SELECT reason FROM recoveries") == [("damaged",)]
    assert len(lying(running.path)) == 1
    assert "recovery.damaged" in {event["event"] for event in events()}


class Midway(threading.Event):
    """Set by nobody; has something happen when it is asked for the first time, in the middle of a check."""

    def __init__(self, happen: Callable[[], object]) -> None:
        super().__init__()
        self._happen: Callable[[], object] | None = happen

    def is_set(self) -> bool:
        """Whether the recorder stops: no."""
        happen, self._happen = self._happen, None
        if happen is not None:
            happen()
        return False


def test_a_check_of_a_file_that_was_replaced_meanwhile_says_nothing_of_the_new_one(
    running: Running, tmp_path: Path
) -> None:
    """A large one, of which the writer has looked at a part: the rest is still to be looked at."""
    other = Running(tmp_path / "other.db")
    other.close()

    def replace() -> None:
        other.path.replace(running.path)
        assert running.ask("SELECT count(*) FROM gaps") == [(0,)]
        running.place.is_checked = False  # as with a file that is too large to be looked at in 5 s

    running.place.is_checked = False
    running.recovering._stopping = Midway(replace)
    running.recovering.step()
    assert (running.place.is_checked, running.place.recoveries) == (False, 1)
    running.recovering.step()
    assert running.place.is_checked is True


def test_damage_of_a_file_that_was_replaced_meanwhile_is_not_held_against_the_new_one(
    running: Running, tmp_path: Path, events: Events
) -> None:
    """Nor before the writer has noticed that there is a new one."""
    running.close()
    spoil(running.path)
    other = Running(tmp_path / "other.db")
    other.close()
    running.place.is_checked = False
    running.recovering._stopping = Midway(lambda: other.path.replace(running.path))
    running.recovering._check()
    assert (running.place.suspicion, running.place.is_checked) == (None, False)
    assert [event for event in events() if event["event"] == "recovery.damaged"] == []


def test_a_round_that_fails_is_told_and_tried_again(running: Running, events: Events) -> None:
    """As while somebody holds the file."""
    hidden = running.path.with_name("hidden")
    running.path.rename(hidden)
    running.place.is_checked = False
    running.recovering.step()
    hidden.rename(running.path)
    running.recovering.step()
    told = [event["event"] for event in events() if event["event"].startswith("recovery.failed")]
    assert (told, running.place.is_checked) == (["recovery.failed", "recovery.failed.over"], True)
