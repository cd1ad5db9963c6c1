"""Logs that are broken, hostile or endless: what can be read is read, and nothing grows."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable

import pytest

from collector.intake.tails.base import Execution
from collector.intake.tails.postgresql.messages import LONGEST_BYTES
from collector.intake.tails.postgresql.pairing import MOST_SESSIONS, RUNS_BYTES, WAITS_BYTES
from tests.intake.tails.postgresql.reading import DESTINATIONS, in_chunks, parser, statements

pytestmark = pytest.mark.long


def stderr(message: str, pid: int = 7) -> bytes:
    """As the server writes it."""
    text = message.replace("\n", "\n\t")
    return f"2026-11-22 12:56:44.817 UTC [{pid}] LOG:  {text}\n".encode()


def csvlog(message: str, pid: int = 7) -> bytes:
    """As the server writes it."""
    text = message.replace('"', '""')
    before = f'2026-11-22 12:56:44.817 UTC,"me","shop",{pid},"[local]",6b02e68c.5604,1,"SELECT"'
    after = ',,,,,,,,,"psql","client backend",,0'
    return f'{before},2026-11-22 12:56:44 UTC,3/0,0,LOG,00000,"{text}"{after}\n'.encode()


def jsonlog(message: str, pid: int = 7) -> bytes:
    """As the server writes it."""
    line = {
        "timestamp": "2026-11-22 12:56:44.817 UTC",
        "pid": pid,
        "error_severity": "LOG",
        "message": message,
    }
    return json.dumps(line).encode() + b"\n"


Writes = Callable[..., bytes]
WRITERS: list[Writes] = [stderr, csvlog, jsonlog]
every = pytest.mark.parametrize("write", WRITERS, ids=DESTINATIONS)


def statement(text: str) -> str:
    """A message with a duration."""
    return f"duration: 0.400 ms  statement: {text}"


@every
def test_nul_bytes_are_dropped(write: Writes) -> None:
    """Before an entry, where a file was cut under its writer, and inside."""
    log = (
        bytes(100)
        + write(statement("SELECT '@'")).replace(b"@", b"\0")
        + bytes(7)
        + write(statement("SELECT 2"))
    )
    assert statements(in_chunks(parser(), [log])) == ["SELECT ''", "SELECT 2"]


@every
def test_broken_utf_8_is_replaced(write: Writes) -> None:
    """A database in another encoding writes its own bytes."""
    (one,) = in_chunks(parser(), [write(statement("SELECT '@'")).replace(b"@", b"\xe4")])
    assert one.sql == "SELECT '\N{REPLACEMENT CHARACTER}'"


@every
def test_what_is_no_entry_counts_and_is_shown(write: Writes) -> None:
    """What stands around it is read all the same; empty lines are nothing."""
    reading = parser()
    log = [write(statement("SELECT 1")), b"sh: 1: archive: not found\n\n", write(statement("SELECT 2"))]
    assert statements(in_chunks(reading, log)) == ["SELECT 1", "SELECT 2"]
    assert (reading.unread.lines, reading.unread.example.strip()) == (1, "sh: 1: archive: not found")


@every
def test_what_is_no_log_at_all_is_unread(write: Writes) -> None:
    """The format is known by the first entry, however late it comes."""
    reading = parser()
    assert in_chunks(reading, [b"hello\n", b"\tyou\n"]) == []
    assert reading.unread.lines == 2
    assert len(in_chunks(reading, [write(statement("SELECT 1"))], 11)) == 1


@every
def test_a_day_that_there_is_not_is_no_execution(write: Writes) -> None:
    """And does no harm."""
    log = write(statement("SELECT 1")).replace(b"2026-11-22 12:56:44.", b"2026-13-42 77:56:44.")
    assert statements(in_chunks(parser(), [log, write(statement("SELECT 2"))])) == ["SELECT 2"]


@every
def test_a_very_long_statement_is_cut(write: Writes) -> None:
    """In chunks or at once; the entry behind it is where it is."""
    rows = "SELECT 1,\n" + '  "some ""more",\n' * 150_000
    log, behind = write(statement(rows)), write(statement("SELECT 2"))
    lines = log.splitlines(keepends=True)
    pieces = [b"".join(lines[start : start + 3_000]) for start in range(0, len(lines), 3_000)]
    found = in_chunks(parser(), [*pieces, behind])
    assert found[1] == in_chunks(parser(), [log + behind])[1]
    assert [one.offset for one in found] == [0, len(log)]
    assert found[1].sql == "SELECT 2"
    assert LONGEST_BYTES * 0.8 < len(str(found[0].sql)) <= LONGEST_BYTES
    assert rows.startswith(str(found[0].sql)[: LONGEST_BYTES // 2])


def test_a_quote_that_is_not_closed_ends_at_the_next_one() -> None:
    """The server died in the middle of a line; no more than that entry is lost."""
    reading = parser()
    half = csvlog(statement("SELECT 'x\ny'"))
    log = [csvlog(statement("SELECT 1")), half[: half.index(b"y'")] + b"\n"]
    log += [csvlog(statement(f"SELECT {number}")) for number in (2, 3)]
    assert statements(in_chunks(reading, log)) == ["SELECT 1", "SELECT 2", "SELECT 3"]
    assert reading.unread.lines >= 1


@every
def test_memory_is_bounded(write: Writes) -> None:
    """By lines that wait for others that never come, from sessions without an end."""
    reading = parser()
    offset = most = 0
    tracemalloc.start()
    for begin in range(0, 6_000, 500):
        waiting = (
            "duration: 0.400 ms  parse a: SELECT 1",
            "execute a: SELECT 1",
            "duration: 1.000 ms  plan:\nx",
        )
        chunk = b"".join(write(waiting[pid % 3], pid) for pid in range(begin, begin + 500))
        reading.feed(chunk, offset)
        offset += len(chunk)
        most = max(most, tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert most < 8 << 20
    assert reading.held_from is not None
    assert reading.held_from >= offset - (MOST_SESSIONS + 2) * 400


def test_what_waits_is_given_up_when_the_log_has_grown() -> None:
    """An execute is given away without its plan, a parse is forgotten, and at last a statement that runs."""
    reading = parser()
    done, runs = stderr("duration: 0.400 ms  execute a: SELECT 1", 1), stderr("statement: SELECT 2", 2)
    reading.feed(done + runs, 0)
    assert reading.held_from == 0
    filler = stderr("checkpoint starting: time") * 3
    assert statements(reading.feed(filler, WAITS_BYTES * 2)) == ["SELECT 1"]
    assert reading.held_from == len(done)
    reading.feed(filler, RUNS_BYTES * 2)
    assert reading.held_from == RUNS_BYTES * 2 + len(filler) // 3 * 2


def test_a_late_plan_is_dropped_when_its_execution_was_given_away() -> None:
    """It counts once all the same."""
    reading = parser()
    found: list[Execution] = reading.feed(stderr("duration: 0.400 ms  execute a: SELECT 1"), 0)
    found += reading.quiet()
    plan = stderr("duration: 0.300 ms  plan:\nQuery Text: SELECT 1\nResult  (cost=0.00..0.01 rows=1 width=4)")
    found += reading.feed(plan, 1000) + reading.quiet()
    assert statements(found) == ["SELECT 1"]


def test_a_late_plan_at_the_top_of_a_file_is_no_execution() -> None:
    """Its execute is in the file before; the bind that follows tells so."""
    plan = stderr("duration: 0.300 ms  plan:\nQuery Text: SELECT 1\nResult  (cost=0.00..0.01 rows=1 width=4)")
    log = [
        plan,
        stderr("duration: 0.100 ms  bind a: SELECT 2"),
        stderr("duration: 0.400 ms  execute a: SELECT 2"),
    ]
    (one,) = in_chunks(parser(), log)
    assert (one.sql, one.metadata) == ("SELECT 2", {"bind_ms": 0.1})
