"""Files that are no logs, too many, alike or in a strange order: nothing leaks, nothing is lost unsaid."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from collector.intake.statements import Statements
from collector.intake.tails import formats  # noqa: F401  # announces them
from collector.intake.tails.examples import shown
from collector.intake.tails.paths import MOST_FILES
from collector.intake.tails.tail import Tail
from collector.sections import TailSettings
from tests.intake.tails.rotated import Log, Reader

PATTERN = r"^(?P<timestamp>\d+) (?P<duration_ms>[0-9.]+) (?P<query>.*)"
BANNER = "/usr/sbin/mariadbd, Version: 10.11. started with:\n" + "Tcp port: 0\n" * 10


def tail(path: Path, **given: Any) -> Tail:
    """A tail of a simple format."""
    return Tail(TailSettings(path=path, format="pattern", pattern=PATTERN, **given), Statements(), {})


def told(it: Tail, monotonic: float) -> int:
    """How many executions a step tells."""
    return sum(len(portion.executions) for _, portion in it.step(monotonic))


def lines(count: int, at: int = 1_700_000_000) -> str:
    """So many of its lines."""
    return "".join(f"{at + n} 5 select {n}\n" for n in range(count))


def open_files() -> int:
    """How many descriptors this process has."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_no_file_is_told_and_leaks_nothing(tmp_path: Path, make: Any) -> None:
    """A folder, a pipe, a device without end."""
    path = tmp_path / "it"
    make(path)
    it, before = tail(path), open_files()
    for n in range(20):
        assert told(it, n) == 0
    assert open_files() == before
    assert it.health()["error"] == f"{path}: is no regular file"
    assert not it.has_more


def test_files_of_a_pattern_are_let_go_of_when_newer_ones_come_or_they_are_deleted(tmp_path: Path) -> None:
    """Deleted logs do not keep their disk space."""
    it, before = tail(tmp_path / "*.log", start="beginning"), open_files()
    count = 0
    for n in range(2 * MOST_FILES):
        path = tmp_path / f"{n:03}.log"
        path.write_text(lines(3), encoding="utf-8")
        count += told(it, 100.0 * n) + told(it, 100.0 * n + 2)
        if n % 2:
            path.unlink()
    assert count == 6 * MOST_FILES
    assert open_files() - before <= MOST_FILES
    assert it.health()["executions"] == count
    it.close()
    assert open_files() == before


def test_history_in_files_beyond_the_newest_is_not_asked_for(tmp_path: Path) -> None:
    """Though one of them is written to again."""
    for n in range(MOST_FILES + 1):
        path = tmp_path / f"{n:03}.log"
        path.write_text(lines(100), encoding="utf-8")
        os.utime(path, (n, n))
    it = tail(tmp_path / "*.log")
    assert told(it, 0) == 0
    with (tmp_path / "000.log").open("a", encoding="utf-8") as file:
        file.write(lines(1))
    assert told(it, 100) == 1
    it.close()


def test_logs_that_begin_alike_are_told_apart(tmp_path: Path) -> None:
    """The one that was left is found under its new name, by the file itself."""
    log = Log(tmp_path)
    log.text(BANNER)
    reader = Reader(log.path)
    reader.settle()
    reader.follow.close()
    log.write(5)
    log.rename()
    log.text(BANNER)
    log.write(1)
    reader.restart()
    reader.settle()
    assert reader.read == log.written


@pytest.mark.parametrize("stamps", [(1, 1, 1), (3, 2, 1), (2, 3, 1)])
def test_parts_are_read_in_the_order_of_their_names(tmp_path: Path, stamps: tuple[int, ...]) -> None:
    """Whenever they were written, as their files have it: a copy or a clock may say otherwise."""
    log = Log(tmp_path)
    log.write(2)
    reader = Reader(log.path)
    reader.step()
    reader.follow.close()
    for _ in stamps:
        log.write(2)
        log.rename()
    log.write(1)
    for number, stamp in enumerate(stamps, 1):
        os.utime(log.older(number), (stamp, stamp))
    reader.restart()
    reader.settle()
    assert reader.read == log.written
    assert reader.lost_parts == []


@pytest.mark.parametrize(
    "name", ["app.log.lock", "app.log-web1", "app.log.offset", "app.log.zip", "app.log~"]
)
def test_what_only_looks_like_a_part_is_not_read(tmp_path: Path, name: str) -> None:
    """It is somebody else's."""
    log = Log(tmp_path)
    log.write(2)
    reader = Reader(log.path)
    reader.step()
    log.rename()
    (tmp_path / name).write_text("77\n78\n", encoding="utf-8")
    log.write(1)
    reader.settle()
    assert reader.read == [0, 1, 2]


def test_a_part_that_grows_is_not_left_while_there_is_nothing_new(tmp_path: Path) -> None:
    """Its program has not heard of the rotation yet."""
    log = Log(tmp_path)
    log.write(1)
    reader = Reader(log.path)
    reader.step()
    log.rename()
    log.path.touch()
    for _ in range(45):
        log.write(1, into=log.older(1))
        reader.step(1.0)
    log.write(1)
    reader.settle()
    assert reader.read == log.written


def test_a_program_that_never_lets_go_of_the_old_part_is_told(tmp_path: Path) -> None:
    """While another one writes into the new."""
    log = Log(tmp_path)
    log.write(1)
    reader = Reader(log.path)
    reader.step()
    log.rename()
    log.write(1)
    for _ in range(40):
        log.write(1, into=log.older(1))
        reader.step(1.0)
    assert len(reader.lost_parts) == 1


def test_a_part_in_between_that_is_packed_is_told_as_lost(tmp_path: Path) -> None:
    """And the others are read."""
    log = Log(tmp_path)
    log.write(2)
    reader = Reader(log.path)
    reader.step()
    reader.follow.close()
    log.rename()
    log.write(2)
    log.rename()
    log.older(1).rename(tmp_path / "app.log.1.gz")
    log.write(1)
    reader.restart()
    reader.settle()
    assert reader.read == [0, 1, 4]
    assert len(reader.lost_parts) == 1


def test_a_log_that_was_cut_without_a_copy_is_told(tmp_path: Path) -> None:
    """What was written since the last look may be gone."""
    log = Log(tmp_path)
    log.write(2)
    reader = Reader(log.path)
    reader.settle()
    log.path.write_text("9\n", encoding="utf-8")
    reader.settle()
    assert (reader.read, reader.cuts) == ([0, 1, 9], 1)


def test_a_line_too_long_counts_once(tmp_path: Path) -> None:
    """However many bytes it has."""
    log = Log(tmp_path)
    reader = Reader(log.path)
    log.text("x" * 30_000_000 + "\n7\n")
    while not reader.read:
        reader.step(1.1)
    assert reader.read == [7]
    assert reader.follow.unread[0] == 1


@pytest.mark.parametrize(
    ("line", "example"),
    [
        ("my secret word Hunter-Two xyzzy", "xx xxxxxx xxxx xxxxxxxx xxxxx"),
        ("2026-11-22 13:01:02.123 UTC [77] me@shop LOG:  duration: 5.1 ms  statement: SELECT 'x7'",
         "0000-00-00 00:00:00.000 UTC [00] xx@xxxx LOG:  duration: 0.0 ms  statement: SELECT 'xx'"),
    ],
)  # fmt: skip
def test_an_example_shows_the_shape_of_a_line(line: str, example: str) -> None:
    """It may be the inside of a literal; a wrong prefix is seen all the same."""
    assert shown(line) == example
