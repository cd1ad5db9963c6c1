"""A record open for a script: without a daemon, and beside one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import collector
from collector.api import Recording
from tests.api.running import Running


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where nothing is yet."""
    return tmp_path / "c.db"


@pytest.fixture
def daemon(path: Path) -> Iterator[Running]:
    """One that runs."""
    made = Running(path)
    yield made
    made.stop()


@pytest.fixture(params=["without a daemon", "beside one"])
def record(request: pytest.FixtureRequest, path: Path) -> Iterator[Recording]:
    """Every test that uses it runs both ways, and expects the same."""
    if request.param == "beside one":
        request.getfixturevalue("daemon")
    with collector.open(path) as made:
        yield made


def skill(skill_id: str = "sum", **columns: Any) -> dict[str, Any]:
    """The columns of a skill's run."""
    given = {"execution_ms": 812.0, "tokens_in": 10, "tokens_out": 20, "success": True, "timestamp": 1_000}
    return {"skill_id": skill_id, **given, **columns}


FAMILIES: dict[str, dict[str, Any]] = {
    "performance": {
        "total_time_seconds": 12.5, "phase_times": {"plan": 2.5}, "token_usage_total": 900,
        "token_usage_by_agent": {"writer": 900}, "api_calls_count": 3, "api_calls_cost": 0.25,
    },
    "autonomy": {
        "manual_interventions_count": 1, "manual_interventions_types": {"fix": 1},
        "prompts_needed_initial": 1, "prompts_needed_followup": 2, "one_shot_success_rate": 0.5,
        "error_recovery_rate": 0.75, "agent_handoffs_successful": 4, "agent_handoffs_failed": 0,
    },
    "quality": {
        "tests_written": 10, "tests_passing": 9, "code_coverage_percentage": 87.5, "linting_errors_count": 2,
        "linting_errors_by_severity": {"low": 2}, "type_errors_count": 0,
        "security_vulnerabilities_count": 0, "security_vulnerabilities_by_severity": None,
        "functional_completeness_percentage": 95.0,
    },
    "workflow": {
        "stories_created": 5, "stories_completed": 4, "avg_cycle_time_seconds": 60.5,
        "phase_distribution": {"plan": 0.25}, "rework_count": 1,
    },
}  # fmt: skip


def benchmark(run_id: str, **columns: Any) -> dict[str, Any]:
    """The columns of a benchmark's run, with all families."""
    return {"run_id": run_id, "project_name": "shop", "benchmark_name": "nightly", **FAMILIES, **columns}


def everything(record: Recording, mark: str) -> list[Any]:
    """One of each, and what is there afterwards."""
    record.create("skill", id=mark, **skill(mark))
    record.create_many("skill", [skill(mark, id=f"{mark}{n}") for n in range(3)])
    record.update("skill", where={"record_id": mark}, set={"success": False})
    record.delete("skill", where={"record_id": f"{mark}0"})
    with record.transaction() as change:
        change.create("benchmark", **benchmark(mark))
        change.delete("skill", where={"record_id": f"{mark}1"})
    run = record.get("benchmark", mark)
    assert run is not None
    rows = record.read("skill", {"skill_id": mark}, newest_first=False)
    return [run["quality"]["tests_passing"], *((row["record_id"], row["success"]) for row in rows)]
