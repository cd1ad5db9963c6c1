"""Sessions and registered workloads: the rows that are changed, not only added. Steps for the writer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from collector.settings import WorkloadSettings
from collector.store.buffer import Counts

if TYPE_CHECKING:
    from collector.sqlite import sqlite3
    from collector.store.asked import Step


class Origin(NamedTuple):
    """Which machine, boot, version, process and kernel a session is."""

    machine_id: str
    boot_id: str
    version: str
    pid: int
    kernel: str | None = None


class Begun(NamedTuple):
    """A session's number, and where the one before left off when it did not end in order (ms)."""

    id: int
    unclean_since: int | None


def begin(origin: Origin, now_ms: int) -> Step:
    """Open a session; close one that was killed, and note the time nobody recorded as a gap."""

    def step(conn: sqlite3.Connection) -> Begun:
        before = conn.execute(
            "SELECT id, start_ms, end_ms FROM recorder_sessions ORDER BY id DESC LIMIT 1"
        ).fetchone()
        unclean_since = None
        if before is not None:
            number, start_ms, end_ms = before
            if end_ms is None:
                end_ms = unclean_since = max(start_ms, last_sign(conn))
                conn.execute(
                    "UPDATE recorder_sessions SET end_ms = ?, clean = 0 WHERE id = ?", (end_ms, number)
                )
            conn.execute(
                "INSERT INTO gaps (from_ms, to_ms, reason) VALUES (?, ?, 'stopped')",
                (min(end_ms, now_ms), max(end_ms, now_ms)),
            )
        cursor = conn.execute(
            "INSERT INTO recorder_sessions (machine_id, boot_id, version, pid, kernel, start_ms,"
            " received, committed, duplicate, rejected, dropped) VALUES (?, ?, ?, ?, ?, ?, 0, 0, 0, 0, 0)",
            (*origin, now_ms),
        )
        return Begun(cursor.lastrowid or 0, unclean_since)

    return step


def again(number: int, origin: Origin, start_ms: int, now_ms: int, *, is_older: bool) -> Step:
    """See that a session that goes on has its row, in a file that took the place of another.

    One of a time before lacks what was recorded since: that is a gap.
    """

    def step(conn: sqlite3.Connection) -> None:
        conn.execute(
            "INSERT INTO recorder_sessions"
            " (id, machine_id, boot_id, version, pid, kernel, start_ms,"
            " received, committed, duplicate, rejected, dropped) VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, 0, 0, 0)"
            " ON CONFLICT (id) DO UPDATE SET end_ms = NULL, clean = NULL",
            (number, *origin, start_ms),
        )
        if is_older:
            last = min(last_sign(conn) or start_ms, now_ms)
            conn.execute("INSERT INTO gaps (from_ms, to_ms, reason) VALUES (?, ?, 'stopped')", (last, now_ms))

    return step


def end(number: int, now_ms: Callable[[], int], counts: Callable[[], Counts]) -> Step:
    """Close a session in order, with what went through it, both read when the step runs."""

    def step(conn: sqlite3.Connection) -> None:
        final = counts()
        conn.execute(
            "UPDATE recorder_sessions SET end_ms = max(?, start_ms), clean = 1, received = ?, committed = ?,"
            " duplicate = ?, rejected = ?, dropped = ? WHERE id = ?",
            (
                now_ms(),
                final.received,
                final.committed,
                final.duplicate,
                final.rejected,
                final.dropped,
                number,
            ),
        )

    return step


class Registered(NamedTuple):
    """A workload as the config has it, in the columns of the table."""

    name: str
    kind: str
    command: str
    every_ms: int | None
    cron: str | None
    timeout_ms: int
    budget_ms: int | None
    cwd: str | None


def registered(workload: WorkloadSettings) -> Registered:
    """The row of one workload of the config."""
    return Registered(
        workload.name,
        workload.kind,
        workload.command_line(),
        _ms(workload.every),
        workload.cron,
        round(workload.timeout * 1000),
        _ms(workload.budget),
        str(workload.cwd) if workload.cwd else None,
    )


def _ms(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)


def register(workloads: Sequence[Registered], now_ms: int) -> Step:
    """Make the table say what the config says; what is gone from it keeps its row, with the time."""

    def step(conn: sqlite3.Connection) -> None:
        conn.execute("UPDATE workloads SET removed_ms = ? WHERE removed_ms IS NULL", (now_ms,))
        conn.executemany(
            "INSERT INTO workloads (name, kind, command, every_ms, cron, timeout_ms, budget_ms, cwd,"
            " registered_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET"
            " kind = excluded.kind, command = excluded.command, every_ms = excluded.every_ms,"
            " cron = excluded.cron, timeout_ms = excluded.timeout_ms, budget_ms = excluded.budget_ms,"
            " cwd = excluded.cwd, removed_ms = NULL",
            [(*workload, now_ms) for workload in workloads],
        )

    return step


def last_sign(conn: sqlite3.Connection) -> int:
    """When the recorder last wrote anything about the machine or itself."""
    (last,) = conn.execute(
        "SELECT max(coalesce((SELECT max(timestamp) FROM recorder_samples), 0),"
        " coalesce((SELECT max(timestamp) FROM cpu_samples), 0))"
    ).fetchone()
    return int(last)
