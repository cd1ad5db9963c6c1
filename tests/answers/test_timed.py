"""Our own slow queries are told, with a clock that stops after the last row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from collector.answers.timed import LIMIT, ask, ask_sql
from collector.orm import peewee
from collector.records.gap import Gap
from tests.answers.made import HOUR, Made

Events = Callable[[], list[dict[str, Any]]]

# SQLite computes these while they are fetched: `execute` alone returns at once.
SLOW_TO_FETCH = """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT i FROM n
"""


@pytest.fixture(autouse=True)
def _usual_limit() -> Iterator[None]:
    """A test may set the limit; the next one finds the usual one."""
    before = LIMIT.ms
    yield
    LIMIT.ms = before


def test_a_slow_query_is_told_with_its_rows(reader: peewee.SqliteDatabase, events: Events) -> None:
    """Name, duration, threshold and rows; the rows show that the clock ran until the last one."""
    LIMIT.ms = 5.0
    assert len(ask_sql(reader, "counting", SLOW_TO_FETCH, 100_000)) == 100_000
    (event,) = events()
    assert event["event"] == "query.slow"
    assert event["level"] == "warning"
    assert (event["name"], event["threshold_ms"], event["rows"]) == ("collector.counting", 5.0, 100_000)
    assert event["duration_ms"] > 5.0


def test_a_quick_query_is_not_told(reader: peewee.SqliteDatabase, events: Events) -> None:
    """The usual limit is 100 ms."""
    assert LIMIT.ms == 100.0
    assert ask_sql(reader, "one", "SELECT 1 AS one") == [{"one": 1}]
    assert events() == []


def test_a_query_of_the_models_gives_rows_too(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Both ways of asking give dicts whose keys are the columns."""
    made.gap(HOUR, 0, "suspend")
    rows = ask(reader, "gaps", Gap.select(Gap.reason))
    assert rows == [{"reason": "suspend"}]
    assert rows == ask_sql(reader, "gaps", "SELECT reason FROM gaps WHERE to_ms >= ?", made.now_ms)
