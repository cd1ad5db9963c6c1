"""Where entries of a slow query log begin; those that only MySQL writes are from its manual."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from collector.intake.tails.base import Execution, Options
from collector.intake.tails.formats.mysql_slow import LONGEST_BYTES, MysqlSlow
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
    lines = [b"'" + b"x" * 98 + b"\n"] * 30_000
    found, _ = parsed(MYSQL, b",(\n", *lines, b");\n", MYSQL)
    assert [len(each.sql or "") > LONGEST_BYTES - 1000 for each in found] == [False, True, False, False]
    assert len(found[1].sql or "") <= LONGEST_BYTES
