"""collector's own log, as its own logger writes it."""

from __future__ import annotations

import io
import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector import log
from collector.intake.tails.base import Execution, Options
from collector.intake.tails.formats.collector_log import CollectorLog
from collector.slow import SlowWarnings, Thresholds
from tests.intake.tails.pieces import in_pieces, read

WARNED = {"warned_of": True}
WRITTEN = "2026-11-22T13:01:02.500000Z"


def line(**fields: Any) -> bytes:
    """One line of the log."""
    return (
        json.dumps({"timestamp": WRITTEN, "level": "warning", "event": "query.slow", **fields}).encode()
        + b"\n"
    )


def parsed(*pieces: bytes) -> tuple[list[Execution], CollectorLog]:
    """What a parser makes of ``pieces``, and the parser."""
    parser = CollectorLog(Options())
    return read(parser, *pieces), parser


@pytest.fixture(params=["json", "journal"])
def written(request: pytest.FixtureRequest) -> bytes:
    """What the logger writes in a file, or for the journal: two slow queries, of which one is folded."""
    out = io.StringIO()
    log.configure("debug", style=request.param, stream=out)
    logger = log.get_logger("executor")
    logger.info("workload.ran", name="open-orders", rows="many", duration_ms=None)
    slow = SlowWarnings(Thresholds({"query": 100.0}))
    for duration_ms in (0.5, 150.25, 400.0):
        slow.own("summary", duration_ms, 12)
    logger.warning("query.slow", name="tail", duration_ms=812, query="select ?", rows=None, count=3)
    log.configure("debug", style="json", stream=io.StringIO())
    return out.getvalue().encode()


def test_slow_queries_are_executions_and_other_events_are_passed_over(written: bytes) -> None:
    """Each with its name, its rows, and how many it stands for."""
    found, parser = parsed(written)
    assert [(each.duration_ms, each.sql, each.columns, each.metadata) for each in found] == [
        (150.2, None, {"metric_name": "collector.summary", "rows": 12}, WARNED),
        (812.0, "select ?", {"metric_name": "tail"}, {**WARNED, "count": 3}),
    ]
    assert parser.unread.lines == 0
    assert parser.held_from is None
    assert [each.offset for each in found] == [
        at for at in _starts(written) if b"query.slow" in written[at:].split(b"\n")[0]
    ]


def test_a_query_began_its_duration_before_it_was_told() -> None:
    """In milliseconds since the epoch."""
    (found,), _ = parsed(line(duration_ms=500))
    assert found == Execution(
        offset=0, timestamp=1_795_352_462_000, duration_ms=500.0, sql=None, metadata=WARNED
    )


@pytest.mark.parametrize(
    "bad",
    [
        b"{",
        b"[]",
        b'"query.slow"',
        b"13:01:02 [warning] query.slow",
        b'{"timestamp": "2026-11-22T13:01:02Z", "event": "query.slow"}',
        b'{"timestamp": "yesterday", "level": "info", "event": "x"}',
        b'{"timestamp": 1, "level": "info", "event": "x"}',
        b"<4>",
        b"\xff",
        line(duration_ms="long"),
        line(duration_ms=True),
        line(duration_ms=-1),
        line(name="no duration"),
    ],
)
def test_what_is_no_event_is_unparsed(bad: bytes) -> None:
    """And costs its neighbours nothing."""
    found, parser = parsed(bad.rstrip(b"\n") + b"\n\n" + line(duration_ms=1))
    assert (len(found), parser.unread.lines) == (1, 1)
    assert parser.unread.example == bad.rstrip(b"\n").decode("utf-8", "replace")


def test_fields_of_another_type_are_left_out() -> None:
    """The execution is still one."""
    (found,), _ = parsed(line(duration_ms=1, name="", rows="5", query=["select"]))
    assert (found.sql, found.columns) == (None, None)


@given(data=st.data())
def test_it_does_not_matter_how_the_log_is_cut_into_chunks(data: st.DataObject) -> None:
    """At the ends of lines."""
    whole = b"".join(line(duration_ms=n, name=f"query-{n % 3}") for n in range(9)) + b"broken\n"
    found, parser = parsed(*in_pieces(data, whole))
    assert found == parsed(whole)[0]
    assert parser.unread.lines == 1


def _starts(text: bytes) -> list[int]:
    ends = [at for at, byte in enumerate(text) if byte == 10]
    return [0, *(a + 1 for a, _ in pairwise(ends))]
