"""The digest of queries, worked out another way from the same rows, and beside the window before."""

from __future__ import annotations

import random
import statistics
from typing import Any

import pytest

from collector.answers import slow, summary
from collector.answers.cached import Noted
from collector.answers.slow import SORTS, Answer
from collector.answers.summary import EVER, Window
from collector.orm import peewee
from collector.store import cache, stretches
from collector.store.topics import DIGESTED, SLOW, TOPICS
from tests.answers.made import DAY, HOUR, MINUTE, Made
from tests.answers.reported import Row, store

NOW = 1_700_000_000_000
WINDOW, BEFORE = Window(NOW - DAY), Window(NOW - 2 * DAY, NOW - DAY)
KEYS = [
    "query_hash", "text", "calls", "total_ms", "share", "avg_ms", "min_ms", "max_ms", "p50_ms", "p95_ms",
    "p99_ms", "rows", "first_seen", "last_seen", "sources", "before", "ratio", "is_new", "plan", "remarks",
]  # fmt: skip


def execution(query_hash: str = "h1", ms: float = 1.0, ago_ms: int = HOUR, **more: Any) -> Row:
    """A query as it is stored."""
    return {
        "metric_type": "query", "metric_name": "app", "duration_ms": ms, "query_hash": query_hash,
        "timestamp": NOW - ago_ms, "rows": None, **more,
    }  # fmt: skip


def executed(made: Made, *rows: Row) -> None:
    """Store them."""
    store(made, "operation_metrics", list(rows))


def asked(reader: peewee.SqliteDatabase, **how: Any) -> list[Row]:
    """The digest of the last day."""
    return slow.digest(reader, WINDOW, BEFORE, **how).rows


def mixed(made: Made, count: int = 900) -> list[Row]:
    """Random executions of 3 days by 2 sources, not in the order of their times."""
    chance = random.Random(3)
    rows = [
        execution(
            f"h{chance.randrange(6)}", chance.lognormvariate(1, 1), chance.randrange(3 * DAY),
            metric_name=chance.choice(("app", "nightly")), rows=chance.choice((None, 3, 40)),
        )
        for _ in range(count)
    ]  # fmt: skip
    others = [execution(None, metric_name="no text"), execution("h1", metric_type="api")]  # type: ignore[arg-type]
    executed(made, *rows, *others)
    return rows


def in_window(rows: list[Row], query_hash: str, window: Window, source: str | None = None) -> list[Row]:
    """Those that the digest should count."""
    return [
        row
        for row in rows
        if row["query_hash"] == query_hash
        and window.since_ms <= row["timestamp"] < window.until_ms
        and source in (None, row["metric_name"])
    ]


def same_figures(found: Row, rows: list[Row], total_ms: float, *, exact: bool = True) -> None:
    """What Python works out over the rows is what the answer has."""
    times = [row["duration_ms"] for row in rows]
    moments = [row["timestamp"] for row in rows]
    cut = statistics.quantiles(times, n=100, method="inclusive")
    near = {"rel": 1e-9 if exact else 0.011}
    assert found["calls"] == len(rows)
    assert (found["min_ms"], found["max_ms"]) == (min(times), max(times))
    assert (found["first_seen"], found["last_seen"]) == (min(moments), max(moments))
    assert found["rows"] == sum(row["rows"] or 0 for row in rows)
    assert found["sources"] == sorted({row["metric_name"] for row in rows})
    assert found["total_ms"] == pytest.approx(sum(times))
    assert found["share"] == pytest.approx(sum(times) / total_ms)
    assert found["avg_ms"] == pytest.approx(statistics.fmean(times))
    assert [found[f"p{n}_ms"] for n in (50, 95, 99)] == [
        pytest.approx(cut[n - 1], **near) for n in (50, 95, 99)
    ]


def small_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a large table: digests of 64 rows, and no answer over so few rows that it is exact."""
    monkeypatch.setattr(stretches, "ROWS", 64)
    monkeypatch.setattr(summary, "EXACT_ROWS", 10)
    monkeypatch.setattr(slow, "EXACT_ROWS", 10)


@pytest.mark.parametrize("exact", [True, False], ids=["by time", "of digests"])
@pytest.mark.parametrize("source", [None, "nightly"])
def test_figures_are_those_of_the_rows(
    made: Made, reader: peewee.SqliteDatabase, monkeypatch: pytest.MonkeyPatch, *, exact: bool,
    source: str | None,
) -> None:  # fmt: skip
    """Whether there are few of them or many, of one source or all; before and now."""
    rows = mixed(made)
    if not exact:
        small_stretches(monkeypatch)
    answer = slow.digest(reader, WINDOW, BEFORE, source=source)
    every = [in_window(rows, f"h{n}", WINDOW, source) for n in range(6)]
    total_ms = sum(row["duration_ms"] for group in every for row in group)
    assert answer.exact is exact
    assert len(answer.rows) == 6
    for found in answer.rows:
        same_figures(found, in_window(rows, found["query_hash"], WINDOW, source), total_ms, exact=exact)
        then = [row["duration_ms"] for row in in_window(rows, found["query_hash"], BEFORE, source)]
        p95_ms = statistics.quantiles(then, n=100, method="inclusive")[94]
        assert found["before"] == {
            "calls": len(then),
            "avg_ms": pytest.approx(statistics.fmean(then)),
            "p95_ms": pytest.approx(p95_ms, rel=1e-9 if exact else 0.011),
            "total_ms": pytest.approx(sum(then)),
        }
        assert found["ratio"] == pytest.approx(found["avg_ms"] / statistics.fmean(then))


def test_kept_digests_answer_the_same(
    made: Made, reader: peewee.SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is noted the first time is used the second."""
    mixed(made)
    small_stretches(monkeypatch)
    first, second = Noted(), Noted()
    found = asked(reader, noted=first)
    cache.remember(first.made, (), NOW)(made.conn)
    assert asked(reader, noted=second) == found
    assert first.made
    assert second.hits
    assert second.made == []


def test_every_row_has_all_keys(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Scripts depend on them."""
    executed(made, execution())
    (row,) = asked(reader)
    assert list(row) == KEYS


def test_nothing_recorded_is_no_row(reader: peewee.SqliteDatabase) -> None:
    """Nor is it an error."""
    assert slow.digest(reader, Window(0, EVER), Window(0, 0)) == Answer([], exact=True)
    assert slow.sources(reader) == []


def test_the_text_and_the_plan_stand_beside_it(made: Made, reader: peewee.SqliteDatabase) -> None:
    """The plan in words too; null where nobody knows."""
    executed(made, execution("h1", 2.0), execution("h2", 1.0))
    text = {"query_hash": "h1", "fp_version": 1, "dialect": "sqlite", "text": "SELECT ü", "first_seen": 1}
    plan = {"query_hash": "h1", "dialect": "sqlite", "source": "w", "timestamp": 1, "plan": "SCAN tasks"}
    store(made, "queries", [text])
    store(made, "query_plans", [plan])
    known, unknown = asked(reader)
    assert (known["text"], known["plan"]) == ("SELECT ü", "SCAN tasks")
    assert any("tasks" in remark for remark in known["remarks"])
    assert (unknown["text"], unknown["plan"], unknown["remarks"]) == (None, None, [])


@pytest.mark.parametrize(
    ("sort", "first"),
    [("total", "often"), ("calls", "often"), ("avg", "dear"), ("max", "odd"), ("p95", "dear"),
     ("worse", "worse")],
)  # fmt: skip
def test_it_is_sorted_by_what_was_asked(
    made: Made, reader: peewee.SqliteDatabase, sort: str, first: str
) -> None:
    """The largest first, and the limit leaves the first ones."""
    executed(
        made,
        *(execution("often", 10.0) for _ in range(40)),
        *(execution("dear", 30.0) for _ in range(5)),
        *(execution("odd", 1.0) for _ in range(30)), execution("odd", 99.0),
        *(execution("worse", 4.0) for _ in range(5)),
        *(execution("often", 10.0, DAY + HOUR) for _ in range(5)),
        *(execution("worse", 1.0, DAY + HOUR) for _ in range(5)),
    )  # fmt: skip
    assert [row["query_hash"] for row in asked(reader, sort=sort, limit=1)] == [first]
    assert set(SORTS) == {"total", "calls", "avg", "max", "p95", "worse"}


def test_worse_needs_five_executions_in_both_windows(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Of fewer a mean says nothing."""
    now, before = HOUR, DAY + HOUR
    executed(
        made,
        *(execution("enough", ms, ago) for ms, ago in ((6.0, now), (2.0, before)) for _ in range(5)),
        *(execution("few before", ms, ago) for ms, ago in ((6.0, now), (2.0, before)) for _ in range(4)),
        execution("few before", 6.0, now),
        *(execution("no time", ms, ago) for ms, ago in ((6.0, now), (0.0, before)) for _ in range(5)),
    )
    found = {row["query_hash"]: row["ratio"] for row in asked(reader)}
    assert found == {"enough": 3.0, "few before": None, "no time": None}


def test_new_is_what_the_window_before_does_not_have(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Though something was recorded then; else nobody can say."""
    executed(made, execution("a"), execution("b"), execution("b", ago_ms=3 * DAY))
    assert [row["is_new"] for row in asked(reader)] == [None, None]
    executed(made, execution("a", ago_ms=DAY + MINUTE))
    assert {row["query_hash"]: row["is_new"] for row in asked(reader)} == {"a": False, "b": True}


def test_the_edges_of_the_windows_belong_to_one_of_them(made: Made, reader: peewee.SqliteDatabase) -> None:
    """The first moment belongs to a window, the last to the next."""
    executed(made, *(execution(ago_ms=ago) for ago in (2 * DAY + 1, 2 * DAY, DAY + 1, DAY, 0, -HOUR)))
    (row,) = asked(reader)
    assert (row["calls"], row["before"]["calls"]) == (3, 2)


def test_sources_are_all_who_ever_ran_a_query(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Those without a fingerprint are not in the digest."""
    mixed(made)
    assert slow.sources(reader) == ["app", "nightly"]


def test_the_summary_does_not_show_its_topic() -> None:
    """It is there for the digests alone."""
    assert SLOW not in TOPICS.values()
    assert (*TOPICS.values(), SLOW) == DIGESTED
