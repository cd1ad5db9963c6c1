"""Workloads that are a query: run in a process of its own that can only read."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from collector import redact, targets
from collector.settings import Text, WorkloadSettings
from collector.units import Duration, span
from collector.workloads.base import Result, Spawner, workload_kind
from collector.workloads.child import result_of, spec_for, told
from collector.workloads.spawn import interpreter
from collector.workloads.sql_child.job import LOCKED

# How a statement that only reads begins. COPY, DO and CALL could write files through a server.
READING = {
    "sqlite": ("select", "with", "values", "pragma", "explain"),
    "postgresql": ("select", "with", "values", "table", "show", "explain"),
    "mysql": ("select", "with", "values", "table", "show", "explain", "describe"),
}
_FIRST_WORD = re.compile(r"(?:\s|\(|--[^\n]*(?:\n|$)|/\*.*?\*/)*([a-z]+)", re.IGNORECASE | re.DOTALL)
# A read-only transaction keeps tables as they are, but would let a server write files. Comments may stand
# between the words, and MySQL runs what stands in those that begin with /*! and a number.
_TO_FILE = re.compile(r"into\b.*(?:out|dump)file", re.IGNORECASE | re.DOTALL)
# Functions that write past the transaction: large objects (held back only since PostgreSQL 16), files and
# other connections. Against slips of the pen: other functions may call them, which only rights can limit.
_WRITING_CALL = re.compile(
    r"\b(lo_(?:import|export|creat|create|from_bytea|put|unlink|truncate\w*)|lowrite|pg_file_\w+|dblink\w*)\s*\(",
    re.IGNORECASE,
)
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
        if fault := _query_fault(self.query, targets.scheme(self.database)):
            yield "query", fault

    def command_line(self) -> str:
        """The query and its kind of database; the rest of the URL stays in the config."""
        scheme = targets.scheme(self.database)
        return redact.shortened(f"{scheme}: {redact.redacted(' '.join(self.query.split()))}", redact.LONGEST)


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
    return _judged(workload, password, result_of(report, workload.timeout), told(report))


def _judged(workload: Sql, password: str | None, process: Result, said: dict[str, Any] | None) -> Result:
    """The result of the query, from how its process ended and what it said before."""
    if said is None:
        kept = ("output", "wall_ms") if process.stopped else ("output",)
        printed = {name: value for name, value in process.measured.items() if name.startswith(kept)}
        if process.outcome == "ok":
            return Result("failed", "it ended without a report", printed, process.cpu_ms)
        detail = process.detail and targets.without_secrets(process.detail, workload.database, password)
        return replace(process, detail=detail, measured=printed)
    measured = {name: said[name] for name in COLUMNS if said.get(name) is not None}
    if said.get("late"):
        late = LOCKED if said["error"] == LOCKED else f"took longer than {span(workload.timeout)}"
        return Result("timeout", late, measured, process.cpu_ms)
    error = said.get("error")
    if error is None:
        query = workload.query, targets.scheme(workload.database)
        return Result("ok", None, measured, process.cpu_ms, query=query)
    error = redact.redacted(targets.without_secrets(error, workload.database, password))
    return Result("failed", error, measured, process.cpu_ms)


def _job(workload: Sql, password: str | None) -> dict[str, Any]:
    limits = [limit * 1000 for limit in (workload.budget, workload.slow) if limit is not None]
    return {
        "url": targets.child_url(workload.database, workload.cwd),
        "query": workload.query,
        "timeout": float(workload.timeout),
        "password": password,
        "explain_over_ms": min(limits, default=None),
    }


def _query_fault(query: str, scheme: str) -> str | None:
    """What is wrong with a statement, in words; that it writes no table, the database sees to itself."""
    words = READING.get(scheme, ())
    found = _FIRST_WORD.match(query)
    if found is None:
        return "must be a statement"
    if words and found[1].lower() not in words:
        return f"must only read: begin with {', '.join(words)}"
    if scheme == "mysql" and _TO_FILE.search(query):
        return "must only read: no INTO OUTFILE"
    call = _WRITING_CALL.search(query) if scheme == "postgresql" else None
    return f"must only read: {call[1]} writes past the transaction" if call else None
