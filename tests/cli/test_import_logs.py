"""Logs that are imported: the same executions, with the same ids, as following them would give."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest

from collector.orm import select
from collector.store.database import open_reader
from tests.cli.conftest import Call
from tests.test_submit import Running

pytestmark = pytest.mark.long

PATTERN = r"(?P<timestamp>\S+) (?P<duration_ms>[\d.]+) ms (?P<query>.*)"
COUNT = 12_000
AS_PATTERN = ("--pattern", PATTERN)


def lines(count: int) -> bytes:
    """A log of so many queries; some lines are the same byte for byte."""
    made = (
        f"2026-11-22T13:{n // 6000:02}:{n // 100 % 60:02}Z 2.5 ms"
        f" SELECT * FROM t{n % 3} WHERE id = 'secret-{n // 2}'\n"
        for n in range(count)
    )
    return "".join(made).encode()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log whose last line has no end."""
    path = tmp_path / "app.log"
    path.write_bytes(lines(COUNT).rstrip(b"\n"))
    return path


def asked(database: Path, sql: str) -> list[tuple[object, ...]]:
    """What the record has."""
    return [tuple(row) for row in select(open_reader(database), sql)]


def test_every_execution_is_imported_once(call: Call, database: Path, log: Path) -> None:
    """Equal lines too; a second time adds nothing, and a log that has grown its new lines."""
    assert call("import", "pattern", str(log), *AS_PATTERN).out == f"{COUNT:,} imported\n"
    assert call("import", "pattern", str(log), *AS_PATTERN).out == f"0 imported, {COUNT:,} already there\n"
    log.write_bytes(lines(COUNT + 5))
    said = call("import", "pattern", str(log), *AS_PATTERN)
    assert said.out == f"5 imported, {COUNT:,} already there\n"
    assert asked(database, "SELECT count(*), sum(duration_ms), min(metric_name) FROM operation_metrics") == [
        (COUNT + 5, 2.5 * (COUNT + 5), "app.log")
    ]


def test_statements_are_kept_without_their_literals(call: Call, database: Path, log: Path) -> None:
    """Three shapes, and the marker nowhere in the file."""
    call("import", "pattern", str(log), *AS_PATTERN, "--name", "shop")
    assert sorted(asked(database, "SELECT text FROM queries")) == [
        (f"SELECT * FROM t{n} WHERE id = ?",) for n in range(3)
    ]
    assert asked(database, "SELECT DISTINCT metric_name FROM operation_metrics") == [("shop",)]
    files = [path for path in database.parent.iterdir() if path.name.startswith("c.db")]
    assert not any(b"secret" in path.read_bytes() for path in files)


@pytest.mark.parametrize("opens", [gzip.open, bz2.open, lzma.open])
def test_a_packed_log_is_read_too(
    call: Call,
    log: Path,
    tmp_path: Path,
    opens: Callable[[Path, str], gzip.GzipFile],
) -> None:
    """As logrotate leaves it behind; what was read unpacked is there already."""
    packed = tmp_path / "app.log.1.packed"
    with opens(packed, "wb") as file:
        file.write(log.read_bytes())
    assert call("import", "pattern", str(packed), *AS_PATTERN).out == f"{COUNT:,} imported\n"
    assert call("import", "pattern", str(log), *AS_PATTERN).out == f"0 imported, {COUNT:,} already there\n"


def test_through_a_daemon_it_is_the_same(
    call: Call,
    database: Path,
    log: Path,
    tmp_path: Path,
) -> None:
    """With the texts of all statements, and the same ids."""
    daemon = Running(tmp_path)
    assert call("import", "pattern", str(log), *AS_PATTERN).out == f"{COUNT:,} imported\n"
    daemon.stop()
    assert len(asked(database, "SELECT DISTINCT text FROM queries")) == 3
    assert call("import", "pattern", str(log), *AS_PATTERN).out == f"0 imported, {COUNT:,} already there\n"


def test_lines_that_fit_nothing_are_told_with_one_of_them(call: Call, log: Path) -> None:
    """Without its literals; the others are imported."""
    log.write_bytes(b"what is 'this'?\n" + lines(2) + b"and = 5?\n")
    said = call("import", "pattern", str(log), *AS_PATTERN)
    assert (said.code, said.out) == (0, "2 imported\n")
    assert said.err == f"{log}: 2 lines were not understood, such as 'xxx = 0?'\n"


def test_a_file_of_another_kind_is_refused(call: Call, log: Path) -> None:
    """With a line of it."""
    said = call("import", "mysql-slow", str(log))
    assert said.code == 1
    assert said.err.startswith(
        f"error: {log}: this is no log of the format mysql-slow: such lines stand in it:"
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("pattern",), "--pattern is needed"),
        (("pattern", "--pattern", "("), "--pattern: "),
        (("pattern", *AS_PATTERN, "--timezone", "Mars"), "--timezone 'Mars' is no name of a time zone"),
        (("postgresql", "--prefix", "%k"), "--prefix: "),
        (("mysql-slow", "--prefix", "%m"), "--prefix means nothing for mysql-slow"),
        (("jsonl", "--timezone", "UTC"), "--timezone means nothing for jsonl"),
        (("postgresq",), "unknown format 'postgresq' (did you mean 'postgresql'?)"),
    ],
)
def test_options_that_cannot_be_used_are_told(
    call: Call, log: Path, words: tuple[str, ...], told: str
) -> None:
    """Exit status 2, before anything is read."""
    said = call("import", words[0], str(log), *words[1:])
    assert (said.code, said.out) == (2, "")
    assert told in said.err
