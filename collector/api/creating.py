"""Creating a record, with the columns of each kind as a type checker needs them.

Made from the models by `docs/render_columns.py`; not to be edited.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime
from typing import Any, Literal, Required, TypedDict, Unpack, overload

Moment = int | str | datetime
Json = dict[str, Any] | list[Any]


class PerformanceColumns(TypedDict, total=False):
    """How long a benchmark run took, and what it used."""

    total_time_seconds: Required[float]
    phase_times: Json | None
    token_usage_total: Required[int]
    token_usage_by_agent: Json | None
    api_calls_count: Required[int]
    api_calls_cost: Required[float]


class AutonomyColumns(TypedDict, total=False):
    """How far a benchmark run came without help."""

    manual_interventions_count: Required[int]
    manual_interventions_types: Json | None
    prompts_needed_initial: Required[int]
    prompts_needed_followup: Required[int]
    one_shot_success_rate: Required[float]
    error_recovery_rate: Required[float]
    agent_handoffs_successful: Required[int]
    agent_handoffs_failed: Required[int]


class QualityColumns(TypedDict, total=False):
    """How good what a benchmark run made is."""

    tests_written: Required[int]
    tests_passing: Required[int]
    code_coverage_percentage: Required[float]
    linting_errors_count: Required[int]
    linting_errors_by_severity: Json | None
    type_errors_count: Required[int]
    security_vulnerabilities_count: Required[int]
    security_vulnerabilities_by_severity: Json | None
    functional_completeness_percentage: Required[float]


class WorkflowColumns(TypedDict, total=False):
    """How the work of a benchmark run went."""

    stories_created: Required[int]
    stories_completed: Required[int]
    avg_cycle_time_seconds: Required[float]
    phase_distribution: Json | None
    rework_count: Required[int]


class BenchmarkRunColumns(TypedDict, total=False):
    """One run of a benchmark. Its figures come inside it: performance, autonomy, quality, workflow."""

    run_id: str
    timestamp: Moment | None
    project_name: Required[str]
    benchmark_name: Required[str]
    version: str
    metadata: Json | None
    created_at: Moment | None
    performance: PerformanceColumns | None
    autonomy: AutonomyColumns | None
    quality: QualityColumns | None
    workflow: WorkflowColumns | None


class InferenceColumns(TypedDict, total=False):
    """One answer of a language model. Durations are in seconds, as its runtimes report them."""

    id: str | None
    model_name: Required[str]
    task_type: Required[str]
    timestamp: Moment | None
    inference_time: Required[float]
    load_duration: float | None
    prompt_eval_duration: float | None
    eval_duration: float | None
    input_tokens: Required[int]
    output_tokens: Required[int]
    tokens_per_second: float | None
    memory_usage: float | None
    cpu_usage: float | None
    query_length: Required[int]
    response_length: Required[int]
    provider: str | None
    session: str | None
    success: bool | None
    created_at: Moment | None


class OperationColumns(TypedDict, total=False):
    """One timed operation. With it may come `sql` and `dialect`, and a `plan`: kept without literals."""

    id: str | None
    metric_type: Required[str]
    metric_name: Required[str]
    duration_ms: Required[float]
    memory_usage_mb: float | None
    cpu_usage_percent: float | None
    user_id: str | None
    session_id: str | None
    request_id: str | None
    endpoint: str | None
    query_hash: str | None
    user_agent: str | None
    ip_address: str | None
    timestamp: Moment | None
    rows: int | None
    success: bool | None
    metadata: Json | None
    sql: str | None
    dialect: str | None
    plan: str | None


class PoolColumns(TypedDict, total=False):
    """One look at a pool of database connections."""

    id: str | None
    pool_name: Required[str]
    database_name: Required[str]
    total_connections: Required[int]
    active_connections: Required[int]
    idle_connections: Required[int]
    waiting_connections: Required[int]
    avg_connection_time_ms: float | None
    max_connection_time_ms: float | None
    connection_errors: int
    recorded_at: Moment | None
    max_connections: int | None
    timestamp: Moment | None


class RunColumns(TypedDict, total=False):
    """One run of a workload, or of anything that was timed elsewhere and reported."""

    id: str | None
    workload: Required[str]
    workload_kind: str
    command: str | None
    timestamp: Required[Moment]
    outcome: str
    wall_ms: float | None
    user_ms: float | None
    system_ms: float | None
    max_rss_bytes: int | None
    read_bytes: int | None
    written_bytes: int | None
    voluntary_switches: int | None
    involuntary_switches: int | None
    exit_code: int | None
    signal: int | None
    rows: int | None
    http_status: int | None
    connect_ms: float | None
    execute_ms: float | None
    fetch_ms: float | None
    first_byte_ms: float | None
    received_bytes: int | None
    output_bytes: int | None
    budget_ms: float | None
    busy_percent: float | None
    others_percent: float | None
    cpu_some_percent: float | None
    memory_some_percent: float | None
    io_some_percent: float | None
    available_bytes: int | None
    temperature_celsius: float | None
    frequency_mhz: float | None
    on_battery: bool | None
    git_commit: str | None
    git_dirty: bool | None
    boot_id: str | None
    noisy: bool | None
    detail: str | None
    plan: str | None
    output: str | None


class SkillColumns(TypedDict, total=False):
    """One execution of a skill."""

    id: str | None
    skill_id: Required[str]
    execution_ms: Required[float]
    tokens_in: Required[int]
    tokens_out: Required[int]
    success: Required[bool]
    timestamp: Moment | None


class Creating(ABC):
    """Has `create`."""

    @overload
    def create(self, kind: Literal["benchmark"], /, **columns: Unpack[BenchmarkRunColumns]) -> str: ...

    @overload
    def create(self, kind: Literal["inference"], /, **columns: Unpack[InferenceColumns]) -> str: ...

    @overload
    def create(self, kind: Literal["operation"], /, **columns: Unpack[OperationColumns]) -> str: ...

    @overload
    def create(self, kind: Literal["pool"], /, **columns: Unpack[PoolColumns]) -> str: ...

    @overload
    def create(self, kind: Literal["run"], /, **columns: Unpack[RunColumns]) -> str: ...

    @overload
    def create(self, kind: Literal["skill"], /, **columns: Unpack[SkillColumns]) -> str: ...

    def create(self, kind: str, /, **columns: Any) -> str:
        """Store one record; gives back what it is known by, made where none is given.

        That is its ``id`` (``run_id`` of a benchmark). A record with an id that is stored already is not
        stored again. Raises Refused with all that is wrong with it.
        """
        return self._create(kind, columns)

    @abstractmethod
    def _create(self, kind: str, columns: dict[str, Any]) -> str: ...
