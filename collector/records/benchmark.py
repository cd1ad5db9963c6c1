"""Benchmark runs of a project, each with its four families of figures; stored whole or not at all."""

from __future__ import annotations

import os
from typing import Any

from collector.orm import peewee
from collector.records.base import (
    Arrival,
    Document,
    Real,
    Record,
    Reference,
    Text,
    Timestamp,
    Whole,
    kind,
)
from collector.records.columns import LONGEST_S

_LONGEST_ID = 200
# Columns of the run, of which its figures are.
_PER = ("project_name", "benchmark_name")


def arrive(columns: dict[str, Any], _arrival: Arrival) -> None:
    """A run without ``run_id`` is known by its ``id``; without either it gets one."""
    sent = columns.pop("id", None)
    if columns.get("run_id") is None:
        columns["run_id"] = os.urandom(16).hex() if sent is None else sent


class BenchmarkRun(Record):
    """One run of a benchmark. Its figures come inside it: performance, autonomy, quality, workflow."""

    run_id = Text(
        "the run; a second one with it is not stored", longest=_LONGEST_ID, shortest=1, primary_key=True
    )
    timestamp = Timestamp("when it began", arrival=True)
    project_name = Text("what was benchmarked", longest=200)
    benchmark_name = Text("the benchmark", longest=200)
    version = Text("version of the benchmark's figures", longest=50, default="1.0.0")
    metadata = Document("whatever else belongs to it", null=True)
    created_at = Timestamp("when the recorder took it in", arrival=True)

    class Meta:
        table_name = "benchmark_runs"


BenchmarkRun.add_index(BenchmarkRun.timestamp, name="benchmark_runs_timestamp")
BenchmarkRun.add_index(BenchmarkRun.project_name, name="benchmark_runs_project")
BenchmarkRun.add_index(BenchmarkRun.benchmark_name, name="benchmark_runs_benchmark")


def _run() -> Any:
    return Reference(BenchmarkRun, "the run it belongs to", longest=_LONGEST_ID, unique=True)


def _id() -> Any:
    return peewee.AutoField(help_text="counts up")


def _count(help_text: str) -> Any:
    return Whole(help_text, minimum=0)


def _share(help_text: str) -> Any:
    """Benchmarks count such as a share of 1 or as percent; what they send is kept as it is."""
    return Real(help_text, minimum=0, maximum=100)


@kind("benchmark_performance", "reported", source="the sender", per=_PER)
class Performance(Record):
    """How long a benchmark run took, and what it used."""

    id = _id()
    run = _run()
    total_time_seconds = Real("from start to end", unit="s", minimum=0, maximum=LONGEST_S)
    phase_times = Document("phase → seconds", null=True)
    token_usage_total = _count("tokens, in and out")
    token_usage_by_agent = Document("agent → tokens", null=True)
    api_calls_count = _count("calls of an API")
    api_calls_cost = Real("what they cost, in the currency of the benchmark", minimum=0)

    class Meta:
        table_name = "benchmark_performance"


@kind("benchmark_autonomy", "reported", source="the sender", per=_PER)
class Autonomy(Record):
    """How far a benchmark run came without help."""

    id = _id()
    run = _run()
    manual_interventions_count = _count("times somebody had to help")
    manual_interventions_types = Document("what kind of help, and how often", null=True)
    prompts_needed_initial = _count("prompts at the start")
    prompts_needed_followup = _count("prompts after it")
    one_shot_success_rate = _share("share that went well at the first try")
    error_recovery_rate = _share("share of errors it mended by itself")
    agent_handoffs_successful = _count("handoffs between agents that went well")
    agent_handoffs_failed = _count("handoffs between agents that failed")

    class Meta:
        table_name = "benchmark_autonomy"


@kind("benchmark_quality", "reported", source="the sender", per=_PER)
class Quality(Record):
    """How good what a benchmark run made is."""

    id = _id()
    run = _run()
    tests_written = _count("tests it wrote")
    tests_passing = _count("of them, passing")
    code_coverage_percentage = Real("code covered by tests", unit="%", minimum=0, maximum=100)
    linting_errors_count = _count("findings of linters")
    linting_errors_by_severity = Document("severity → findings", null=True)
    type_errors_count = _count("findings of type checkers")
    security_vulnerabilities_count = _count("findings of security checkers")
    security_vulnerabilities_by_severity = Document("severity → findings", null=True)
    functional_completeness_percentage = Real(
        "what works of what was asked", unit="%", minimum=0, maximum=100
    )

    class Meta:
        table_name = "benchmark_quality"


@kind("benchmark_workflow", "reported", source="the sender", per=_PER)
class Workflow(Record):
    """How the work of a benchmark run went."""

    id = _id()
    run = _run()
    stories_created = _count("stories begun")
    stories_completed = _count("stories done")
    avg_cycle_time_seconds = Real("mean time from begun to done", unit="s", minimum=0, maximum=LONGEST_S)
    phase_distribution = Document("phase → share of the time", null=True)
    rework_count = _count("times something was done again")

    class Meta:
        table_name = "benchmark_workflow"


FAMILIES: dict[str, type[Record]] = {
    "performance": Performance,
    "autonomy": Autonomy,
    "quality": Quality,
    "workflow": Workflow,
}

kind("benchmark", "reported", source="the sender", pushed=True, parts=FAMILIES, key="run_id", arrive=arrive)(
    BenchmarkRun
)
