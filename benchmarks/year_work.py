"""What is run and reported on a working day: runs of four workloads, operations, inferences, skills, pools.

People work in bursts, so what applications report comes in bursts too: some minutes full of it, then none.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

from collector.fingerprint import fingerprint

Row = dict[str, Any]
Awake = Callable[[int], bool]

DAY_MS = 86_400_000
MINUTE_MS = 60_000
BURSTS = 14
FINGERPRINTS = 300
# A year of each; a day has its share.
YEARLY = {"operation": 200_000, "inference": 50_000, "skill": 50_000, "pool": 20_000, "benchmark": 500}
OUTPUT = "....................................................................... [ 42%]\n" * 6

# name, kind, minutes between runs, usual ms, spread, budget in ms
WORKLOADS = (
    ("unit-tests", "command", 30, 41_800.0, 0.05, 90_000),
    ("open-orders", "sql", 5, 3.1, 0.12, 100),
    ("health", "http", 5, 18.0, 0.2, 250),
    ("canary", "reference", 60, 640.0, 0.04, None),
)

SETTINGS = """
[[workloads]]
name = "unit-tests"
kind = "command"
argv = ["true"]
every = "30m"
budget = "90s"
[[workloads]]
name = "open-orders"
kind = "command"
argv = ["true"]
every = "5m"
budget = "100ms"
[[workloads]]
name = "health"
kind = "command"
argv = ["true"]
every = "5m"
budget = "250ms"
[[workloads]]
name = "canary"
kind = "reference"
every = "1h"
"""


def hashes() -> list[tuple[str, str, int, str]]:
    """Fingerprint, text, version and sample of each statement."""
    sqls = [
        f"SELECT t{n}.*, sum(o.amount_{n}) FROM table_{n} t{n} JOIN orders o ON o.ref = t{n}.id"
        f" WHERE t{n}.state = 'open' AND o.placed > '2026-01-01' GROUP BY t{n}.id ORDER BY 2 DESC LIMIT 50"
        for n in range(FINGERPRINTS)
    ]
    return [(*fingerprint(sql, "postgresql"), sql) for sql in sqls]


def runs(chance: random.Random, begin_ms: int, awake: Awake) -> Iterator[Row]:
    """A day of the four workloads, in the order of time."""
    due = sorted(
        (begin_ms + n * minutes * MINUTE_MS, at)
        for at, (_, _, minutes, *_) in enumerate(WORKLOADS)
        for n in range(DAY_MS // MINUTE_MS // minutes)
    )
    for due_ms, at in due:
        if awake(due_ms):
            yield _run(chance, due_ms + chance.randrange(2, 40), *WORKLOADS[at])


def _run(
    chance: random.Random, at: int, name: str, kind: str, _minutes: int, usual_ms: float, spread: float,
    budget_ms: float | None,
) -> Row:  # fmt: skip
    noisy = int(chance.random() < 0.15)
    slower = chance.uniform(1.2, 2) if noisy else 1.0
    wall_ms = round(usual_ms * slower * chance.lognormvariate(0, spread), 6)
    row: Row = {
        "workload": name, "workload_kind": kind, "timestamp": at, "wall_ms": wall_ms,
        "outcome": "ok" if chance.random() < 0.985 else "failed", "budget_ms": budget_ms,
        "busy_percent": chance.uniform(1, 9) + 60 * noisy,
        "others_percent": chance.uniform(0, 5) + 60 * noisy,
        "cpu_some_percent": chance.uniform(0, 2) + 40 * noisy, "memory_some_percent": 0.0,
        "io_some_percent": chance.uniform(0, 1), "available_bytes": 4096 * chance.randrange(10**6, 6 * 10**6),
        "temperature_celsius": chance.randrange(320, 700) / 8, "frequency_mhz": chance.uniform(1400, 4000),
        "on_battery": int(chance.random() < 0.3), "boot_id": "4d04fde4-069a-45a3-8461-3cdd5106f3ea",
        "noisy": noisy, "detail": None, "output": None, "plan": None,
    }  # fmt: skip
    return row | _OWN[kind](chance, wall_ms)


def _command(chance: random.Random, wall_ms: float) -> Row:
    return {
        "command": "make test", "user_ms": round(wall_ms * 0.8, 6), "system_ms": round(wall_ms * 0.1, 6),
        "max_rss_bytes": 4096 * chance.randrange(40_000, 50_000), "read_bytes": 4096 * chance.randrange(900),
        "written_bytes": 4096 * chance.randrange(9000), "voluntary_switches": chance.randrange(9000),
        "involuntary_switches": chance.randrange(900), "exit_code": 0, "output_bytes": len(OUTPUT),
        "output": OUTPUT, "git_commit": "0" * 40, "git_dirty": int(chance.random() < 0.6),
    }  # fmt: skip


def _sql(chance: random.Random, wall_ms: float) -> Row:
    return {
        "command": "SELECT count(*) FROM orders WHERE state = ?", "rows": 1, "git_commit": "0" * 40,
        "connect_ms": round(chance.uniform(0.1, 0.4), 6), "execute_ms": round(wall_ms * 0.8, 6),
        "fetch_ms": round(wall_ms * 0.1, 6), "git_dirty": int(chance.random() < 0.6),
    }  # fmt: skip


def _http(chance: random.Random, wall_ms: float) -> Row:
    return {
        "command": "GET http://127.0.0.1:8000/health", "http_status": 200, "received_bytes": 412,
        "connect_ms": round(chance.uniform(0.1, 0.4), 6), "first_byte_ms": round(wall_ms * 0.9, 6),
    }  # fmt: skip


def _reference(_chance: random.Random, wall_ms: float) -> Row:
    return {
        "command": "taskboard of 2,000 tasks", "user_ms": round(wall_ms * 0.9, 6),
        "system_ms": round(wall_ms * 0.05, 6), "rows": 1420,
    }  # fmt: skip


_OWN: dict[str, Callable[[random.Random, float], Row]] = {
    "command": _command, "sql": _sql, "http": _http, "reference": _reference,
}  # fmt: skip


def reported(chance: random.Random, begin_ms: int, awake: Awake) -> Iterator[tuple[str, Row]]:
    """A day of what applications report: kind and columns, in the order of time."""
    free = [ms for ms in range(begin_ms, begin_ms + DAY_MS, MINUTE_MS) if awake(ms)]
    bursts = chance.sample(free, BURSTS)
    moments = sorted(
        (chance.choice(bursts) + chance.randrange(8 * MINUTE_MS), kind)
        for kind, yearly in YEARLY.items()
        for _ in range(round(yearly / 365 + chance.random() - 0.5))
    )
    known = hashes()
    for at, kind in moments:
        if awake(at):
            yield kind, _MAKERS[kind](chance, at, known)


def _one_of(chance: random.Random, many: int) -> int:
    """0 to ``many`` - 1: the n-th of them comes about 1/n times as often as the first."""
    return int(many ** chance.random()) - 1


def _operation(chance: random.Random, at: int, known: list[tuple[str, str, int, str]]) -> Row:
    what = chance.choices(("query", "api", "frontend", "cache"), (60, 25, 10, 5))[0]
    number = _one_of(chance, FINGERPRINTS) if chance.random() < 0.7 else chance.randrange(FINGERPRINTS)
    return {
        "metric_type": what, "duration_ms": round(chance.lognormvariate(1.5, 1.0), 3), "timestamp": at,
        "metric_name": f"app-{number % 4}" if what == "query" else f"{what}-{number % 20:02d}",
        "user_id": f"user-{_one_of(chance, 50):02d}", "session_id": f"{at // 600_000:032x}",
        "endpoint": f"/api/v1/{number % 20:02d}" if what == "api" else None,
        "query_hash": known[number][0] if what == "query" else None,
        "rows": chance.randrange(100) if what == "query" else None, "success": int(chance.random() > 0.01),
    }  # fmt: skip


def _inference(chance: random.Random, at: int, _known: Any) -> Row:
    seconds, out = chance.lognormvariate(0.7, 0.5), chance.randrange(20, 900)
    return {
        "model_name": chance.choice(("llama3.1:8b", "qwen3:4b", "mistral:7b")), "timestamp": at,
        "task_type": chance.choice(("chat", "generate", "embed", "summarize")), "inference_time": seconds,
        "load_duration": 0.012, "prompt_eval_duration": seconds / 9, "eval_duration": seconds / 1.2,
        "input_tokens": chance.randrange(50, 4000), "output_tokens": out,
        "tokens_per_second": out / seconds * 1.2, "memory_usage": chance.uniform(7000, 12_000),
        "cpu_usage": chance.uniform(2, 60), "query_length": chance.randrange(100, 16_000),
        "response_length": 4 * out, "provider": "ollama", "session": f"{at // 600_000:032x}", "success": 1,
        "created_at": at + round(1000 * seconds),
    }  # fmt: skip


def _skill(chance: random.Random, at: int, _known: Any) -> Row:
    return {
        "skill_id": f"skill-{_one_of(chance, 40):02d}",
        "execution_ms": round(chance.lognormvariate(4, 0.6), 3),
        "tokens_in": chance.randrange(4000), "tokens_out": chance.randrange(900),
        "success": int(chance.random() > 0.02), "timestamp": at,
    }  # fmt: skip


def _pool(chance: random.Random, at: int, _known: Any) -> Row:
    active = chance.randrange(20)
    return {
        "pool_name": f"pool-{_one_of(chance, 3)}", "database_name": "app", "total_connections": 20,
        "active_connections": active, "idle_connections": 20 - active, "waiting_connections": active // 19,
        "avg_connection_time_ms": round(chance.lognormvariate(0, 1), 3), "max_connection_time_ms": 12.0,
        "connection_errors": 0, "recorded_at": at, "max_connections": 20,
    }  # fmt: skip


def _benchmark(chance: random.Random, at: int, _known: Any) -> Row:
    """A run with its four families inside, as it is sent."""
    return {
        "run_id": f"{chance.getrandbits(128):032x}", "project_name": f"project-{_one_of(chance, 3)}",
        "benchmark_name": f"benchmark-{_one_of(chance, 4)}", "version": "1.0.0",
        "timestamp": at, "created_at": at + 900_000,
        "metadata": f'{{"git_commit":"{chance.getrandbits(160):040x}"}}',
        "performance": {
            "total_time_seconds": chance.lognormvariate(6, 0.2), "phase_times": '{"plan":12.5,"code":80.25}',
            "token_usage_total": chance.randrange(90_000), "api_calls_count": 40,
            "api_calls_cost": chance.random(),
        },
        "autonomy": {
            "manual_interventions_count": chance.randrange(4), "prompts_needed_initial": 1,
            "prompts_needed_followup": chance.randrange(5), "one_shot_success_rate": chance.random(),
            "error_recovery_rate": chance.random(), "agent_handoffs_successful": 7,
            "agent_handoffs_failed": chance.randrange(2),
        },
        "quality": {
            "tests_written": chance.randrange(90), "tests_passing": chance.randrange(80),
            "code_coverage_percentage": chance.uniform(60, 95), "linting_errors_count": chance.randrange(9),
            "type_errors_count": chance.randrange(4), "security_vulnerabilities_count": 0,
            "functional_completeness_percentage": chance.uniform(70, 100),
        },
        "workflow": {
            "stories_created": 9, "stories_completed": chance.randrange(9),
            "rework_count": chance.randrange(4), "avg_cycle_time_seconds": chance.uniform(200, 4000),
        },
    }  # fmt: skip


_MAKERS: dict[str, Callable[[random.Random, int, Any], Row]] = {
    "operation": _operation, "inference": _inference, "skill": _skill, "pool": _pool, "benchmark": _benchmark,
}  # fmt: skip
