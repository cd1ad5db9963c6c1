"""One complete record of every kind that may come from outside: each column is given."""

from __future__ import annotations

import itertools
import json
from typing import Any

MOMENT = 1_800_000_000_000
Sent = dict[str, Any]

PERFORMANCE: Sent = {
    "total_time_seconds": 812.5, "phase_times": {"plan": 12.5, "build": 800}, "token_usage_total": 91_000,
    "token_usage_by_agent": {"planner": 1_000, "builder": 90_000}, "api_calls_count": 41,
    "api_calls_cost": 1.75,
}  # fmt: skip
AUTONOMY: Sent = {
    "manual_interventions_count": 2, "manual_interventions_types": ["question", "stuck"],
    "prompts_needed_initial": 1, "prompts_needed_followup": 3, "one_shot_success_rate": 0.75,
    "error_recovery_rate": 0.5, "agent_handoffs_successful": 8, "agent_handoffs_failed": 1,
}  # fmt: skip
QUALITY: Sent = {
    "tests_written": 40, "tests_passing": 39, "code_coverage_percentage": 91.5, "linting_errors_count": 3,
    "linting_errors_by_severity": {"warning": 3}, "type_errors_count": 0, "security_vulnerabilities_count": 1,
    "security_vulnerabilities_by_severity": {"low": 1}, "functional_completeness_percentage": 97.25,
}  # fmt: skip
WORKFLOW: Sent = {
    "stories_created": 9, "stories_completed": 8, "avg_cycle_time_seconds": 5400.5,
    "phase_distribution": {"dev": 0.75, "review": 0.25}, "rework_count": 2,
}  # fmt: skip
FAMILIES: dict[str, Sent] = {
    "performance": PERFORMANCE, "autonomy": AUTONOMY, "quality": QUALITY, "workflow": WORKFLOW,
}  # fmt: skip

COMPLETE: dict[str, Sent] = {
    "inference": {
        "model_name": "llama3.1:8b", "task_type": "chat", "timestamp": MOMENT, "inference_time": 4.5,
        "load_duration": 0.25, "prompt_eval_duration": 0.5, "eval_duration": 3.75, "input_tokens": 26,
        "output_tokens": 298, "tokens_per_second": 79.5, "memory_usage": 5120.5, "cpu_usage": 43.25,
        "query_length": 120, "response_length": 1400, "provider": "ollama", "session": "s1",
        "success": True, "created_at": MOMENT + 5,
    },
    "benchmark": {
        "timestamp": MOMENT, "project_name": "todo-app", "benchmark_name": "greenfield", "version": "2.1.0",
        "metadata": {"seed": 7, "tags": ["a", {"b": None}]}, "created_at": MOMENT + 5, **FAMILIES,
    },
    "skill": {
        "skill_id": "web-search", "execution_ms": 812.5, "tokens_in": 120, "tokens_out": 480,
        "success": False, "timestamp": MOMENT,
    },
    "operation": {
        "metric_type": "query", "metric_name": "open-orders", "duration_ms": 12.5, "memory_usage_mb": 3.5,
        "cpu_usage_percent": 50.25, "user_id": "u1", "session_id": "s1", "request_id": "r1",
        "endpoint": "/orders", "query_hash": "0" * 64, "user_agent": "Mozilla/5.0", "ip_address": "10.0.0.7",
        "timestamp": MOMENT, "rows": 17, "success": True, "metadata": {"shard": 3, "tags": ["a"]},
    },
    "pool": {
        "pool_name": "main", "database_name": "orders", "total_connections": 10, "active_connections": 7,
        "max_connections": 100,
        "idle_connections": 3, "waiting_connections": 1, "avg_connection_time_ms": 1.125,
        "max_connection_time_ms": 20.5, "connection_errors": 2, "recorded_at": MOMENT,
    },
    "run": {
        "workload": "tests", "workload_kind": "time", "command": "make test", "timestamp": MOMENT,
        "outcome": "failed", "wall_ms": 812.5, "user_ms": 700.5, "system_ms": 80.25,
        "max_rss_bytes": 9_000_000, "read_bytes": 4096, "written_bytes": 8192,
        "voluntary_switches": 5, "involuntary_switches": 6,
        "exit_code": 1, "signal": 0, "rows": 3, "http_status": 200, "connect_ms": 1.5, "execute_ms": 2.5,
        "fetch_ms": 3.5, "first_byte_ms": 4.5, "received_bytes": 100, "output_bytes": 200, "budget_ms": 900.5,
        "busy_percent": 50.5, "others_percent": 10.5, "cpu_some_percent": 1.5, "memory_some_percent": 0.5,
        "io_some_percent": 0.25, "available_bytes": 1_000_000, "temperature_celsius": 55.5,
        "frequency_mhz": 3200.5, "on_battery": False, "git_commit": "abc123", "git_dirty": True,
        "boot_id": "b1", "noisy": False, "detail": "exit 1", "plan": "SCAN t", "output": "2 failed\n",
    },
}  # fmt: skip

_numbers = itertools.count()


def complete(kind: str, **columns: Any) -> Sent:
    """A record with every column, under an id that no other has."""
    return {"kind": kind, "id": f"id-{next(_numbers):09}", **COMPLETE[kind], **columns}


def text_of(record: Sent) -> bytes:
    """As it stands on a line."""
    return json.dumps(record, separators=(",", ":")).encode()


def with_raw(record: Sent, path: str, raw: bytes) -> bytes:
    """The record's text with ``raw`` as the value at ``path``, whether that is JSON or not."""
    *outer, last = path.split(".")
    changed = json.loads(json.dumps(record))
    inner = changed
    for name in outer:
        inner = inner[name]
    inner[last] = "@here@"
    return text_of(changed).replace(b'"@here@"', raw)
