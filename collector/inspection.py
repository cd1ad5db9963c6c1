"""Plans and statistics of other databases: asked for by the process that alone loads a driver.

A command's business, and no kind of workload: no statement is run, nothing is written. What a planner
evaluates on its way happens in a transaction that only reads, for a few seconds at most.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any, NamedTuple

from collector import redact, targets
from collector.errors import CollectorError, UsageError
from collector.fingerprint.cutting import REDACTION
from collector.plans import as_dialect, explainable
from collector.units import span
from collector.workloads.base import Spawner
from collector.workloads.child import result_of, told
from collector.workloads.environment import environment
from collector.workloads.spawn import interpreter
from collector.workloads.sql import HEADROOM_SECONDS
from collector.workloads.sql_child.job import LOCKED

SECONDS = 30.0

_READING = ("select", "with", "values", "table")
_WRITING = ("insert", "update", "delete", "replace", "merge")
_WRITES = re.compile(rf"\b(?:{'|'.join(_WRITING)})\b", re.IGNORECASE)
_FIRST_WORD = re.compile(r"[\s(]*+([a-z]+)", re.IGNORECASE)


class Target(NamedTuple):
    """A database by its URL, and where its password is; as `targets.Target` has it."""

    database: str
    cwd: Path | None = None
    password_env: str | None = None
    password_file: Path | None = None


def explain(target: targets.Target, sql: str, spawner: Spawner, seconds: float = SECONDS) -> str:
    """How a database goes about ``sql``, which is not run; with all literals that the database shows.

    PostgreSQL's planner evaluates functions marked IMMUTABLE of constant arguments, so that one of your own
    may run: in a read-only transaction, under a ``statement_timeout``. Source: xfunc-volatility.html.

    Placeholders of any kind may stand for values. Raises UsageError for what cannot be explained, and
    CollectorError when the database or its driver refuses, in one sentence without the password.
    """
    statement, writes = _checked(sql, targets.scheme(target.database))
    dialect = as_dialect(targets.scheme(target.database))
    prepared = explainable(statement, dialect)
    job = {"ask": "explain", "query": prepared.sql, "values": prepared.values, "writes": writes}
    return str(_answer(target, job, spawner, seconds)["plan"])


def stats(target: targets.Target, spawner: Spawner, seconds: float = SECONDS) -> dict[str, Any]:
    """What a database is made of and how it is used, as the module of its kind in `sql_child` tells it.

    Raises CollectorError when the database or its driver refuses, in one sentence without the password.
    """
    found: dict[str, Any] = _answer(target, {"ask": "stats", "query": ""}, spawner, seconds)["stats"]
    return found


def shown_url(url: str) -> str:
    """A URL without the password in it."""
    return redact.redacted(re.sub(r"(?<=://)([^/@:]*):[^/]*@", r"\1@", url))


def _checked(sql: str, scheme: str) -> tuple[str, bool]:
    """The statement without comments and what ends it, and whether it writes when it is run."""
    dialect = as_dialect(scheme)
    bare = REDACTION[dialect].sub(
        lambda found: " " if found[0].startswith(("--", "/*", "#")) else found[0], sql
    )
    bare = bare.strip().rstrip("; \t\r\n")
    if bare.endswith("…"):
        raise UsageError("only the beginning of this statement is stored: it is too long to be explained")
    if ";" in REDACTION[dialect].sub(" ", bare):
        raise UsageError("only one statement can be explained", hint="give it without what follows the ;")
    first = _FIRST_WORD.match(bare)
    word = first[1].lower() if first else ""
    if word not in (*_READING, *_WRITING):
        allowed = ", ".join(word.upper() for word in (*_READING, *_WRITING))
        raise UsageError(f"only one statement can be explained, that begins with {allowed}", hint=_hint(word))
    return bare, word in _WRITING or (word == "with" and bool(_WRITES.search(bare)))


def _hint(word: str) -> str:
    return "give it without the EXPLAIN" if word in ("explain", "analyze") else ""


def _answer(target: targets.Target, job: dict[str, Any], spawner: Spawner, seconds: float) -> dict[str, Any]:
    path = targets.sqlite_path(target.database, target.cwd)
    if path is not None and not path.exists():
        raise CollectorError(
            f"there is no file {path}", hint="look at the path, or name another with --database URL"
        )
    try:
        password = targets.password(target)
    except targets.NoPassword as error:
        raise CollectorError(str(error)) from None
    whole = {
        "url": targets.child_url(target.database, target.cwd),
        "timeout": seconds,
        "password": password,
        **job,
    }
    report = spawner.run({
        "argv": interpreter(sys.executable, ("-I",), "sql_child.main"),
        "env": environment(),
        "payload": json.dumps(whole).encode(),
        "report": True,
        "timeout": seconds + HEADROOM_SECONDS,
    })  # fmt: skip
    said = told(report)
    if said is None:
        detail = result_of(report, seconds).detail or "its process ended without a report"
        raise CollectorError(_named(target, detail, password))
    if said.get("error"):
        late = said.get("late") and said["error"] != LOCKED
        detail = f"took longer than {span(seconds)}" if late else said["error"]
        raise CollectorError(_named(target, detail, password), hint="give it more --timeout" if late else "")
    return said


def _named(target: targets.Target, detail: str, password: str | None) -> str:
    """A refusal with the database that it comes from, in one line and without the password."""
    said = " ".join(f"{shown_url(target.database)}: {detail}".split())
    return redact.redacted(targets.without_secrets(said, target.database, password))
