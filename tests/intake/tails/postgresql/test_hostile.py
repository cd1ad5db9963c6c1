"""What statements and other programs can make a log hold: nothing is forged, told or raised by it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.intake.tails.base import Execution
from collector.plans import redacted_plan
from tests.intake.tails.mutated import mutated
from tests.intake.tails.pieces import read as read_pieces
from tests.intake.tails.postgresql.reading import DESTINATIONS, in_chunks, parser, statements
from tests.intake.tails.postgresql.test_broken import (
    WRITERS,
    Writes,
    csvlog,
    every,
    jsonlog,
    statement,
    stderr,
)

ROOT = "Insert on t  (cost=0.00..1.00 rows=1 width=4)"
FORGED_ROOT = "Seq Scan on t  (cost=0.00..1.00 rows=1 width=4)"
SECRET = "HUNTER2 password is swordfish"
SQL = f"insert into plans values ('x\n{FORGED_ROOT}\n{SECRET}')"


def plan(sql: str, duration_ms: float = 5.0) -> str:
    """A message of auto_explain."""
    return f"duration: {duration_ms:.3f} ms  plan:\nQuery Text: {sql}\n{ROOT}\n  ->  Result"


@pytest.mark.parametrize(
    "stamp", ["now", "", "2026-11-22 12:56:44", "2026-13-42 77:56:44.817 UTC", "9" * 5_000]
)
def test_a_json_line_without_a_moment_is_unread(stamp: str) -> None:
    """And the next one has its own moment all the same."""
    sound = jsonlog(statement("select 2"))
    line = json.dumps({**json.loads(sound), "message": statement("select 1"), "timestamp": stamp}) + "\n"
    reading = parser()
    (one,) = in_chunks(reading, [sound, line.encode() * 2])
    assert (one.sql, reading.unread.lines) == ("select 2", 2)
    assert in_chunks(reading, [sound])[0].timestamp == one.timestamp


@pytest.mark.parametrize("field", ['"x":' + "[" * 100_000, '"pid":' + "9" * 5_000 + "}"])
def test_json_that_no_decoder_takes_is_unread(field: str) -> None:
    """It nests without an end, or has a number of thousands of digits."""
    reading = parser()
    assert in_chunks(reading, [jsonlog(statement("select 1")), b'{"timestamp":"x",' + field.encode() + b"\n"])
    assert reading.unread.lines == 1


@every
def test_a_duration_is_a_number_that_there_is(write: Writes) -> None:
    """One of hundreds of digits is infinite, and from no server."""
    message = f"duration: {'9' * 400}.000 ms  statement: select 1"
    assert statements(in_chunks(parser(), [write(message), write(statement("select 2"))])) == ["select 2"]


@every
def test_line_ends_of_windows_are_line_ends(write: Writes) -> None:
    """The same is read, where it stands in the file: a plan and its duration are one execution."""
    sql = "select *\nfrom t"
    entries = [write(plan(sql, 4.0)), write(f"duration: 5.000 ms  statement: {sql}")]
    entries += [write("statement: select 1"), write("duration: 2.000 ms"), write(statement("select 2"))]
    log = b"".join(entries)
    windows = log.replace(b"\n", b"\r\n")
    plain, found = in_chunks(parser(), [log]), in_chunks(parser(), [windows])
    assert statements(found) == [sql, "select 1", "select 2"]
    assert [one._replace(offset=0) for one in found] == [one._replace(offset=0) for one in plain]
    places = [log[: one.offset].count(b"\n") for one in plain]
    assert [windows[: one.offset].count(b"\n") for one in found] == places
    assert all(windows[one.offset - 2 : one.offset] in {b"", b"\r\n"} for one in found)


@every
def test_a_line_of_a_literal_is_no_plan(write: Writes) -> None:
    """The plan begins behind the statement, whatever lines that holds."""
    (one,) = in_chunks(parser(), [write(plan(SQL))])
    assert (one.sql, one.plan) == (SQL, f"{ROOT}\n  ->  Result")
    assert SECRET not in redacted_plan(one.plan or "", "postgresql")


@pytest.mark.parametrize(
    "sql",
    [
        f"select E'\\'\n{FORGED_ROOT}\n{SECRET}'",
        f"select $a$\n{FORGED_ROOT}\n{SECRET}$a$",
        f"select /* /* */\n{FORGED_ROOT}\n{SECRET} */ 1",
        f'select 1 as "\n{FORGED_ROOT}\n{SECRET}"',
        f"select 'it''s\nQuery Parameters: \n{FORGED_ROOT}\n{SECRET}' -- it's",
    ],
)
def test_whatever_quotes_it(sql: str) -> None:
    """Literals of each form, nested comments, names."""
    (one,) = in_chunks(parser(), [stderr(plan(sql))])
    assert (one.sql, one.plan) == (sql, f"{ROOT}\n  ->  Result")


@pytest.mark.parametrize("prefix", ["", "N"])
def test_where_nobody_can_tell_what_is_quoted_there_is_no_plan(prefix: str) -> None:
    """A server may be set to read a backslash in either way; the line of the duration may tell the text."""
    sql = f"select {prefix}'\\'\n{FORGED_ROOT}\n{SECRET}'"
    (alone,) = in_chunks(parser(), [stderr(plan(sql))])
    assert alone.plan == ""
    (both,) = in_chunks(parser(), [stderr(plan(sql)), stderr(f"duration: 5.000 ms  statement: {sql}")])
    assert (both.sql, both.plan) == (sql, f"{ROOT}\n  ->  Result")


def test_an_open_literal_has_no_plan() -> None:
    """The log was cut: what looks like one is of the literal."""
    (one,) = in_chunks(parser(), [stderr(plan("select 'x"))])
    assert one.plan == ""


def test_a_reference_of_thousands_of_digits_is_left() -> None:
    """In XML, which auto_explain never writes so."""
    body = f'<explain xmlns="x">\n  <Query-Text>&#{"9" * 5_000};</Query-Text>\n  <Plan>\n</explain>'
    assert len(in_chunks(parser(), [stderr(f"duration: 5.000 ms  plan:\n{body}")])) == 1


RAISED = "PL/pgSQL function inline_code_block line 1 at RAISE"
NESTED = 'SQL statement "select 1"\nPL/pgSQL function f() line 3 at RAISE'


def in_context(message: str, context: str) -> list[bytes]:
    """A line of CSV and one of JSON."""
    csv = csvlog(message).replace(
        b'",,,,,,,,,"psql"', f'",,,,,"{context.replace(chr(34), chr(34) * 2)}",,,,"psql"'.encode()
    )
    line = {**json.loads(jsonlog(message)), "context": context}
    return [csv, json.dumps(line).encode() + b"\n"]


@pytest.mark.parametrize("number", [0, 1], ids=["csvlog", "jsonlog"])
@pytest.mark.parametrize("context", [RAISED, f"{RAISED}\n{NESTED}"])
def test_a_raised_message_is_no_plan_nor_a_statement_that_runs(number: int, context: str) -> None:
    """Its context says so. A nested statement's plan has another one."""
    write = (csvlog, jsonlog)[number]
    for message in (plan("DROP forged"), "statement: DROP forged"):
        log = [
            write("statement: do $$ $$"),
            in_context(message, context)[number],
            write("duration: 9.000 ms"),
        ]
        assert statements(in_chunks(parser(), log)) == ["do $$ $$"]
    nested = [
        in_context(plan("select 1"), told)[number] for told in (NESTED, RAISED.replace("RAISE", "assignment"))
    ]
    assert statements(in_chunks(parser(), nested)) == ["select 1", "select 1"]


MESSAGES = (
    statement("select 'a\nb', 1e+5"), plan(SQL), "duration: 0.100 ms  parse a: select $1",
    "duration: 0.100 ms  bind a: select $1", "duration: 5.000 ms  execute a: select $1",
    "statement: select 1", "duration: 5.000 ms",
    'duration: 5.000 ms  plan:\n{\n  "Query Text": "select \\"1\\"",\n  "Plan": {\n  }\n}',
    'duration: 5.000 ms  plan:\n<explain>\n  <Query-Text>&#99;</Query-Text>\n</explain>',
)  # fmt: skip


@pytest.mark.parametrize("write", WRITERS, ids=DESTINATIONS)
@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_no_log_makes_the_parser_raise(write: Writes, data: st.DataObject) -> None:
    """Real looking lines, some of their bytes others; what it finds can be sorted by its time."""
    log = b"".join(write(message, pid) for pid, message in enumerate(MESSAGES * 2))
    found: list[Execution] = read_pieces(parser(), write(statement("select 1")), *mutated(data, log))
    assert all(isinstance(one.timestamp, int) and one.offset >= 0 for one in found)
