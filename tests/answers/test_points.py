"""The runs of a subject as points: which count, single ones or stretches, and what a look at them costs."""

from __future__ import annotations

from typing import Any

import pytest

from collector.answers.points import COARSE_MS, FINE_MS, MOST, load
from collector.answers.subjects import METRICS, TABLES, News, Subject, of_news, subject
from collector.orm import peewee
from tests.answers.made import DAY, HOUR, MINUTE, Made
from tests.answers.reported import store

UNIT_TESTS = subject("workload", "unit-tests", "wall_ms", "unit-tests")
STATEMENT = subject("operation", "SELECT ? · 3f9c2ab0", "duration_ms", "3f9c2ab0")


def inference(made: Made, ago_ms: int, **columns: Any) -> None:
    """An answer of a model to a chat."""
    row = {
        "model_name": "m", "task_type": "chat", "inference_time": 2.0, "input_tokens": 5, "output_tokens": 80,
        "tokens_per_second": 40.0, "query_length": 1, "response_length": 1, "created_at": 1,
        "timestamp": made.now_ms - ago_ms,
    }  # fmt: skip
    store(made, "inference_metrics", [row | columns])


def executions(made: Made, count: int, every_ms: int, **columns: Any) -> None:
    """Executions of one statement, the newest now; slower in the last quarter."""
    row = {"metric_type": "query", "metric_name": "app", "query_hash": "3f9c2ab0"} | columns
    store(
        made, "operation_metrics",
        [
            row | {"timestamp": made.now_ms - i * every_ms, "duration_ms": 20.0 if i < count / 4 else 10.0}
            for i in range(count)
        ],
    )  # fmt: skip


def test_what_did_not_go_well_is_left_out_and_counted(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Failed, cut short, missed: none of them tells how long it takes."""
    for ago, outcome, wall_ms in (
        (3, "ok", 10.0),
        (2, "failed", 1.0),
        (1, "timeout", 600.0),
        (0, "ok", 12.0),
    ):
        made.run("unit-tests", ago * HOUR, wall_ms, outcome=outcome)
    made.run("unit-tests", 0, None, outcome="missed")
    made.run("other", 0, 99.0)
    loaded = load(reader, UNIT_TESTS, made.now_ms)
    assert [point.value for point in loaded.points] == [10.0, 12.0]
    assert (loaded.left_out, loaded.whole, loaded.step_ms) == (2, True, 0)


def test_points_tell_the_commit_and_whether_the_machine_was_busy(
    made: Made, reader: peewee.SqliteDatabase
) -> None:
    """Oldest first; a run of which nobody knows was not noisy."""
    made.run("unit-tests", 2 * HOUR, 10.0, noisy=True, git_commit="abc")
    made.run("unit-tests", HOUR, 11.0)
    loaded = load(reader, UNIT_TESTS, made.now_ms)
    assert [(point.noisy, point.commit) for point in loaded.points] == [(True, "abc"), (False, None)]


def test_only_the_newest_count_and_none_before_the_baseline(
    made: Made, reader: peewee.SqliteDatabase
) -> None:
    """So a look costs the same after years, and begins anew where a change was accepted."""
    for i in range(MOST + 20):
        made.run("unit-tests", i * HOUR, float(i))
    loaded = load(reader, UNIT_TESTS, made.now_ms)
    assert (len(loaded.points), loaded.whole) == (MOST, False)
    assert (loaded.points[0].value, loaded.points[-1].value) == (float(MOST - 1), 0.0)
    later = load(reader, UNIT_TESTS, made.now_ms, made.now_ms - 9 * HOUR)
    assert (len(later.points), later.whole) == (10, True)


def test_a_busy_statement_is_told_by_the_medians_of_its_hours(
    made: Made, reader: peewee.SqliteDatabase
) -> None:
    """What it costs no longer depends on how often it ran; an hour that is not over does not count."""
    executions(made, 8_000, MINUTE // 2)
    loaded = load(reader, STATEMENT, made.now_ms)
    assert loaded.step_ms == COARSE_MS
    assert {round(point.value) for point in loaded.points} == {10, 20}
    assert [point.rows for point in loaded.points[1:]] == [120] * (len(loaded.points) - 1)
    assert loaded.points[-1].timestamp + COARSE_MS <= made.now_ms


def test_one_that_began_today_is_told_by_five_minutes(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Else it would take days until anything could be said; two names of it are brought together."""
    executions(made, 700, 10_000)
    executions(made, 700, 10_000, metric_name="worker")
    loaded = load(reader, STATEMENT, made.now_ms)
    assert loaded.step_ms == FINE_MS
    assert {point.rows for point in loaded.points[1:]} == {60}


def test_operations_without_a_statement_go_by_their_name(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Of one type; a failed one is left out."""
    for i in range(10):
        executions(made, 1, 0, metric_type="api", metric_name="list", query_hash=None, success=i != 3)
    executions(made, 1, 0, metric_type="api", metric_name="other", query_hash=None)
    loaded = load(reader, subject("operation", "list · api", "duration_ms", "api", "list"), made.now_ms)
    assert (len(loaded.points), loaded.left_out) == (9, 1)


def test_a_model_is_told_by_its_rate_where_it_gives_tokens(made: Made, reader: peewee.SqliteDatabase) -> None:
    """How long an answer takes follows from its length; an embedding has none."""
    inference(made, HOUR)
    inference(made, HOUR, tokens_per_second=0.0)
    inference(made, HOUR, task_type="embed", output_tokens=0, tokens_per_second=0.0)
    rate, time = of_news(reader, News("inference_metrics", 0, 3))
    assert (rate.name, rate.unit, rate.higher_is_better) == ("m · chat", "1/s", True)
    assert (time.name, time.unit, time.higher_is_better) == ("m · embed", "s", False)
    assert [point.value for point in load(reader, rate, made.now_ms).points] == [40.0]
    assert [point.value for point in load(reader, time, made.now_ms).points] == [2.0]


def test_a_benchmark_has_a_subject_for_its_time_and_one_for_what_it_cost(
    made: Made, reader: peewee.SqliteDatabase
) -> None:
    """With the commit that its run names."""
    run = {"project_name": "p", "benchmark_name": "b", "version": "1", "created_at": 1}
    metadata = ('{"git_commit": "abc"}', "no JSON")
    for n, text in enumerate(metadata):
        made_ms = made.now_ms - n * HOUR
        store(made, "benchmark_runs", [run | {"run_id": str(n), "timestamp": made_ms, "metadata": text}])
        store(
            made, "benchmark_performance",
            [{"run_id": str(n), "total_time_seconds": 60.0 + n, "token_usage_total": 1, "api_calls_count": 1,
              "api_calls_cost": 0.5}],
        )  # fmt: skip
    subjects = of_news(reader, News("benchmark_performance", 0, 2))
    assert [(one.name, one.metric) for one in subjects] == [
        ("p · b", "total_time_seconds"),
        ("p · b", "api_calls_cost"),
    ]
    points = load(reader, subjects[0], made.now_ms).points
    assert [(point.value, point.commit) for point in points] == [(61.0, None), (60.0, "abc")]


@pytest.mark.parametrize("many", [False, True])
def test_news_name_the_subjects_of_new_rows(made: Made, reader: peewee.SqliteDatabase, many: bool) -> None:
    """Of many new rows the names come from the index, which costs no more than there are names."""
    upto = 10**6 if many else 10
    made.run("a", DAY, 1.0)
    made.run("b", HOUR, 1.0)
    made.run("canary", HOUR, 1.0, workload_kind="reference")
    found = of_news(reader, News("workload_runs", 0, upto))
    assert sorted((one.kind, one.name) for one in found) == [
        ("canary", "canary"), ("workload", "a"), ("workload", "b"),
    ]  # fmt: skip
    store(made, "skill_metrics", [
        {"skill_id": name, "execution_ms": 1.0, "tokens_in": 1, "tokens_out": 1, "success": 1, "timestamp": 1}
        for name in ("s", "t")
    ])  # fmt: skip
    assert [one.name for one in of_news(reader, News("skill_metrics", 0, upto))] == ["s", "t"]
    executions(made, 2, HOUR)
    text = {
        "query_hash": "3f9c2ab0",
        "fp_version": 1,
        "dialect": "sqlite",
        "text": "SELECT\n ?",
        "first_seen": 1,
    }
    store(made, "queries", [text])
    assert of_news(reader, News("operation_metrics", 0, upto)) == [STATEMENT]


def test_only_what_is_new_is_named(made: Made, reader: peewee.SqliteDatabase) -> None:
    """By the numbers of the rows, not by their time: what is imported is old and new at once."""
    made.run("a", DAY, 1.0)
    made.run("b", 9 * DAY, 1.0)
    assert [one.name for one in of_news(reader, News("workload_runs", 1, 2))] == ["b"]


def test_every_figure_of_every_table_has_a_unit() -> None:
    """A new one has to say which way is better."""
    assert {metric: len(said) for metric, said in METRICS.items()} == dict.fromkeys(METRICS, 2)
    assert len(TABLES) == 5
    assert Subject("skill", "s", "execution_ms").unit == METRICS["execution_ms"][0]
