"""Create, read, update and delete: the same beside a daemon and without one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from collector.api import Recording, Refused
from tests.api.conftest import FAMILIES, benchmark, skill

pytestmark = pytest.mark.long


def test_a_record_is_created_read_changed_and_deleted(record: Recording) -> None:
    """Known by the id that creating it gave back."""
    key = record.create("skill", **skill())
    read = record.get("skill", key)
    assert read == {"id": 1, "record_id": key, **skill()}
    assert record.update("skill", where={"record_id": key}, set={"success": False, "execution_ms": 7}) == 1
    assert record.get("skill", key) == {**read, "success": False, "execution_ms": 7.0}
    assert record.delete("skill", where={"record_id": key}) == 1
    assert record.get("skill", key) is None
    assert record.delete("skill", where={"record_id": key}) == 0


def test_an_id_of_ones_own_is_kept_and_stored_once(record: Recording) -> None:
    """So a script that ran half may run again."""
    assert record.create("skill", id="mine", **skill()) == "mine"
    assert record.create("skill", record_id="mine", **skill("other")) == "mine"  # type: ignore[call-overload]  # what its column is called
    assert [row["skill_id"] for row in record.read("skill")] == ["sum"]


@pytest.mark.parametrize(
    ("kind", "columns"),
    [
        ("inference", {"model_name": "m", "task_type": "chat", "inference_time": 2.0, "input_tokens": 1,
                       "output_tokens": 8, "query_length": 3, "response_length": 4}),
        ("operation", {"metric_type": "query", "metric_name": "SELECT t", "duration_ms": 1.5,
                       "sql": "SELECT * FROM t WHERE id = 7", "dialect": "sqlite"}),
        ("pool", {"pool_name": "p", "database_name": "d", "total_connections": 3, "active_connections": 1,
                  "idle_connections": 2, "waiting_connections": 0}),
        ("run", {"workload": "tests", "timestamp": 5, "wall_ms": 1.25}),
        ("skill", skill()),
        ("benchmark", {"project_name": "p", "benchmark_name": "b"}),
    ],
)  # fmt: skip
def test_every_kind_that_applications_report_can_be_created_and_deleted(
    record: Recording, kind: Any, columns: dict[str, Any]
) -> None:
    """By what creating it gave back; what is filled in on arrival is filled in."""
    key = record.create(kind, **columns)
    (row,) = record.read(kind)
    assert record.get(kind, key) == row
    name = "run_id" if kind == "benchmark" else "record_id"
    assert record.delete(kind, where={name: key}) == 1
    assert record.read(kind) == []


def test_what_is_computed_on_arrival_is(record: Recording) -> None:
    """A statement's text stands in `queries`, without its literal."""
    columns: dict[str, Any] = {"metric_type": "query", "metric_name": "x", "duration_ms": 1}
    key = record.create("operation", **columns, sql="SELECT a FROM t WHERE id = 7")
    row = record.get("operation", key)
    assert row is not None
    query = record.get("query", row["query_hash"])
    assert query is not None
    assert "7" not in query["text"] + query["sample"]


def test_a_benchmark_is_one_object_with_its_families(record: Recording) -> None:
    """Every figure comes back as it was given, and goes with the run."""
    assert record.create("benchmark", **benchmark("r1")) == "r1"
    run = record.get("benchmark", "r1")
    assert run is not None
    assert {name: run[name] for name in FAMILIES} == FAMILIES
    part = record.get("benchmark_quality", "r1")
    assert part is not None
    assert part["code_coverage_percentage"] == 87.5
    changed = {"tests_passing": 10, "linting_errors_by_severity": {"low": 0}}
    assert record.update("benchmark_quality", where={"run_id": "r1"}, set=changed) == 1
    assert record.delete("benchmark", where={"run_id": "r1"}) == 1
    for name in FAMILIES:
        assert record.read(f"benchmark_{name}") == []


def test_all_faults_of_a_record_are_told_at_once(record: Recording) -> None:
    """Each with its path and what is allowed, and nothing is stored."""
    with pytest.raises(Refused) as refused:
        record.create("benchmark", **benchmark("r1", project_name=7, quality={"tests_written": -1}))
    paths = [path for path, _ in refused.value.faults]
    assert paths[:2] == ["project_name", "quality.tests_written"]
    assert "0 or more" in str(refused.value)
    assert "docs/records.md" in refused.value.hint
    with record.transaction() as change:
        change.delete("skill", where={"skill_id": "none"})  # so that there is a file to read
    assert record.read("benchmark") == []


def test_all_faults_of_an_update_are_told_at_once(record: Recording) -> None:
    """With near misses of names; values are checked as on arrival."""
    with pytest.raises(Refused) as refused:
        record.update(
            "skill",
            where={"skil_id": "a", "success": 3},
            set={"tokens_in": -1, "success": None, "execution_ms": float("nan"), "tokns_out": 1, "id": 7},
        )
    assert [path for path, _ in refused.value.faults] == [
        "where", "where.success", "set.tokens_in", "set.success", "set.execution_ms", "set", "set.id",
    ]  # fmt: skip
    assert "did you mean 'skill_id'" in str(refused.value)


NAIVE = datetime(2026, 1, 1)  # noqa: DTZ001  # without a zone, to be refused


def test_half_a_surrogate_pair_is_no_text(record: Recording) -> None:
    """Nor can it be asked for."""
    with pytest.raises(Refused, match="not UTF-8"):
        record.create("skill", **skill("\ud800"))
    with pytest.raises(Refused, match="not UTF-8"):
        record.delete("skill", where={"skill_id": ["\ud800"]})


@pytest.mark.parametrize(
    "wrong",
    ["a\0b", 2**63, float("inf"), object(), NAIVE, {"a": 1}, b"x", [1]],
)
def test_what_cannot_be_kept_is_refused_both_ways(record: Recording, wrong: Any) -> None:
    """Created, set, or asked for; a moment without a zone could be any."""
    for column in ("skill_id", "timestamp", "tokens_in"):
        with pytest.raises(Refused, match=column):
            record.create("skill", **skill(**{column: wrong}))
        with pytest.raises(Refused, match=column):
            record.update("skill", where={"success": True}, set={column: wrong})
        with pytest.raises(Refused, match=column):
            record.delete("skill", where={column: [wrong]})
    with pytest.raises(Refused):
        record.create(
            "operation", metric_type="api", metric_name="x", duration_ms=1, metadata={"a": object()}
        )


def test_moments_with_a_zone_may_be_given_as_such(record: Recording) -> None:
    """As milliseconds, as text, or as Python has them."""
    key = record.create("skill", **skill(timestamp=datetime(2026, 1, 1, tzinfo=UTC)))
    assert record.read("skill")[0]["timestamp"] == 1_767_225_600_000
    assert record.update("skill", where={"timestamp": "2026-01-01"}, set={"timestamp": 5}) == 1
    assert record.read("skill", {"record_id": key})[0]["timestamp"] == 5


@pytest.mark.parametrize("kind", ["cpu", "session", "gap", "cache", "query_summary", "recorder", "workload"])
def test_what_the_recorder_writes_alone_cannot_be_changed(record: Recording, kind: str) -> None:
    """Its samples, sessions, gaps and answers; it says what can."""
    with pytest.raises(Refused, match="written by the recorder alone; changed can be") as refused:
        record.delete(kind, until_ms=5)
    assert "skill" in str(refused.value)


@pytest.mark.parametrize("where", [{}, None])
def test_a_slip_does_not_empty_a_table(record: Recording, where: dict[str, Any] | None) -> None:
    """There is no way to mean all rows; a bound in time is a condition."""
    record.create("skill", **skill())
    for since in (None, 0):
        with pytest.raises(Refused, match="all rows at once"):
            record.delete("skill", where=where, since_ms=since)
        with pytest.raises(Refused, match="all rows at once"):
            record.update("skill", where=where, set={"success": False}, since_ms=since)
    assert record.delete("skill", where=where, until_ms=1_000) == 0
    assert record.delete("skill", where=where, until_ms=1_001) == 1


NASTY = ["'; DROP TABLE skill_metrics; --", '" OR 1=1 --', "x') OR ('1'='1", "%", "\\", "?1", ":a", "𝄞 ü"]


@pytest.mark.parametrize("nasty", NASTY)
def test_whatever_a_value_looks_like_it_is_only_a_value(record: Recording, nasty: str) -> None:
    """Bound, in lists too."""
    record.create("skill", id="innocent", **skill())
    key = record.create("skill", id=nasty, **skill(nasty))
    assert record.update("skill", where={"skill_id": nasty}, set={"skill_id": nasty + nasty}) == 1
    assert record.read("skill", {"skill_id": [nasty + nasty, "'"]})[0]["record_id"] == key
    assert record.delete("skill", where={"skill_id": [nasty + nasty], "record_id": nasty}) == 1
    assert [row["record_id"] for row in record.read("skill")] == ["innocent"]


@pytest.mark.parametrize("nasty", [*NASTY, 'success" = 0 OR "success', "skill_id = 'x' OR 1", "rowid", ""])
def test_whatever_a_name_looks_like_it_is_refused_unless_the_model_has_it(
    record: Recording, nasty: str
) -> None:
    """Names of columns and of kinds."""
    for attempt in (
        lambda: record.update("skill", where={nasty: 1}, set={"success": True}),
        lambda: record.update("skill", where={"success": True}, set={nasty: 1}),
        lambda: record.delete("skill", where={nasty: None}),
        lambda: record.delete(nasty, where={"id": 1}),
        lambda: record.read("skill", {nasty: 1}),
        lambda: record.read(nasty),
        lambda: record.create_many(nasty, []),
        lambda: record.create("skill", **skill(**{nasty: 1})),
    ):
        with pytest.raises(Refused, match="unknown"):
            attempt()
