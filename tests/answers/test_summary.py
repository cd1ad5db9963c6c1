"""Summaries: exact while rows are looked at one by one, within 1 % from digests, right after any change."""

from __future__ import annotations

import math
from typing import Any

import pytest

from collector.answers import summary as summaries
from collector.answers.cached import Noted
from collector.answers.summary import Window, summary
from collector.orm import peewee
from collector.records.base import KINDS
from collector.store import cache, changes, stretches
from collector.store.changes import Delete, Update, Where
from collector.store.database import transaction
from collector.store.topics import TOPICS
from tests.answers.made import MINUTE, Made
from tests.answers.reported import SPECS, Row, add, expected, store, times

pytestmark = pytest.mark.long

everywhere = pytest.mark.parametrize("topic", list(TOPICS))
PERCENTILES = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Digests from 100 rows on, of 32 rows each."""
    monkeypatch.setattr(summaries, "EXACT_ROWS", 100)
    monkeypatch.setattr(stretches, "ROWS", 32)


def same(found: list[Row], wanted: list[Row], exact: bool = True) -> None:
    """The same rows in the same order, sums within what adding in another order can make of them."""
    assert len(found) == len(wanted)
    for got, want in zip(found, wanted, strict=True):
        assert got.keys() == want.keys()
        for name in want.keys() - (set() if exact else PERCENTILES):
            wanted_value = want[name]
            if isinstance(wanted_value, float):
                wanted_value = pytest.approx(wanted_value, rel=1e-9, abs=1e-9)
            assert got[name] == wanted_value, name


def near(topic: str, found: list[Row], rows: list[Row]) -> None:
    """Every percentile within 1 % of what lies between the values around its rank."""
    values = times(topic, rows)
    for row in found:
        ordered = values[tuple(row[key] for key in TOPICS[topic].keys)]
        for name, fraction in PERCENTILES.items():
            if not ordered:
                assert row[name] is None
                continue
            rank = fraction * (len(ordered) - 1)
            low, high = ordered[math.floor(rank)], ordered[math.ceil(rank)]
            assert 0.99 * low - 1e-9 <= row[name] <= 1.01 * high + 1e-9, (name, ordered)


def keep(made: Made, noted: Noted) -> None:
    """What the writer does with it."""
    with transaction(made.conn):
        cache.remember(noted.made, noted.hits, made.now_ms)(made.conn)


def change(made: Made, *steps: Any) -> changes.Done:
    """Change rows as the API does."""
    with transaction(made.conn):
        done = changes.apply(steps)(made.conn)
    assert isinstance(done, changes.Done), done
    return done


@everywhere
def test_all_figures_are_exact_while_rows_are_few(
    made: Made, reader: peewee.SqliteDatabase, topic: str
) -> None:
    """Counts, failures, bounds, means and percentiles by interpolation, with nulls wherever they may be."""
    rows = add(made, topic, 400)
    same(summary(reader, TOPICS[topic]), expected(topic, rows))


@everywhere
@pytest.mark.usefixtures("small")
def test_from_digests_only_percentiles_are_near(
    made: Made, reader: peewee.SqliteDatabase, topic: str
) -> None:
    """Everything else stays exact; the second time from what was kept of the first."""
    rows = add(made, topic, 1_500)
    first, second = Noted(), Noted()
    found = summary(reader, TOPICS[topic], noted=first)
    same(found, expected(topic, rows), exact=False)
    near(topic, found, rows)
    keep(made, first)
    same(summary(reader, TOPICS[topic], noted=second), found)
    assert (second.made, first.hits) == ([], [])
    assert len(second.hits) == 7  # 46 stretches are 2 of sixteen, 3 of four, and 2


@everywhere
@pytest.mark.usefixtures("small")
def test_a_window_cuts_stretches(made: Made, reader: peewee.SqliteDatabase, topic: str) -> None:
    """From its first moment on, up to before its last, wherever these lie in a digest."""
    rows, spec = add(made, topic, 700), SPECS[topic]
    noted = Noted()
    summary(reader, TOPICS[topic], noted=noted)
    keep(made, noted)
    start = rows[0][spec.moment]
    for since, until in ((0, 90), (10, 11), (33, 200), (150, 151), (100, 100), (232, 999), (-5, 0)):
        window = Window(start + since * MINUTE, start + until * MINUTE)
        inside = [row for row in rows if window.since_ms <= row[spec.moment] < window.until_ms]
        found = summary(reader, TOPICS[topic], window)
        same(found, expected(topic, inside), exact=False)
        near(topic, found, inside)


@everywhere
def test_moments_at_the_edge_of_a_window_belong_to_the_later_one(
    made: Made, reader: peewee.SqliteDatabase, topic: str
) -> None:
    """Of three rows at one moment all are in the window that begins there, none in the one that ends."""
    rows, spec = add(made, topic, 9), SPECS[topic]
    edge = rows[3][spec.moment]
    earlier, later = (
        summary(reader, TOPICS[topic], Window(0, edge)),
        summary(reader, TOPICS[topic], Window(edge)),
    )
    same(earlier, expected(topic, rows[:3]))
    same(later, expected(topic, rows[3:]))


@everywhere
def test_nothing_recorded_is_no_row(reader: peewee.SqliteDatabase, topic: str) -> None:
    """An empty table has an empty summary."""
    assert summary(reader, TOPICS[topic]) == []


@everywhere
def test_one_row_is_its_own_every_percentile(made: Made, reader: peewee.SqliteDatabase, topic: str) -> None:
    """Whatever may be null in it is null, or one value."""
    for seed in range(20):  # some of these have keys
        made.conn.execute(f"DELETE FROM {TOPICS[topic].table}")
        rows = add(made, topic, 1, seed)
        same(summary(reader, TOPICS[topic]), expected(topic, rows))


@pytest.mark.usefixtures("small")
def test_times_that_nobody_took_are_null(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Runs that ended before they began count, and have no times; from rows and from digests alike."""
    run = {"workload": "w", "workload_kind": "command", "wall_ms": None, "outcome": "missed"}
    for count in (50, 150):
        store(made, "workload_runs", [run | {"timestamp": n} for n in range(count)])
        (row,) = summary(reader, TOPICS["workloads"])
        assert {row[name] for name in ("avg_ms", "min_ms", "max_ms", *PERCENTILES)} == {None}
    assert (row["count"], row["failure_rate"]) == (200, 1.0)


@pytest.mark.usefixtures("small")
def test_a_failure_rate_is_null_when_nobody_said(made: Made, reader: peewee.SqliteDatabase) -> None:
    """And counts only those of whom somebody did."""
    one = {"metric_type": "api", "metric_name": "a", "duration_ms": 1.0, "success": None}
    for count in (50, 150):
        store(made, "operation_metrics", [one | {"timestamp": n} for n in range(count)])
        assert summary(reader, TOPICS["operations"])[0]["failure_rate"] is None
    store(made, "operation_metrics", [one | {"timestamp": 1, "success": n} for n in (0, 1, 1, 1)])
    assert summary(reader, TOPICS["operations"])[0]["failure_rate"] == 0.25


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("topic", ["skills", "operations", "benchmarks"])
def test_deleted_rows_are_in_no_digest(made: Made, reader: peewee.SqliteDatabase, topic: str) -> None:
    """Also when an answer that still saw them is kept only after they went."""
    rows, late = add(made, topic, 500), Noted()
    summary(reader, TOPICS[topic], noted=late)
    kind = next(kind for kind in KINDS.values() if kind.table == TOPICS[topic].table)
    column = TOPICS[topic].keys[-1]
    change(made, Delete(Where(kind, {column: rows[0][column]})))
    keep(made, late)
    left = [row for row in rows if row[column] != rows[0][column]]
    found = summary(reader, TOPICS[topic])
    same(found, expected(topic, left), exact=False)
    near(topic, found, left)


@pytest.mark.usefixtures("small")
def test_updated_rows_are_in_no_digest_as_they_were(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Also those of a table that is only joined."""
    rows, noted = add(made, "benchmarks", 300), Noted()
    summary(reader, TOPICS["benchmarks"], noted=noted)
    keep(made, noted)
    one = next(row for row in rows if row["performance"])
    where = Where(KINDS["benchmark_performance"], {"run_id": one["run_id"]})
    change(made, Update(where, {"total_time_seconds": 123_456.0}))
    one["performance"]["total_time_seconds"] = 123_456.0
    same(summary(reader, TOPICS["benchmarks"]), expected("benchmarks", rows), exact=False)


@pytest.mark.usefixtures("small")
def test_a_row_number_can_be_used_again(made: Made, reader: peewee.SqliteDatabase) -> None:
    """The newest rows go, others come in under their numbers: no digest has those that went."""
    rows, late = add(made, "skills", 320), Noted()
    summary(reader, TOPICS["skills"], noted=late)
    edge = rows[200]["timestamp"]
    change(made, Delete(Where(KINDS["skill"], since_ms=edge)))
    left = [row for row in rows if row["timestamp"] < edge]
    left += add(made, "skills", len(rows) - len(left), seed=2, start_ms=edge)
    assert made.conn.execute("SELECT max(rowid) FROM skill_metrics").fetchone() == (320,)
    keep(made, late)
    found = summary(reader, TOPICS["skills"])
    same(found, expected("skills", left), exact=False)
    near("skills", found, left)


@pytest.mark.usefixtures("small")
def test_rows_that_went_at_the_beginning_are_no_trouble(made: Made, reader: peewee.SqliteDatabase) -> None:
    """The first stretch that is left may begin before its first row."""
    rows = add(made, "skills", 500)
    edge = rows[100]["timestamp"]
    change(made, Delete(Where(KINDS["skill"], until_ms=edge)))
    found = summary(reader, TOPICS["skills"])
    same(found, expected("skills", [row for row in rows if row["timestamp"] >= edge]), exact=False)


@pytest.mark.usefixtures("small")
def test_what_is_too_large_together_is_taken_in_parts(
    made: Made, reader: peewee.SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And it is kept that it is, so that it is not tried again."""
    monkeypatch.setattr(stretches, "MOST_BUCKETS", 200)
    rows, first, second = add(made, "skills", 800), Noted(), Noted()
    same(summary(reader, TOPICS["skills"], noted=first), expected("skills", rows), exact=False)
    assert {entry.data for entry in first.made} & {stretches.TOO_MUCH}
    keep(made, first)
    same(summary(reader, TOPICS["skills"], noted=second), expected("skills", rows), exact=False)
    assert second.made == []


def test_the_most_frequent_come_first(made: Made, reader: peewee.SqliteDatabase) -> None:
    """At most as many as asked for."""
    rows = add(made, "skills", 400)
    same(summary(reader, TOPICS["skills"], limit=3), expected("skills", rows)[:3])
