"""Following a log: nothing twice and nothing lost, however it is rotated and wherever reading is ended."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from collector.intake.tails.logfile import LONGEST_LINE
from collector.intake.tails.rotation import is_older_part
from tests.intake.tails.rotated import Log, Reader


@pytest.fixture
def log(tmp_path: Path) -> Log:
    """A log with three lines."""
    made = Log(tmp_path)
    made.write(3)
    return made


def test_an_entry_is_told_when_the_next_begins_or_after_a_second_of_quiet(log: Log) -> None:
    """The last one may go on."""
    reader = Reader(log.path)
    assert reader.step() == [0, 1]
    assert reader.step(0.5) == []
    assert reader.step(0.6) == [2]


def test_a_line_without_its_end_waits(log: Log) -> None:
    """Its rest may come."""
    reader = Reader(log.path)
    reader.step()
    log.text("4")
    assert reader.step(2) == [2]
    log.text("2\n")
    assert reader.step(2) == []
    assert reader.step(2) == [42]


def test_at_its_very_first_start_it_may_begin_at_the_end(log: Log) -> None:
    """At the end of the last whole line."""
    log.text("9")
    reader = Reader(log.path, from_end=True)
    assert reader.step(2) == []
    log.text("9\n")
    reader.step()
    assert reader.step(2) == [99]


def test_a_file_that_appears_later_is_read_from_its_beginning(tmp_path: Path) -> None:
    """It is new, whatever the start says."""
    log = Log(tmp_path)
    reader = Reader(log.path, from_end=True)
    assert reader.step() == []
    log.write(2)
    reader.settle()
    assert reader.read == [0, 1]


def test_the_old_file_is_read_to_its_end_before_the_new_one(log: Log) -> None:
    """Its program writes on into it until it opens the new one."""
    reader = Reader(log.path)
    reader.step()
    log.rename()
    log.write(2, into=log.older(1))
    reader.step()
    log.write(2)
    reader.step(0.1)
    log.write(1, into=log.older(1))
    reader.settle()
    assert reader.read == [0, 1, 2, 3, 4, 7, 5, 6]


def test_what_was_written_between_the_last_look_and_the_cut_is_read_in_the_copy(log: Log) -> None:
    """And what the parser held back then is told once."""
    reader = Reader(log.path)
    reader.step()
    log.write(4)
    log.copy_and_cut()
    log.write(2)
    reader.settle()
    assert reader.read == log.written


def test_a_last_line_without_its_end_is_read_when_the_part_is_done(log: Log) -> None:
    """Nothing will be added to it."""
    reader = Reader(log.path)
    reader.step()
    log.text("7")
    log.rename()
    log.write(1)
    reader.settle()
    assert reader.read == [0, 1, 2, 7, 3]


def test_of_a_long_log_a_part_is_read_in_one_step(log: Log) -> None:
    """So that the other logs have their turn, and there is more at once."""
    reader = Reader(log.path)
    log.write(200_000, digits=80)
    first = reader.step()
    assert reader.follow.has_more
    assert 0 < len(first) < 150_000
    while reader.follow.has_more:
        reader.step()
    reader.settle()
    assert reader.read == log.written


def test_what_may_not_be_read_yet_is_read_from_where_it_was_left(log: Log) -> None:
    """A log may be made by root, and given to our group a moment later."""
    reader = Reader(log.path)
    reader.settle()
    reader.may_fail = True
    log.write(2)
    aside = log.path.with_name("aside")
    log.path.rename(aside)
    log.path.mkdir()
    reader.restart()
    assert reader.step() == []
    assert reader.errors
    log.path.rmdir()
    aside.rename(log.path)
    reader.settle()
    assert reader.read == log.written


def test_a_file_written_anew_is_read_from_its_beginning_though_it_is_longer_by_now(log: Log) -> None:
    """Its first bytes are not what they were."""
    reader = Reader(log.path)
    reader.settle()
    log.path.write_text("7\n8\n9\n10\n11\n12\n", encoding="utf-8")
    reader.settle()
    assert reader.read == [0, 1, 2, 7, 8, 9, 10, 11, 12]


@pytest.mark.parametrize("rotate", [Log.rename, Log.copy_and_cut])
@pytest.mark.parametrize("times", [1, 2, 3])
def test_what_was_rotated_while_nobody_read_is_found(log: Log, rotate, times: int) -> None:  # type: ignore[no-untyped-def]
    """All parts, oldest first."""
    reader = Reader(log.path)
    reader.step()
    reader.follow.close()
    for _ in range(times):
        log.write(2)
        rotate(log)
    log.write(1)
    reader.restart()
    reader.settle()
    assert reader.read == log.written
    assert reader.lost_parts == []


def test_a_part_that_was_packed_meanwhile_is_told_as_lost(log: Log) -> None:
    """And the new file is read from its beginning."""
    reader = Reader(log.path)
    reader.step()
    log.rename()
    log.older(1).rename(log.path.with_name("app.log.1.gz"))
    log.write(2)
    reader.restart()
    reader.settle()
    assert reader.read == [0, 1, 3, 4]
    assert len(reader.lost_parts) == 1


def test_a_line_of_many_megabytes_is_counted_and_left_out(log: Log) -> None:
    """What follows it is read."""
    reader = Reader(log.path)
    reader.step()
    log.text("x" * (LONGEST_LINE + 1_000_000))
    reader.step()
    log.text("\n5\n6\n")
    reader.settle()
    assert reader.read == [0, 1, 2, 5, 6]
    assert reader.follow.unread[0] >= 1


@pytest.mark.parametrize(
    ("name", "is_part"),
    [
        ("app.log.1", True), ("app.log-20261122", True), ("app-20261122.log", True),
        ("app.log.2026-11-22_13", True), ("app.log.1.gz", False), ("app.conf", False), ("apple.log", False),
        ("app.log", False), ("other.log.1", False), ("app-debug.log", False),
    ],
)  # fmt: skip
def test_older_parts_are_known_by_their_names(name: str, is_part: bool) -> None:
    """As logrotate gives them."""
    assert is_older_part(name, Path("/var/log/app.log")) is is_part


class AnyLife(RuleBasedStateMachine):
    """Writes, rotations, restarts and looks in any order."""

    @initialize()
    def begin(self) -> None:
        """An empty folder."""
        self.folder = tempfile.TemporaryDirectory()
        self.log = Log(Path(self.folder.name))
        self.reader = Reader(self.log.path)

    @rule(count=st.integers(1, 5))
    def write(self, count: int) -> None:
        """Some lines."""
        self.log.write(count)

    @rule(seconds=st.sampled_from((0.1, 1.2, 2.5)))
    def look(self, seconds: float) -> None:
        """Read what there is."""
        self.reader.step(seconds)

    @rule()
    def restart(self) -> None:
        """End the reader, and begin another from what was stored."""
        self.reader.restart()

    @precondition(lambda self: self.log.path.exists() and self.log.path.stat().st_size)
    @rule()
    def rename(self) -> None:
        """Rotate by rename."""
        self.reader.step(0.1)
        self.log.rename()

    @precondition(lambda self: self.log.path.exists() and self.log.path.stat().st_size)
    @rule()
    def copy_and_cut(self) -> None:
        """Rotate by copytruncate."""
        self.reader.step(0.1)
        self.log.copy_and_cut()

    def teardown(self) -> None:
        """Whatever happened: all was read, once, in order."""
        try:
            self.log.write(1)
            self.reader.settle()
            assert self.reader.read == self.log.written
        finally:
            self.reader.follow.close()
            self.folder.cleanup()


TestAnyLife = AnyLife.TestCase
TestAnyLife.settings = settings(
    max_examples=100, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
