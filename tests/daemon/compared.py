"""What a log says by a plain reading of its own, beside what ``collector slow`` says of it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from math import fsum
from typing import Any, NamedTuple

from collector.fingerprint import Dialect, fingerprint
from tests.daemon.conftest import Recorder

Collector = Callable[..., subprocess.CompletedProcess[str]]

ROUNDED_MS = 0.0005  # a log tells times to the microsecond
WAIT_SECONDS = 30
LITERAL = re.compile(r"'(?:[^']|'')*'|\$\$[^$]*\$\$|\$\d+|[-+]?\b\d+(?:\.\d+)?\b|\b(?:true|false)\b")


class Ran(NamedTuple):
    """One execution that a log tells of."""

    sql: str
    duration_ms: float


class Totals(NamedTuple):
    """Of all executions of one statement."""

    calls: int
    total_ms: float


def totals(found: Iterable[Ran]) -> dict[str, Totals]:
    """By the shape of the statement; the same in whatever order they ran, to the last digit."""
    made: dict[str, list[float]] = defaultdict(list)
    for sql, duration_ms in found:
        made[shape(sql)].append(duration_ms)
    return {statement: Totals(len(times), fsum(times)) for statement, times in made.items()}


def shape(sql: str) -> str:
    """A statement without its literals and parameters, by the simplest of means."""
    return " ".join(LITERAL.sub("?", sql).split()).rstrip("; ").lower()


def check_slow(collector: Collector, recorder: Recorder, source: str, ran: list[Ran], of: Dialect) -> None:
    """The digest of ``source`` has what ran: each shape once, as often and as long in all, no more."""
    shapes = {fingerprint(sql, of).hash: shape(sql) for sql, _ in ran}
    expected = totals(ran)
    assert sorted(shapes.values()) == sorted(expected)  # one fingerprint a shape, and one shape a fingerprint
    rows = slow(collector, recorder, source)
    assert {shapes.get(row["query_hash"], row["text"]) for row in rows} == set(expected)
    assert len({row["text"] for row in rows}) == len(rows) == len(expected)
    for row in rows:
        calls, total_ms = expected[shapes[row["query_hash"]]]
        assert row["calls"] == calls, row["text"]
        assert abs(row["total_ms"] - total_ms) <= ROUNDED_MS * calls, row["text"]


def slow(collector: Collector, recorder: Recorder, source: str) -> list[dict[str, Any]]:
    """What ``collector slow --json`` says of one tail."""
    words = ("slow", "--json", "--source", source, "--limit", "1000", "--config", recorder.config)
    done = collector(*words)
    assert done.returncode == 0, done.stderr
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def check_nothing_stored_of(recorder: Recorder, *literals: str) -> None:
    """Neither in the database with its write-ahead log nor in what the recorder says.

    A literal of hexadecimal digits must be long: five of them stand in one of some thousand ids by chance.
    """
    files = [path for path in recorder.folder.iterdir() if path.is_file()]
    assert recorder.database in files
    assert recorder.log in files
    for path in files:
        data = path.read_bytes()
        assert not [literal for literal in literals if literal.encode() in data], path.name


def wait_until_stored(recorder: Recorder, wanted: Mapping[str, int]) -> None:
    """So many of each tail. A reload is answered when its turn comes: pause enough between two looks."""
    deadline = time.monotonic() + WAIT_SECONDS
    while any(stored(recorder).get(name, 0) < count for name, count in wanted.items()):
        assert time.monotonic() < deadline, (stored(recorder), wanted)
        recorder.send(signal.SIGHUP)
        recorder.wait_for(b"READY=1")


def stored(recorder: Recorder) -> dict[str, int]:
    """How many operations each tail has brought."""
    return dict(recorder.rows("SELECT metric_name, count(*) FROM operation_metrics GROUP BY 1"))
