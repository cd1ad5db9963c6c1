"""The slow query log, as a real MariaDB writes it."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.fingerprint import fingerprint
from collector.intake.tails.base import Execution, Options
from collector.intake.tails.formats.mysql_slow import MysqlSlow
from tests.intake.tails.pieces import in_pieces, read
from tests.servers.mariadb import MariaDB

SHOP = (
    "CREATE DATABASE IF NOT EXISTS shop",
    "USE shop",
    "CREATE OR REPLACE TABLE orders (id int PRIMARY KEY, state text, raw blob)",
    "INSERT INTO orders SELECT seq, 'open', NULL FROM seq_1_to_3000",
)
LOOKS_LIKE_LOG = """SELECT '
# Time: 251122 13:01:02
# User@Host: root[root] @ localhost []
# Thread_id: 3  Schema:   QC_hit: No
SET timestamp=1;
# User@Host: root[root] @ localhost []
# Query_time: 99999.000000  Lock_time: 0.000102  Rows_sent: 0  Rows_examined: 3000
SELECT 1;
# User@Host: root[root] @ localhost []
/usr/sbin/mariadbd, Version: 1. started with:
Tcp port: 0  Unix socket: x
Time                 Id Command	Argument
'"""


def parsed(*pieces: bytes, offset: int = 0) -> tuple[list[Execution], MysqlSlow]:
    """What a parser makes of ``pieces``, and the parser."""
    parser = MysqlSlow(Options())
    return read(parser, *pieces, offset=offset), parser


def times_s(log: bytes) -> list[float]:
    """Every time that the log tells, by a simple count; the one in a literal is over a day."""
    return [float(said) for said in re.findall(rb"^# Query_time: (\d{1,4}\.\d+)", log, re.MULTILINE)]


def logged(server: MariaDB, *statements: str | bytes) -> list[Execution]:
    """What the server logs of ``statements`` in a session of their own, but for how sessions begin."""
    server.flush_logs()
    server.run(*statements)
    log = server.flush_logs().read_bytes()
    found, parser = parsed(log)
    assert parser.unread.lines == 0
    assert len(found) == len(times_s(log))
    return [each for each in found if each.sql not in {"SET NAMES utf8mb4", "FLUSH SLOW LOGS"}]


@pytest.fixture(scope="module")
def log(mariadb: MariaDB) -> bytes:
    """A log with everything in it, two restarts of its file and one of the server."""
    mariadb.flush_logs()
    mariadb.run(*SHOP, *(f"SELECT * FROM orders WHERE id = {number}" for number in range(20)))
    mariadb.run("FLUSH SLOW LOGS", "USE shop", LOOKS_LIKE_LOG, "SELECT 1 -- end;", "SELECT '\n\n';\n\n")
    mariadb.run("FLUSH SLOW LOGS", "SELECT 'a\0b'", b"INSERT INTO shop.orders VALUES (0, 'x', '\xff\xfe')")
    mariadb.stop()
    mariadb.start()
    mariadb.run("SELECT sleep(0.02)", "SELECT 'é'")
    return mariadb.flush_logs().read_bytes()


def test_every_entry_is_one_execution_with_its_time(log: bytes) -> None:
    """As many, and as long in all, as lines say that begin with Query_time."""
    found, parser = parsed(log)
    assert len(found) == len(times_s(log)) >= 35
    assert sum(each.duration_ms for each in found) == pytest.approx(sum(times_s(log)) * 1000)
    assert parser.unread.lines == 0
    assert parser.held_from is None


def test_entries_stand_where_their_offsets_say(log: bytes) -> None:
    """At the time, or at the account where the second is the same as before."""
    offsets = [each.offset for each in parsed(log)[0]]
    assert all(log.startswith((b"# Time: ", b"# User@Host: "), offset) for offset in offsets)
    assert all(a < b for a, b in pairwise(offsets))


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_it_does_not_matter_how_the_log_is_cut_into_chunks(log: bytes, data: st.DataObject) -> None:
    """Nor whether somebody begins anew, at any moment, where the parser says."""
    chunks = in_pieces(data, log)
    assert parsed(*chunks)[0] == parsed(log)[0]
    fed = data.draw(st.integers(0, len(chunks)))
    before, offset, found = MysqlSlow(Options()), 0, []
    for chunk in chunks[:fed]:
        found += before.feed(chunk, offset)
        offset += len(chunk)
    again = offset if before.held_from is None else before.held_from
    rest, parser = parsed(log[again:], offset=again)
    assert found + rest == parsed(log)[0]
    assert parser.unread.lines == 0


def test_a_log_that_comes_line_by_line_is_read_alike(log: bytes) -> None:
    """The banner of the server, too."""
    found, parser = parsed(*log.splitlines(keepends=True))
    assert found == parsed(log)[0]
    assert parser.unread.lines == 0


def test_the_servers_own_counts_are_the_same(mariadb: MariaDB) -> None:
    """By its digests: as many of each shape. Prepared ones are compared by what is executed."""
    count_digests = "SELECT count_star FROM performance_schema.events_statements_summary_by_digest"
    shapes = {
        "SELECT state FROM orders WHERE id = {}": 31,
        "UPDATE orders SET state = 'x{}' WHERE id = 7": 17,
        "SELECT count(*)\n  FROM orders\n WHERE id > {}": 23,
    }
    mariadb.run(*SHOP, "TRUNCATE performance_schema.events_statements_summary_by_digest")
    found = logged(
        mariadb, "USE shop", *(shape.format(n) for shape, times in shapes.items() for n in range(times))
    )
    ours = Counter(fingerprint(each.sql or "", "mysql").hash for each in found)
    theirs = [count for (count,) in mariadb.run(f"{count_digests} WHERE schema_name = 'shop'")]
    assert sorted(ours.values())[-3:] == sorted(theirs)[-3:] == sorted(shapes.values())


def test_what_the_log_says_of_a_statement_is_kept(mariadb: MariaDB) -> None:
    """Rows sent, or changed where none were; by whom and where; the plan; the second it began in."""
    statements = "SELECT * FROM orders WHERE state = 'gone'", "UPDATE orders SET state = 'b' WHERE id < 4"
    *_, select, update = logged(mariadb, *SHOP, *statements)
    (now,) = mariadb.run("SELECT unix_timestamp()")[0]
    assert 0 <= now - select.timestamp / 1000 <= 600
    assert select.sql == "SELECT * FROM orders WHERE state = 'gone'"
    assert select.plan is not None
    assert select.plan.splitlines()[1].split("\t")[2:4] == ["orders", "ALL"]
    assert select.metadata is not None
    assert select.metadata.pop("lock_ms") >= 0
    assert select.metadata == {
        "database": "shop", "user": "root", "rows_examined": 3000, "full_scan": True
    }  # fmt: skip
    assert select.columns is not None
    assert update.columns == {"rows": 3, "session_id": select.columns["session_id"]}
    assert select.columns["rows"] == 0


def test_a_literal_that_looks_like_a_log_is_no_entry(mariadb: MariaDB) -> None:
    """As long as it does not hold the whole top of one."""
    assert [each.sql for each in logged(mariadb, LOOKS_LIKE_LOG)] == [LOOKS_LIKE_LOG]


def test_statements_are_told_as_they_were_sent(mariadb: MariaDB) -> None:
    """Without NUL and the last semicolon, and with a mark for bytes that are no text."""
    made = logged(
        mariadb, *SHOP, "SELECT\n'a\0b'", b"UPDATE orders SET raw = '\xff' WHERE id = 1", "SELECT ';'"
    )
    assert [each.sql for each in made[-3:]] == [
        "SELECT\n'ab'", "UPDATE orders SET raw = '\ufffd' WHERE id = 1", "SELECT ';'"
    ]  # fmt: skip


def test_the_statements_inside_a_procedure_name_it(mariadb: MariaDB) -> None:
    """Where the server was told to log them."""
    call = ("SET @@log_slow_disabled_statements = ''", "CALL twice()")
    made = logged(mariadb, *SHOP, "CREATE OR REPLACE PROCEDURE twice() BEGIN DO 1; DO 2; END", *call)
    told = [(each.sql, (each.metadata or {}).get("routine")) for each in made[-3:]]
    assert told == [("DO 1", "shop.twice"), ("DO 2", "shop.twice"), ("CALL twice()", None)]


def test_a_log_with_pauses_is_read_alike(log: bytes) -> None:
    """A second of quiet after each entry ends it; what the server writes when it starts comes after that."""
    log = log.replace(LOOKS_LIKE_LOG.encode(), b"SELECT 0")
    parser, found = MysqlSlow(Options()), []
    banners = [at.start() for at in re.finditer(rb"^.*, Version: ", log, re.MULTILINE)]
    for start, end in pairwise(sorted({*banners, *(each.offset for each in parsed(log)[0]), len(log)})):
        found += parser.feed(log[start:end], start) + parser.quiet()
    assert found == parsed(log)[0]
    assert parser.unread.lines == 0


def test_a_statement_is_held_back_until_the_next_begins(log: bytes) -> None:
    """Its end is not marked."""
    parser = MysqlSlow(Options())
    first, second = (each.offset for each in parsed(log)[0][:2])
    assert parser.feed(log[:second], 0) == []
    assert parser.held_from == first
    assert [each.offset for each in parser.quiet()] == [first]
    assert parser.held_from is None
    assert parser.feed(log[second:], second)[0].offset == second
