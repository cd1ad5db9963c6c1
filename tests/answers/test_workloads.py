"""What is registered, and what its newest runs say of it."""

from __future__ import annotations

from collector.answers import workloads
from collector.answers.workloads import COUNTED, NEWEST, TREND
from collector.orm import peewee
from collector.records.base import KINDS
from collector.records.run import Run
from tests.answers.made import MINUTE, Made

PROMISED = {"name", "kind", "every", "next_run", "runs", "last_outcome", "p50_ms", "p95_ms"}


def test_a_workload_that_never_ran_has_no_figures(made: Made, reader: peewee.SqliteDatabase) -> None:
    """None where nothing is known, and all promised keys."""
    made.workload("unit-tests", budget_ms=90_000)
    (row,) = workloads.registered(reader)
    assert row.keys() >= PROMISED
    assert (row["name"], row["kind"], row["every"], row["budget_ms"]) == (
        "unit-tests",
        "command",
        "30m",
        90_000,
    )
    assert row["runs"] == 0
    unknown = ("next_run", "last_run", "last_outcome", "p50_ms", "p95_ms")
    assert [row[key] for key in unknown] == [None] * len(unknown)
    assert row["trend"] == []


def test_times_are_of_the_runs_that_went_well(made: Made, reader: peewee.SqliteDatabase) -> None:
    """A refused connection is no quick run, and a timeout no measured one."""
    made.workload("health", budget_ms=25)
    for ago, wall, outcome in (
        (5, 10.0, "ok"), (4, 20.0, "ok"), (3, 30.0, "ok"), (2, 0.1, "failed"), (1, 5000.0, "timeout"),
        (0, None, "missed"),
    ):  # fmt: skip
        made.run("health", ago * MINUTE, wall, outcome=outcome)
    (row,) = workloads.registered(reader, {"health": made.now_ms + 12_000})
    assert (row["p50_ms"], row["p95_ms"]) == (20.0, 29.0)
    assert (row["runs"], row["failed"], row["over_budget"]) == (6, 2, 2)
    assert (row["last_outcome"], row["last_run"], row["last_ms"]) == ("missed", made.now_ms, None)
    assert row["next_run"] == made.now_ms + 12_000
    assert row["trend"] == [10.0, 20.0, 30.0, None, None, None]


def test_only_so_many_of_the_newest_runs_are_looked_at(made: Made, reader: peewee.SqliteDatabase) -> None:
    """However many there are: what a workload was like a year ago is not what it is like."""
    made.workload("rank")
    rows = (
        Run.record(workload="rank", timestamp=made.now_ms - n * MINUTE, wall_ms=1.0 if n < NEWEST else 99.0)
        for n in range(COUNTED + 5)
    )
    made.conn.executemany(*KINDS["run"].statement(rows))
    (row,) = workloads.registered(reader)
    assert (row["p50_ms"], row["p95_ms"], row["looked_at"], len(row["trend"])) == (1.0, 1.0, NEWEST, TREND)
    assert (row["runs"], row["more_runs"]) == (COUNTED, True)


def test_what_was_taken_out_is_shown_when_asked_for(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Its row stays in the table, since its runs do."""
    made.workload("old", removed_ms=made.now_ms)
    made.workload("nightly", every_ms=None, cron="0 3 * * *")
    assert [(row["name"], row["every"], row["cron"]) for row in workloads.registered(reader)] == [
        ("nightly", None, "0 3 * * *")
    ]
    both = workloads.registered(reader, removed=True)
    assert [(row["name"], row["removed"]) for row in both] == [("nightly", None), ("old", made.now_ms)]
