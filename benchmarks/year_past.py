"""What a year leaves besides samples and reports: sessions, gaps, alerts, earlier changes, statements."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from benchmarks import year_work
from collector.store.database import transaction

DAY_MS = year_work.DAY_MS
YEAR_DAYS = 365
SESSION_DAYS = 3
SLEEP_MS = 8 * 3_600_000
BOOT = "4d04fde4-069a-45a3-8461-3cdd5106f3ea"


def fill(conn: Any, now_ms: int, awake: Callable[[int], bool]) -> None:
    """Store all of it."""
    with transaction(conn):
        conn.execute("INSERT INTO main.series SELECT * FROM pattern.series")
        _sessions(conn, now_ms)
        _gaps(conn, now_ms)
        _alerts(conn, now_ms)
        _changes(conn, now_ms)
        _workloads(conn, now_ms)
        _statements(conn, now_ms)


def _insert(conn: Any, table: str, rows: list[dict[str, Any]]) -> None:
    names, marks = ", ".join(f'"{name}"' for name in rows[0]), ", ".join("?" for _ in rows[0])
    conn.executemany(
        f"INSERT INTO main.{table} ({names}) VALUES ({marks})", [[*row.values()] for row in rows]
    )


def _sessions(conn: Any, now_ms: int) -> None:
    rows = [
        {
            "machine_id": "242bc7eb05f3f09c28a9758598fffe30", "boot_id": BOOT, "version": "0.1.0",
            "pid": 2000 + day, "start_ms": now_ms - day * DAY_MS,
            "end_ms": now_ms - (day - SESSION_DAYS) * DAY_MS - 60_000 * (day > SESSION_DAYS), "clean": 1,
            "received": 600_000, "committed": 600_000, "duplicate": 0, "rejected": 0, "dropped": 0,
            "kernel": "6.12.0-amd64",
        }
        for day in range(YEAR_DAYS, 0, -SESSION_DAYS)
    ]  # fmt: skip
    rows[-1]["end_ms"] = now_ms
    _insert(conn, "recorder_sessions", rows)


def _gaps(conn: Any, now_ms: int) -> None:
    """Each night, and each restart."""
    nights = [
        {"from_ms": dawn - SLEEP_MS, "to_ms": dawn, "reason": "suspend"}
        for dawn in range(now_ms - YEAR_DAYS * DAY_MS - 8 * 3_600_000, now_ms, DAY_MS)
    ]
    restarts = [
        {"from_ms": at, "to_ms": at + 60_000, "reason": "stopped"}
        for at in range(now_ms - YEAR_DAYS * DAY_MS, now_ms - DAY_MS, SESSION_DAYS * DAY_MS)
    ]
    _insert(conn, "gaps", sorted(nights + restarts, key=lambda row: row["from_ms"]))


def _alerts(conn: Any, now_ms: int) -> None:
    states = ("ok", "over_budget"), ("over_budget", "recovered"), ("ok", "failing"), ("failing", "recovered")
    details = {"wall_ms": 123.4, "budget_ms": 100.0, "count": 3, "sentence": "3 runs of 5 were over budget"}
    _insert(conn, "alerts", [
        {
            "timestamp": now_ms - (600 - n) * DAY_MS * YEAR_DAYS // 600, "subject_kind": "workload",
            "subject": year_work.WORKLOADS[n // 4 % 4][0],
            "concern": "over_budget" if n % 4 < 2 else "failing",
            "from_state": states[n % 4][0], "to_state": states[n % 4][1], "details": json.dumps(details),
        }
        for n in range(600)
    ])  # fmt: skip


def _changes(conn: Any, now_ms: int) -> None:
    """Such as are long over; those that are there now the product finds itself."""
    _insert(conn, "changes", [
        {
            "subject_kind": "operation", "subject": f"gone-{n}", "metric": "duration_ms",
            "timestamp": now_ms - (n + 20) * DAY_MS, "last_before_ms": now_ms - (n + 20) * DAY_MS - 300_000,
            "before": 3.1, "after": 9.8, "before_p95": 4.0, "after_p95": 12.5, "ratio": 3.16,
            "ratio_low": 2.9, "ratio_high": 3.4, "runs_before": 120, "runs_after": 60, "noisy_left_out": 9,
            "state": "gone", "cause": "unknown", "sentence": "nothing else that is recorded changed then",
            "trend": json.dumps({"before": [3.1] * 10, "after": [9.8] * 10}),
            "found_ms": now_ms - (n + 19) * DAY_MS,
        }
        for n in range(60)
    ])  # fmt: skip


def _workloads(conn: Any, now_ms: int) -> None:
    _insert(conn, "workloads", [
        {
            "name": name, "kind": kind, "command": name, "every_ms": 60_000 * minutes, "timeout_ms": 600_000,
            "budget_ms": budget, "cwd": "/home/somebody/src/app",
            "registered_ms": now_ms - YEAR_DAYS * DAY_MS,
        }
        for name, kind, minutes, _, _, budget in year_work.WORKLOADS
    ])  # fmt: skip


def _statements(conn: Any, now_ms: int) -> None:
    """A third of the fingerprints has its text."""
    _insert(conn, "queries", [
        {
            "query_hash": known, "fp_version": version, "dialect": "postgresql", "text": text,
            "sample": sample, "first_seen": now_ms - YEAR_DAYS * DAY_MS,
        }
        for known, text, version, sample in year_work.hashes()[::3]
    ])  # fmt: skip
