"""Where entries of a slow query log begin; those that only MySQL writes are from its manual."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.intake.tails.base import Execution, Options
from collector.intake.tails.formats.mysql_slow import LONGEST_BYTES, MysqlSlow
from tests.intake.tails.mutated import mutated
from tests.intake.tails.pieces import in_pieces, read

MYSQL = b"""\
# Time: 2026-11-22T13:01:02.250000Z
# User@Host: app[app] @ web-1 [10.0.0.7]  Id:    12
# Query_time: 1.500000  Lock_time: 0.000004 Rows_sent: 1  Rows_examined: 7
use shop;
SET timestamp=1795352460;
SELECT 1;
# Time: 2026-11-22T14:01:02.250000+01:00
# User@Host: app[app] @ web-1 [10.0.0.7]  Id:    12
# Query_time: 0.000100  Lock_time: 0.000000 Rows_sent: 0  Rows_examined: 0
SET last_insert_id=4,insert_id=5,timestamp=1795352462;
# administrator command: Quit;
# Time: 2026-11-32T13:01:02Z
# User@Host: app[app] @ web-1 [10.0.0.7]  Id:    13
# Schema: shop  Last_errno: 0  Killed: 0
# Query_time: 0.000001  Lock_time: 0.000000  Rows_sent: 0  Rows_examined: 0  Rows_affected: 2
# Bytes_sent: 52
SET insert_id=5,timestamp=1795352462;
INSERT INTO t VALUES (1);
"""


def parsed(*pieces: bytes) -> tuple[list[Execution], MysqlSlow]:
    """What a parser makes of ``pieces``, and the parser."""
    parser = MysqlSlow(Options())
    return read(parser, *pieces), parser


def test_the_end_to_the_microsecond_tells_the_beginning() -> None:
    """As MySQL writes it; the second in `SET timestamp` is less precise. Ping and Quit are no statements."""
    (first, last), parser = parsed(MYSQL)
    assert first == Execution(
        offset=0,
        timestamp=1_795_352_460_750,
        duration_ms=1500.0,
        sql="SELECT 1",
        columns={"rows": 1, "session_id": "12"},
        metadata={"database": "shop", "user": "app", "lock_ms": 0.004, "rows_examined": 7},
    )
    assert (last.timestamp, last.sql) == (1_795_352_462_000, "INSERT INTO t VALUES (1)")
    assert last.columns == {"rows": 2, "session_id": "13"}
    assert last.metadata is not None
    assert last.metadata["database"] == "shop"
    assert parser.unread.lines == 0


def test_what_is_no_entry_is_unread() -> None:
    """Lines before the first, a top with nothing below it, and a top that ends too soon."""
    top = b"\n".join(MYSQL.splitlines()[:3]) + b"\n"
    assert parsed(b"one\ntwo\n", MYSQL)[1].unread.lines == 2
    found, parser = parsed(MYSQL, top)
    assert (len(found), parser.unread.lines) == (2, 3)
    found, parser = parsed(MYSQL, b"# Time: 2026-11-22T13:01:02Z\n")
    assert (len(found), parser.unread.lines) == (2, 1)


def test_the_last_line_of_a_statement_may_look_like_a_top() -> None:
    """It ends in a semicolon, which no top does."""
    found, parser = parsed(MYSQL.replace(b"VALUES (1)", b"VALUES ('\n# Time: 1')"))
    assert found[-1].sql == "INSERT INTO t VALUES ('\n# Time: 1')"
    assert parser.unread.lines == 0


@given(data=st.data())
def test_it_does_not_matter_how_the_log_is_cut_into_chunks(data: st.DataObject) -> None:
    """At the ends of lines, in the middle of a top or of a statement."""
    found, parser = parsed(*in_pieces(data, MYSQL * 3))
    assert found == parsed(MYSQL * 3)[0]
    assert parser.unread.lines == 0


@given(
    junk=st.lists(
        st.sampled_from([*MYSQL.splitlines(), b"", b"\xff\0", b"SET timestamp=" + b"9" * 500 + b";"])
    )
)
def test_nothing_that_a_log_may_hold_breaks_the_parser(junk: list[bytes]) -> None:
    """Its lines in any order; a sound entry afterwards is read all the same."""
    found, _ = parsed(b"".join(line + b"\n" for line in junk), MYSQL)
    assert found[-1].sql == "INSERT INTO t VALUES (1)"


def test_an_entry_is_bounded() -> None:
    """A statement of 3 MB that comes in pieces is cut, and the one after it is whole."""
    lines = [b"," + b"x" * 98 + b"\n"] * 30_000
    found, _ = parsed(MYSQL, b",(\n", *lines, b");\n", MYSQL)
    assert [len(each.sql or "") > LONGEST_BYTES - 1000 for each in found] == [False, True, False, False]
    assert len(found[1].sql or "") <= LONGEST_BYTES


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_no_log_makes_the_parser_raise(data: st.DataObject) -> None:
    """Real lines, some of their bytes others."""
    found, _ = parsed(MYSQL, *mutated(data, MYSQL * 2))
    assert all(isinstance(one.timestamp, int) for one in found)


def test_a_moment_beyond_the_calendar_is_none() -> None:
    """`SET timestamp` tells it then."""
    for stamp in (b"0001-01-01T00:00:00", b"9999-12-31T23:59:59-10:00"):
        found, _ = parsed(MYSQL.replace(b"2026-11-22T13:01:02.250000Z", stamp))
        assert len(found) == 2


@given(data=st.data())
def test_line_ends_of_windows_are_line_ends(data: st.DataObject) -> None:
    """The same is read, and it stands where the offset says."""
    log = MYSQL.replace(b"(1)", b"(\n1)") * 3
    plain, _ = parsed(log)
    windows = log.replace(b"\n", b"\r\n")
    found, parser = parsed(*in_pieces(data, windows))
    assert [one._replace(offset=0) for one in found] == [one._replace(offset=0) for one in plain]
    assert [one.offset for one in found] == [one.offset + log[: one.offset].count(b"\n") for one in plain]
    assert parser.unread.lines == 0


TOP = "\n".join(MYSQL.decode().splitlines()[1:5])
SECRET = "HUNTER2 is my pass"


@pytest.mark.parametrize(
    ("literal", "rest", "told"),
    [
        ("y", f"' or pin = '{SECRET}'", None),
        ("SELECT 1;", f"', '{SECRET}')", "SELECT 1;\n?"),
        ("SELECT 1;", f"', '{SECRET}', 'it\\'s')", "SELECT 1;\n?"),
        ("SELECT 1 /* ", f"', '{SECRET}')", "SELECT 1 /* \n?"),
        ("", f"', '{SECRET}')", None),
    ],
)
def test_of_a_statement_that_a_literal_cut_no_literal_is_told(
    literal: str, rest: str, told: str | None
) -> None:
    """Its second part begins inside of that literal: there, what looks quoted is not, and the other way."""
    statement = f"INSERT INTO logs VALUES ('x;\n{TOP}\n{literal}\n{rest};\n"
    found, _ = parsed(MYSQL + TOP.encode() + b"\n" + statement.encode())
    assert [one.sql for one in found[2:]] == ["INSERT INTO logs VALUES (?", told]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 'a''b', 'it\\'s', \"it's\" -- it's",
        "(SELECT 1) # don't",
        "/* it's */ UPDATE `it's` SET a = 'x'and b = 6/2-1",
        "select\n_utf8'x', X'00' 'y'",
    ],
)
def test_a_statement_whose_quotes_come_out_is_told_as_it_is(sql: str) -> None:
    """Comments and names may hold any."""
    found, _ = parsed(MYSQL.replace(b"INSERT INTO t VALUES (1)", sql.encode()))
    assert found[-1].sql == sql
