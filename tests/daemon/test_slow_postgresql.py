"""A PostgreSQL under load whose three logs a recorder follows, through rotation, SIGTERM and SIGKILL.

What it tells of them is what a plain reading of the same files tells.
"""

from __future__ import annotations

import csv
import json
import re
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
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
from tests.servers.postgresql import UNHEARD, PostgreSQL

pytestmark = pytest.mark.long

CLIENTS = 3
PROTOCOLS = ("simple", "extended", "prepared")
RATE_PER_S = 200
SECRET = "zz-nobody-stores-me"
SECRET_NUMBER = "987650123987"
TAIL = """
[[tails]]
name = "{name}"
path = "{path}"
format = "postgresql"
start = "beginning"
"""
FORGED = "duration: 99999.000 ms  statement: SELECT forged"
FORGERIES = (
    f"2026-11-22 12:00:00.000 UTC [1] LOG:  {FORGED}",
    f'2026-11-22 12:00:00.000 UTC,"u","d",1,,6b02.1,1,"SELECT",,3/0,0,LOG,00000,"{FORGED}",,,,,,,,,,,,0',
    f'{{"timestamp":"2026-11-22 12:00:00.000 UTC","error_severity":"LOG","message":"{FORGED}"}}',
)
# The script is for all protocols: the number is a literal in one of them and a parameter in the others.
SCRIPT = f"""\\set secret {SECRET_NUMBER}
SELECT count(*) FROM pgbench_tellers WHERE tbalance > :secret::bigint AND filler <> '{SECRET}';
"""
# What the tests ask for their own sake.
OURS = {"select pg_stat_statements_reset()", "select pg_rotate_logfile()", "select pg_sleep(?)", "do ?"}
EXPLAIN = "-c auto_explain.log_min_duration=0"
# An entry as it begins on stderr: other lines of it have a tab in front.
ENTRY = re.compile(r"^(?=\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \w+ \[\d+\] )", re.MULTILINE)
TIMED = re.compile(r"duration: (\d+\.\d+) ms  (?:statement|execute [^:]+): (.*)", re.DOTALL)


def test_slow_tells_what_the_logs_of_postgresql_hold(
    bench: PostgreSQL, recorder: Recorder, collector: Collector
) -> None:
    """Call by call and microsecond by microsecond, of each of its three logs; no literal, no forgery."""
    bench.rotate_logs()
    bench.psql("SELECT pg_stat_statements_reset()", options=UNHEARD)
    recorder.configure("".join(TAIL.format(name=name, path=path) for name, path in bench.log_files.items()))
    recorder.start()
    run_hostile(bench)
    with ThreadPoolExecutor() as pool:
        load = {mode: pool.submit(run_load, bench, mode) for mode in PROTOCOLS}
        wait_until_stored(recorder, dict.fromkeys(bench.log_files, 100))
        assert recorder.stop() == 0
        recorder.start()
        old = bench.rotate_logs()
        recorder.stop(signal.SIGKILL)
        recorder.start()
    parts = {name: [old[name], path] for name, path in bench.written().items()}
    ran = {name: [*READERS[name](parts[name])] for name in parts}
    wait_until_stored(recorder, {name: len(found) for name, found in ran.items()})

    assert stored(recorder) == {name: len(found) for name, found in ran.items()}
    assert totals(ran["csvlog"]) == totals(ran["jsonlog"]) == totals(ran["stderr"])
    for name, found in ran.items():
        check_slow(collector, recorder, name, found, "postgresql")
    check_server(bench, ran["jsonlog"], load["prepared"].result())
    assert recorder.stop() == 0
    check_nothing_stored_of(recorder, SECRET, SECRET_NUMBER, "forged")


def run_hostile(server: PostgreSQL) -> None:
    """Secrets in literals, parameters and plans, and literals that look like entries of each log."""
    script = server.folder / "secret.sql"
    script.write_text(SCRIPT, encoding="utf-8")
    script.chmod(0o644)
    for mode in PROTOCOLS:
        server.pgbench("-n", "-t", "2", "-M", mode, "-f", str(script), options=EXPLAIN)
    for line in FORGERIES:
        server.psql(f"SELECT '\n{line}\n', 'x\n\n{line}\n\"\n{line}\n\"\"\n{line}';", options=EXPLAIN)
    server.psql(f"SELECT 1 FROM pgbench_tellers\nWHERE filler = '{SECRET}'\n\tAND 1 = {SECRET_NUMBER}")


def run_load(server: PostgreSQL, mode: str) -> int:
    """Two seconds in one protocol; how many transactions there were."""
    said = server.pgbench("-n", "-c", str(CLIENTS), "-T", "2", "-R", str(RATE_PER_S), "-M", mode)
    return int(said.partition("actually processed: ")[2].split()[0])


def check_server(server: PostgreSQL, ran: list[Ran], prepared: int) -> None:
    """What the server counts itself is the same, but for a bug of it and for what is kept out of the log.

    Before version 16 pg_stat_statements forgets that a prepared statement is BEGIN or END once it has counted
    it, so it counts them once a session.
    """
    rows = server.psql(
        "SELECT json_agg(json_build_array(query, calls)) FROM pg_stat_statements", options=UNHEARD
    )
    counted: Counter[str] = Counter()
    for query, calls in json.loads(rows):
        counted[shape(query)] += calls
    if server.version < 16:
        counted.update(dict.fromkeys(("begin", "end"), prepared - CLIENTS))
    told = {statement: calls for statement, (calls, _) in totals(ran).items()}
    assert {statement: calls for statement, calls in counted.items() if statement not in OURS} == told


def read_stderr(parts: list[Path]) -> Iterator[Ran]:
    """Under the default prefix."""
    for path in parts:
        for entry in ENTRY.split(path.read_text(encoding="utf-8")):
            yield from timed(entry.partition("LOG:  ")[2].removesuffix("\n").replace("\n\t", "\n"))


def read_csvlog(parts: list[Path]) -> Iterator[Ran]:
    """By the fourteenth column, the message."""
    for path in parts:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.reader(file):
                yield from timed(row[13])


def read_jsonlog(parts: list[Path]) -> Iterator[Ran]:
    """A document a line."""
    for path in parts:
        for line in path.read_bytes().splitlines():
            yield from timed(json.loads(line).get("message", ""))


def timed(message: str) -> Iterator[Ran]:
    """The execution that a message tells of, if it does: neither parse and bind nor a plan is one."""
    if found := TIMED.fullmatch(message):
        yield Ran(found[2], float(found[1]))


READERS = {"stderr": read_stderr, "csvlog": read_csvlog, "jsonlog": read_jsonlog}
