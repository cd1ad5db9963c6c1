"""The ledger: newest first, filtered by what was asked for."""

from __future__ import annotations

import pytest

from collector.answers import runs
from collector.orm import peewee
from collector.records.run import Run
from tests.answers.made import HOUR, MINUTE, Made


@pytest.fixture
def ledger(made: Made) -> Made:
    """Five runs of three workloads, not stored in the order in which they began."""
    made.run("unit-tests", 3 * HOUR)
    made.run("health", 1 * MINUTE, outcome="failed", workload_kind="http", http_status=500)
    made.run("health", 2 * MINUTE)
    made.run("unit-tests", 90_000, on_battery=True, noisy=False)
    made.run("imported", 2 * HOUR)
    return made


def ago(made: Made, rows: list[dict[str, int]]) -> list[int]:
    """How long before now each began."""
    return [made.now_ms - row["timestamp"] for row in rows]


def test_all_workloads_are_merged_newest_first(ledger: Made, reader: peewee.SqliteDatabase) -> None:
    """In the order in which they began, whatever the order in which they were stored."""
    found = runs.ledger(reader)
    assert ago(ledger, found) == [MINUTE, 90_000, 2 * MINUTE, 2 * HOUR, 3 * HOUR]
    assert [run["workload"] for run in found] == ["health", "unit-tests", "health", "imported", "unit-tests"]


def test_a_row_has_every_column_of_the_table(ledger: Made, reader: peewee.SqliteDatabase) -> None:
    """In table order, with flags as true and false."""
    row = runs.ledger(reader, name="unit-tests", limit=1)[0]
    assert [field.column_name for field in Run._meta.sorted_fields] == list(row)
    assert (row["on_battery"], row["noisy"], row["git_dirty"]) == (True, False, None)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"name": "health"}, [MINUTE, 2 * MINUTE]),
        ({"limit": 2}, [MINUTE, 90_000]),
        ({"outcome": "failed"}, [MINUTE]),
        ({"outcome": "ok", "limit": 1}, [90_000]),
        ({"name": "health", "outcome": "ok"}, [2 * MINUTE]),
        ({"name": "unit-tests", "outcome": "failed"}, []),
        ({"name": "nobody"}, []),
        ({"name": "x' OR 1=1 --"}, []),
    ],
)
def test_filters_narrow_it(
    ledger: Made, reader: peewee.SqliteDatabase, filters: dict[str, str], expected: list[int]
) -> None:
    """Alone and together; values are bound, so a quote in a name is only a quote."""
    assert ago(ledger, runs.ledger(reader, **filters)) == expected  # type: ignore[arg-type]


def test_since_counts_from_the_start_of_a_run(ledger: Made, reader: peewee.SqliteDatabase) -> None:
    """A run that began at that very moment belongs to it."""
    found = runs.ledger(reader, since_ms=ledger.now_ms - 2 * MINUTE)
    assert ago(ledger, found) == [MINUTE, 90_000, 2 * MINUTE]


def test_every_limit_holds_over_all_names(ledger: Made, reader: peewee.SqliteDatabase) -> None:
    """The newest of each name are taken first; the limit is of all of them together."""
    assert [len(runs.ledger(reader, limit=limit)) for limit in (1, 4, 5, 100)] == [1, 4, 5, 5]


def test_an_empty_ledger_is_an_empty_list(reader: peewee.SqliteDatabase) -> None:
    """No run yet is no error."""
    assert runs.ledger(reader) == []
    assert runs.names(reader) == []


def test_names_are_those_that_ran_and_those_that_are_registered(
    ledger: Made, reader: peewee.SqliteDatabase
) -> None:
    """Each once, in order."""
    ledger.workload("not-yet-run")
    ledger.workload("health")
    assert runs.names(reader) == ["health", "imported", "not-yet-run", "unit-tests"]
