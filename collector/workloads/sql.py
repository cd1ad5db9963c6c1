"""Workloads that are a query: run in a process of its own that can only read."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from collector import redact, targets
from collector.settings import Text, WorkloadSettings
from collector.units import Duration, span
from collector.workloads import statement
from collector.workloads.base import Result, Spawner, workload_kind
from collector.workloads.child import result_of, spec_for, told
from collector.workloads.literals import shown_plan, shown_statement, without_literals
from collector.workloads.secrets import known_secrets
from collector.workloads.spawn import interpreter
from collector.workloads.sql_child.job import LOCKED, NO_PLAN

# The child ends a late query itself and can still explain it; the runner ends a child that hangs,
# by TERM, which the child does not catch: its tree is gone within the three seconds of every run.
HEADROOM_SECONDS = 2.0
# What the child measured around the query; the figures of its whole process are mostly Python's.
COLUMNS = (
    *("wall_ms", "connect_ms", "execute_ms", "fetch_ms", "rows", "plan"),
    *("user_ms", "system_ms", "read_bytes", "written_bytes"),
)


class Sql(WorkloadSettings, frozen=True, kw_only=True):
    """``database`` is a URL: ``sqlite:///~/app.db``, ``postgresql://user@host/name``, ``mysql://…``.

    It is read in a transaction that cannot write. What a server's function does besides writing tables only
    the rights of the URL's user can limit: give it one that may only read. The password may come from a
    variable or a file. A run over ``slow`` is warned of and explained;
    without it the threshold of all queries counts.
    """

    database: Text
    query: Text
    password_env: Text | None = None
    password_file: Path | None = None
    slow: Duration | None = None

    def faults(self) -> Iterator[tuple[str, str]]:
        """A database that can be named; one place for the password, and a safe one."""
        yield from super().faults()
        yield from targets.faults(self)
        if fault := statement.fault(self.query, targets.scheme(self.database)):
            yield "query", fault

    def command_line(self) -> str:
        """The kind of database, and the query with ``?`` for its literals; the rest stays in the config."""
        scheme = targets.scheme(self.database)
        shown = redact.redacted(shown_statement(self.query, scheme))
        return redact.shortened(f"{scheme}: {shown}", redact.LONGEST)


@workload_kind("sql", Sql)
def run(workload: Sql, spawner: Spawner) -> Result:
    """Run the query once. ``wall_ms`` is connect, execute and fetch together, to the last row."""
    path = targets.sqlite_path(workload.database, workload.cwd)
    if path is not None and not path.exists():
        return Result("failed", f"there is no file {path}")
    try:
        password = targets.password(workload)
    except targets.NoPassword as error:
        return Result("failed", str(error))
    spec = spec_for(
        workload,
        interpreter(sys.executable, ("-I",), "sql_child.main"),
        payload=json.dumps(_job(workload, password)).encode(),
        report=True,
        timeout=workload.timeout + HEADROOM_SECONDS,
    )
    report = spawner.run(spec)
    secrets = known_secrets(workload) | redact.values("password", password or "")
    return _judged(workload, password, result_of(report, workload.timeout, secrets), told(report))


def _judged(workload: Sql, password: str | None, process: Result, said: dict[str, Any] | None) -> Result:
    """The result of the query, from how its process ended and what it said before."""
    if said is None:
        kept = ("output", "wall_ms") if process.stopped else ("output",)
        printed = {name: value for name, value in process.measured.items() if name.startswith(kept)}
        if process.outcome == "ok":
            return Result("failed", "it ended without a report", printed, process.cpu_ms)
        detail = process.detail and targets.without_secrets(process.detail, workload.database, password)
        return replace(process, detail=detail, measured=printed)
    scheme = targets.scheme(workload.database)
    measured = {name: said[name] for name in COLUMNS if said.get(name) is not None}
    if "plan" in measured:
        measured["plan"] = _plan(measured["plan"], workload, password)
    if said.get("late"):
        late = LOCKED if said["error"] == LOCKED else f"took longer than {span(workload.timeout)}"
        return Result("timeout", late, measured, process.cpu_ms)
    error = said.get("error")
    if error is None:
        return Result("ok", None, measured, process.cpu_ms, query=(workload.query, scheme))
    return Result("failed", _without_secrets(error, workload, password), measured, process.cpu_ms)


def _plan(plan: str, workload: Sql, password: str | None) -> str:
    """A plan without literals; a reason why there is none, as any other thing that a database says."""
    if plan.startswith(NO_PLAN):
        return _without_secrets(plan, workload, password)
    return shown_plan(plan, targets.scheme(workload.database))


def _without_secrets(said: str, workload: Sql, password: str | None) -> str:
    """What a database said, without the password and the literals of the statement."""
    said = without_literals(said, workload.query, targets.scheme(workload.database))
    return redact.redacted(targets.without_secrets(said, workload.database, password))


def _job(workload: Sql, password: str | None) -> dict[str, Any]:
    limits = [limit * 1000 for limit in (workload.budget, workload.slow) if limit is not None]
    return {
        "url": targets.child_url(workload.database, workload.cwd),
        "query": workload.query,
        "timeout": float(workload.timeout),
        "password": password,
        "explain_over_ms": min(limits, default=None),
    }
