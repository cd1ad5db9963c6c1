"""A MariaDB under load whose slow query log a recorder follows, through rotation, SIGTERM and SIGKILL."""

from __future__ import annotations

import re
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from tests.daemon.compared import (
    Collector,
    Ran,
    check_nothing_stored_of,
    check_slow,
    shape,
    stored,
    totals,
    wait_until_stored,
)
from tests.daemon.conftest import Recorder
from tests.servers.mariadb import MariaDB

pytestmark = pytest.mark.long

SESSIONS = 3
PAUSE_SECONDS = 0.002
SECRET = "zz-nobody-stores-me"
SECRET_NUMBER = "987650123987"
TAIL = """
[[tails]]
name = "maria"
path = "{path}"
format = "mysql-slow"
start = "beginning"
"""
SHOP = (
    "CREATE OR REPLACE DATABASE followed",
    "USE followed",
    "CREATE TABLE orders (id int PRIMARY KEY, state varchar(200), KEY (state))",
    "INSERT INTO orders SELECT seq, 'open' FROM seq_1_to_300",
)
PREPARED = "SELECT * FROM orders WHERE id = ?"
LOAD = (
    "SELECT state FROM orders WHERE id = {n}",
    "UPDATE orders SET state = 'paid {n}' WHERE id = {n} % 300",
    "SELECT count(*)\n  FROM orders\n WHERE id > {n} AND state <> 'x;\n'",
    "EXECUTE by_id USING {n}",
)
# All lines of an entry but one: the log does not escape them, so with all of them nothing tells it from one.
FORGED = f"""'
# Time: 251122 13:01:02
# User@Host: root[root] @ localhost []
# Thread_id: 3  Schema:   QC_hit: No
# Query_time: 99999.000000  Lock_time: 0.000102  Rows_sent: 0  Rows_examined: 3000
SELECT forged;
# User@Host: root[root] @ localhost []
SET timestamp=1;
SELECT {SECRET_NUMBER};
'"""
HOSTILE = (
    "USE followed",
    f"SELECT {FORGED}",
    f"SELECT 1 FROM orders WHERE state = '{SECRET}' OR id = {SECRET_NUMBER}",
    f"SELECT 1 FROM orders WHERE state IN ('{SECRET}', {FORGED})",
    "SELECT 2, 'the last line;\n\n'",
)
ENTRY = re.compile(
    rb"^# User@Host: .*\n(?:#.*\n)*?# Query_time: ([\d.]+) .*\n(?:#.*\n)*(?:use .*\n)?SET timestamp=\d+;\n"
    rb"((?:(?!# Time: |# User@Host: ).*\n)*)",
    re.MULTILINE,
)
BANNER = re.compile(rb"^.*, Version: .*\nTcp port: .*\nTime .*\n", re.MULTILINE)
COUNTED = (
    "SELECT digest_text, count_star FROM performance_schema.events_statements_summary_by_digest"
    " WHERE schema_name = 'followed'"
)


def test_slow_tells_what_the_log_of_mariadb_holds(
    mariadb: MariaDB, recorder: Recorder, collector: Collector
) -> None:
    """Call by call and microsecond by microsecond; no literal, no forgery."""
    mariadb.flush_logs()
    mariadb.run(*SHOP, "TRUNCATE performance_schema.events_statements_summary_by_digest")
    recorder.configure(TAIL.format(path=mariadb.log_file))
    recorder.start()
    mariadb.run(*HOSTILE)
    enough = threading.Event()
    with ThreadPoolExecutor() as pool:
        load = [pool.submit(run_load, mariadb, enough) for _ in range(SESSIONS)]
        wait_until_stored(recorder, {"maria": 100})
        assert recorder.stop() == 0
        recorder.start()
        old = mariadb.flush_logs()
        recorder.stop(signal.SIGKILL)
        recorder.start()
        wait_until_stored(recorder, {"maria": stored(recorder)["maria"] + 1})
        enough.set()
        assert all(one.result() for one in load)
    ran = [*read(old), *read(mariadb.log_file)]
    wait_until_stored(recorder, {"maria": len(ran)})

    assert stored(recorder) == {"maria": len(ran)}
    check_slow(collector, recorder, "maria", ran, "mysql")
    check_server(mariadb, ran)
    assert recorder.stop() == 0
    check_nothing_stored_of(recorder, SECRET, SECRET_NUMBER, "forged")


def run_load(server: MariaDB, enough: threading.Event) -> int:
    """Statements of all shapes in one session; how many rounds there were."""
    with closing(server.connect()) as session, session.cursor() as cursor:
        cursor.execute("USE followed")
        cursor.execute(f"PREPARE by_id FROM '{PREPARED}'")
        rounds = 0
        while not enough.wait(PAUSE_SECONDS):
            rounds += 1
            for statement in LOAD:
                cursor.execute(statement.format(n=rounds))
        return rounds


def check_server(server: MariaDB, ran: list[Ran]) -> None:
    """What the server counts itself is the same of each statement of the load, by its words.

    There an EXECUTE is counted as such, while the log has the text that was prepared.
    """
    counted: Counter[str] = Counter()
    for text, calls in server.run(COUNTED):
        counted[words(text)] += calls
    told = {words(statement): calls for statement, (calls, _) in totals(ran).items()}
    *plain, execute = LOAD
    assert counted[words(execute)] == told[words(PREPARED)] > 0
    # The server adds up without a lock, so that two sessions at one moment may count as one: seen once in 50.
    assert all(0 <= told[words(one)] - counted[words(one)] <= 2 for one in plain), (counted, told)


def words(sql: str) -> str:
    """The server counts a statement under its tokens, each with a space behind it and names in quotes."""
    return " ".join(re.findall(r"[a-z_]+", shape(sql.replace("{n}", "?"))))


def read(path: Path) -> Iterator[Ran]:
    """The entries of a log, literals that look like entries being taken out first."""
    log = path.read_bytes().replace(FORGED.encode(), b"'it'")
    for duration_s, statement in ENTRY.findall(BANNER.sub(b"", log)):
        if not statement.startswith(b"# administrator command: "):
            yield Ran(statement.decode().removesuffix(";\n"), float(duration_s) * 1000)
