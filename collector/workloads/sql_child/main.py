"""One job: connect, execute and fetch are timed apart; what is over its limit is explained afterwards.

Or a plan alone, or the statistics of a database; what these need is loaded for them only.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .job import LOCKED, NO_PLAN, Database, Job, Refused

REPORT_FD = 3
PLAN_CHARACTERS = 20_000


def main() -> None:
    """Read the job from stdin, run it, report on fd 3."""
    job = Job(**json.loads(sys.stdin.buffer.read()))
    scheme = job.url.partition(":")[0]
    made: type[Database] = importlib.import_module(f".{scheme}", __package__).Database
    try:
        if job.ask == "time":
            report = measure(made(job), job.explain_over_ms)
        else:
            report = answered(made(job), job, f".{scheme}_stats")
    except Refused as reason:  # there is no driver, or the URL has what nobody knows
        report = {"error": str(reason)}
    with open(REPORT_FD, "w", encoding="utf-8") as out:
        json.dump(report, out)


def measure(database: Database, explain_over_ms: float | None) -> dict[str, Any]:
    """Run the three steps, each with its time in ms, up to the first that is refused."""
    report: dict[str, Any] = {"error": None, "late": False}
    before, disk = resource.getrusage(resource.RUSAGE_SELF), _disk()
    try:
        with _clock(report, "connect_ms"):
            database.connect()
        with _clock(report, "execute_ms"):
            database.execute()
        # Databases compute rows while they are fetched, so the clock runs until the last one.
        with _clock(report, "fetch_ms"):
            report["rows"] = database.fetch()
    except Refused as reason:
        report |= {"error": str(reason)[:2000], "late": reason.late}
    after = resource.getrusage(resource.RUSAGE_SELF)
    report["user_ms"] = (after.ru_utime - before.ru_utime) * 1000
    report["system_ms"] = (after.ru_stime - before.ru_stime) * 1000
    report |= {name: count - disk[name] for name, count in _disk().items()}
    report["wall_ms"] = sum(report.get(name, 0.0) for name in ("connect_ms", "execute_ms", "fetch_ms"))
    if "execute_ms" in report and (_ran_out(report) or _over(report, explain_over_ms)):
        report["plan"] = _plan(database)
    return report


def answered(database: Database, job: Job, statistics: str) -> dict[str, Any]:
    """The plan of the query, or the statistics of the database by the module that knows them."""
    try:
        database.connect()
        if job.ask == "explain":
            return {"plan": database.plan()[:PLAN_CHARACTERS]}
        module = importlib.import_module(statistics, __package__)
        return {"stats": module.stats(database, job)}
    except Refused as reason:
        return {"error": str(reason)[:2000], "late": reason.late}


def _ran_out(report: dict[str, Any]) -> bool:
    """Whether the query took too long; to ask a locked database for a plan would wait once more."""
    return bool(report["late"]) and report["error"] != LOCKED


def _over(report: dict[str, Any], limit_ms: float | None) -> bool:
    return report["error"] is None and limit_ms is not None and report["wall_ms"] > limit_ms


def _plan(database: Database) -> str:
    try:
        return database.plan()[:PLAN_CHARACTERS]
    except Refused as reason:
        return f"{NO_PLAN}{reason}"


@contextmanager
def _clock(report: dict[str, Any], name: str) -> Iterator[None]:
    """Time the block, whether or not it succeeds."""
    start = time.perf_counter()
    try:
        yield
    finally:
        report[name] = (time.perf_counter() - start) * 1000


def _disk() -> dict[str, int]:
    """Bytes that this process has read from and written to disks. Source: proc_pid_io(5)."""
    with open("/proc/self/io", encoding="ascii") as file:
        lines = dict(line.split(": ") for line in file)
    return {"read_bytes": int(lines["read_bytes"]), "written_bytes": int(lines["write_bytes"])}
