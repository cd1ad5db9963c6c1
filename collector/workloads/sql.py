"""Workloads that are a query: run in a process of its own that can only read."""

from __future__ import annotations

import json
import os
import re
import stat
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from collector import redact
from collector.registry import nearest
from collector.settings import Text, WorkloadSettings
from collector.units import Duration, span
from collector.workloads.base import Result, Spawner, workload_kind
from collector.workloads.child import result_of, spec_for, told
from collector.workloads.spawn import interpreter
from collector.workloads.sql_child.job import LOCKED

SCHEMES = ("sqlite", "postgresql", "mysql")
SQLITE = "sqlite:///"
# How a statement that only reads begins. COPY, DO and CALL could write files through a server.
READING = {
    "sqlite": ("select", "with", "values", "pragma", "explain"),
    "postgresql": ("select", "with", "values", "table", "show", "explain"),
    "mysql": ("select", "with", "values", "table", "show", "explain", "describe"),
}
_FIRST_WORD = re.compile(r"(?:\s|\(|--[^\n]*(?:\n|$)|/\*.*?\*/)*([a-z]+)", re.IGNORECASE | re.DOTALL)
_TO_FILE = re.compile(r"\binto\s+(?:out|dump)file\b", re.IGNORECASE)
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

    The password may come from a variable or a file. A run over ``slow`` is warned of and explained;
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
        if fault := _url_fault(self.database, self.cwd):
            yield "database", fault
        if fault := _query_fault(self.query, self.database.partition(":")[0]):
            yield "query", fault
        if self.password_env and self.password_file:
            yield "password_file", "give only one of password_env and password_file"
        if self.password_file and (fault := _file_fault(self.password_file)):
            yield "password_file", fault

    def command_line(self) -> str:
        """The query and its kind of database; the rest of the URL stays in the config."""
        scheme = self.database.partition(":")[0]
        return redact.shortened(f"{scheme}: {redact.redacted(' '.join(self.query.split()))}", redact.LONGEST)


@workload_kind("sql", Sql)
def run(workload: Sql, spawner: Spawner) -> Result:
    """Run the query once. ``wall_ms`` is connect, execute and fetch together, to the last row."""
    path = _sqlite_path(workload.database, workload.cwd)
    if path is not None and not path.exists():
        return Result("failed", f"there is no file {path}")
    try:
        password = _password(workload)
    except OSError as error:
        return Result("failed", f"cannot read password_file: {error.strerror}")
    if workload.password_env and password is None:
        return Result("failed", f"the variable {workload.password_env} of password_env is not set")
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
        return replace(process, measured=printed)
    measured = {name: said[name] for name in COLUMNS if said.get(name) is not None}
    if said.get("late"):
        late = LOCKED if said["error"] == LOCKED else f"took longer than {span(workload.timeout)}"
        return Result("timeout", late, measured, process.cpu_ms)
    error = said.get("error")
    if error is None:
        return Result("ok", None, measured, process.cpu_ms)
    secrets = {password, unquote(urlsplit(workload.database).password or "")} - {None, ""}
    for secret in secrets:
        error = error.replace(secret, "***")
    return Result("failed", redact.redacted(error), measured, process.cpu_ms)


def _job(workload: Sql, password: str | None) -> dict[str, Any]:
    path = _sqlite_path(workload.database, workload.cwd)
    limits = [limit * 1000 for limit in (workload.budget, workload.slow) if limit is not None]
    return {
        "url": f"sqlite:{quote(str(path))}" if path else workload.database,
        "query": workload.query,
        "timeout": float(workload.timeout),
        "password": password,
        "explain_over_ms": min(limits, default=None),
    }


def _password(workload: Sql) -> str | None:
    if workload.password_file:
        return workload.password_file.read_text(encoding="utf-8").removesuffix("\n")
    return os.environ.get(workload.password_env) if workload.password_env else None


def _sqlite_path(url: str, cwd: Path | None) -> Path | None:
    """The file that a sqlite URL names, or None where it names none that can be found."""
    if not url.startswith(SQLITE) or url == SQLITE:
        return None
    path = Path(url.removeprefix(SQLITE)).expanduser()
    return path if path.is_absolute() else cwd / path if cwd else None


def _url_fault(url: str, cwd: Path | None) -> str | None:
    """What is wrong with a database URL, in words."""
    scheme, mark, _ = url.partition("://")
    if not mark or scheme not in SCHEMES:
        hint = nearest(scheme, SCHEMES) if mark else ""
        return f"must begin with sqlite:///, postgresql:// or mysql://{hint}"
    if scheme == "sqlite" and _sqlite_path(url, cwd) is None:
        return "must be sqlite:////absolute/path, sqlite:///~/path, or a path from cwd where that is given"
    try:
        urlsplit(url).port  # noqa: B018  # asking is what checks it
    except ValueError as error:
        return f"is not a URL: {error}"
    return None


def _query_fault(query: str, scheme: str) -> str | None:
    """What is wrong with a statement, in words; that it writes no table, the database sees to itself."""
    words = READING.get(scheme, ())
    found = _FIRST_WORD.match(query)
    if found is None:
        return "must be a statement"
    if words and found[1].lower() not in words:
        return f"must only read: begin with {', '.join(words)}"
    # A read-only transaction keeps tables as they are, but would let a server write files.
    return "must only read: no INTO OUTFILE" if _TO_FILE.search(query) else None


def _file_fault(path: Path) -> str | None:
    """What is wrong with a file that holds a password, in words."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return error.strerror or str(error)
    if not stat.S_ISREG(mode):
        return "is not a file"
    return f"others can read it; run `chmod 600 {path}`" if mode & 0o077 else None
