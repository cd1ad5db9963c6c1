"""Is it recording, and how well: what the daemon says of itself, joined with what the file says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from collector import __version__
from collector.answers import recovered, standing, status
from collector.answers.kept import kept
from collector.client import Line, Unreachable
from collector.errors import CollectorError
from collector.intake.tails.examples import not_understood
from collector.opened import reader
from collector.settings import Settings
from collector.store.database import file_size, wal_path
from collector.store.lock import Holder, holder
from collector.store.room import PLENTY, Room, ballast_path
from collector.units import long_span, size

Document = dict[str, Any]

COUNTERS = ("received", "committed", "duplicate", "rejected", "dropped", "queued")
START = "start it with `collector run`, or `collector service install`"

_ASK_SECONDS = 3.0
_LARGE_WAL = 64 << 20
# A commit is due once an interval; before a missing one is a problem, three may be late, and a minute.
_LATEST_COMMIT_SECONDS = 60.0


def look(settings: Settings, now_ms: int) -> Document:
    """Everything `collector status` tells, as one document."""
    held = holder(settings.database)
    daemon, problems = _daemon(held)
    silent = bool(daemon is None and held and held.socket)
    if not problems and daemon is not None:
        problems = _of_daemon(daemon, settings, now_ms) + _no_ballast(settings)
    told, unreadable = _file(settings, now_ms)
    problems += unreadable or _of_file(settings.database)
    if cut := (told.get("kept") or {}).get("sentence"):
        problems.append(cut)
    problems += [row["sentence"] for row in told.get("recoveries", []) if row["lies"]]
    return _document(settings, daemon, held, told) | {"silent": silent, "problems": problems}


def _daemon(held: Holder | None) -> tuple[Document | None, list[str]]:
    """What the running daemon answers; or None, and why."""
    if held is None:
        return None, [f"nothing is recording: {START}"]
    if not held.socket:
        return None, [f"nothing is recording: {held.what}, process {held.pid}, is at work on the database"]
    try:
        with Line(Path(held.socket), _ASK_SECONDS) as line:
            answer = line.ask({"ask": "status"})
    except (Unreachable, ValueError) as error:
        silence = f"process {held.pid} holds the database but does not answer ({error})"
        remedy = f"wake it with `kill -CONT {held.pid}` if it was stopped, or end it and start it again"
        return None, [f"{silence}: see its log, {remedy}"]
    if answer.get("recording") is not True:
        return None, [f"process {held.pid} gave no status: {answer.get('reason', 'no reason given')}"]
    return answer, []


def _file(settings: Settings, now_ms: int) -> tuple[Document, list[str]]:
    """What the database says, and why it cannot be read if that is so."""
    try:
        with reader(settings) as database:
            return {
                "session": status.last_session(database),
                "machine": status.machine(database, now_ms),
                "workloads": status.workloads(database),
                "gaps": status.gaps(database, now_ms),
                "recoveries": recovered.recoveries(database, settings.database, now_ms),
                "alerts": standing.alerts(database),
                "kept": kept(database, settings.retention, now_ms).document(),
                **status.own_cost(database, now_ms),
            }, []
    except CollectorError as error:
        return {}, [": ".join(part for part in (error.message, error.hint) if part)]


def _document(settings: Settings, daemon: Document | None, held: Holder | None, told: Document) -> Document:
    """One document with the same keys whether or not a daemon runs and a database is there."""
    session, running = told.get("session") or {}, daemon or {}
    at_work = held is not None and bool(held.socket)
    return {
        "recording": daemon is not None,
        "pid": running.get("pid", held.pid if held and at_work else None),
        "version": running.get("version", session.get("version")),
        "uptime_s": running.get("uptime_s"),
        "config": running.get("config") if daemon else str(settings.path) if settings.path else None,
        "counters": running.get("counters") or {name: session.get(name) or 0 for name in COUNTERS},
        "counters_known": bool(running.get("counters") or session.get("end_ms")),
        "dropped_reasons": running.get("dropped_reasons", {}),
        **{key: running.get(key) for key in ("cpu_percent", "rss_bytes")},
        "last_commit": running.get("last_commit", session.get("last_seen")),
        **{key: running.get(key) for key in ("flush_ms", "late_ms", "stuck")},
        **{key: told.get(key) for key in ("flush_p95_ms", "late_p95_ms", "written_bytes_per_hour")},
        "database": {
            "path": str(settings.database),
            "bytes": file_size(settings.database),
            "wal_bytes": file_size(wal_path(settings.database)),
        },
        "machine": told.get("machine"),
        "workloads": told.get("workloads"),
        "next_runs": running.get("next_runs", {}),
        "samplers": running.get("samplers", []),
        "tails": running.get("tails", []),
        "pools": running.get("pools", []),
        "gaps": told.get("gaps", []) + ([] if at_work else _open_gap(session)),
        "recoveries": told.get("recoveries", []),
        "alerts": told.get("alerts", []),
        "kept": told.get("kept"),
        "last_session": session or None,
    }


def _open_gap(session: Document) -> list[Document]:
    """The hole that is still open while nothing records."""
    if not session:
        return []
    return [{"from_ms": session["last_seen"], "to_ms": None, "reason": "stopped"}]


def _of_daemon(daemon: Document, settings: Settings, now_ms: int) -> list[str]:
    """What is wrong with a daemon that answers."""
    found: list[str] = []
    if daemon.get("stuck"):
        found.append(f"nothing can be written: {daemon['stuck']}")
    stalled = daemon.get("stalled") or []
    found += [f"the {part} has hung for half a minute: its stack is in the log" for part in stalled]
    if late := _no_commit_since(daemon, settings, now_ms):
        found.append(f"nothing was committed for {long_span(late)}: look into the recorder's log")
    if dropped := daemon.get("counters", {}).get("dropped"):
        reasons = ", ".join(f"{name} {count:,}" for name, count in daemon.get("dropped_reasons", {}).items())
        found.append(f"{dropped:,} records were dropped ({reasons})")
    found += [
        f"sampler {sampler['name']} is {sampler['state']}: {sampler.get('reason') or 'see the log'}"
        for sampler in daemon.get("samplers", [])
        if sampler.get("state") in ("failing", "hanging")
    ]
    found += [fault for tail in daemon.get("tails", []) for fault in _of_tail(tail)]
    found += [fault for pool in daemon.get("pools", []) for fault in _of_pool(pool, now_ms)]
    if daemon.get("version", __version__) != __version__:
        found.append(f"the recorder is version {daemon['version']}, this is {__version__}: restart it")
    return found


def _of_tail(tail: Document) -> Iterator[str]:
    """What is wrong with a log that is followed."""
    if tail["error"]:
        yield f"tail {tail['name']}: {tail['error']}"
    if lost := tail["lost_parts"]:
        parts = "a part of its log was" if lost == 1 else f"{lost} parts of its log were"
        remedy = "rotate with delaycompress; `collector import` reads a packed one"
        yield f"tail {tail['name']}: {parts} gone before it was read: {remedy}"
    if lines := tail["unread_lines"]:
        asked = "; is `prefix` the server's log_line_prefix?" if tail["format"] == "postgresql" else ""
        yield f"tail {tail['name']}: {not_understood(lines, tail['unread_example'])}{asked}"


def _of_pool(pool: Document, now_ms: int) -> Iterator[str]:
    """What is wrong with a connection pool."""
    if pool["state"] not in ("failing", "waiting"):
        return
    since = long_span(max(0, now_ms - pool["since_ms"]) / 1000)
    if pool["state"] == "waiting":
        yield f"pool {pool['name']}: callers have waited for a connection for {since}: {pool['reason']}"
    elif pool["failures"] == 1:
        yield f"pool {pool['name']}: the last look failed: {pool['reason']}"
    else:
        yield f"pool {pool['name']}: {pool['failures']:,} looks in {since} failed: {pool['reason']}"


def _no_commit_since(daemon: Document, settings: Settings, now_ms: int) -> float:
    """Seconds since the last commit, or 0 while that is no longer than it should be."""
    last, sampling = daemon.get("last_commit"), settings.sampling
    if last is None:
        return 0.0
    age = (now_ms - int(last)) / 1000
    return age if age > max(_LATEST_COMMIT_SECONDS, 3 * max(sampling.every, sampling.on_battery)) else 0.0


def _of_file(database: Path) -> list[str]:
    """What is wrong with the file."""
    wal = file_size(wal_path(database))
    if wal <= _LARGE_WAL:
        return []
    return [f"the write-ahead log has grown to {size(wal)}: some program keeps the database open for reading"]


def _no_ballast(settings: Settings) -> list[str]:
    """That it was thrown off, or never taken on, where the disk is too full to take it on now."""
    where = settings.collector
    free = Room(settings.database, where.minimum_free, where.ballast).free_bytes()
    plenty = where.minimum_free + (1 + PLENTY) * where.ballast
    if not where.ballast or file_size(ballast_path(settings.database)) or free is None or free >= plenty:
        return []
    purpose = "the ballast, which upkeep lives on when the disk is full, is not there"
    return [f"{purpose}: {size(free)} are free, and it is taken on again from {size(plenty)} on"]


def next_runs(settings: Settings) -> dict[str, int]:
    """When the running daemon starts each workload next, name → ms; empty when none runs."""
    daemon, _ = _daemon(holder(settings.database))
    found: dict[str, int] = (daemon or {}).get("next_runs", {})
    return found
