"""One job: connect, look, report."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable
from typing import Any

from . import pgbouncer, postgresql
from .libpq import Connection, Refused, loaded

REPORT_FD = 3
LONGEST_FAULT = 2000

# Takes the connection, what connecting took in ms, and the seconds that a statement may take.
Look = Callable[[Connection, float, float], list[dict[str, Any]]]
LOOKS: dict[str, Look] = {"postgresql": postgresql.look, "pgbouncer": pgbouncer.look}


def main() -> None:
    """Read the job from stdin, look, and report on fd 3: ``pools`` with columns of `Pool`, or ``error``."""
    job = json.loads(sys.stdin.buffer.read())
    try:
        report: dict[str, Any] = {"pools": _looked(job)}
    except Refused as reason:
        report = {"error": str(reason)[:LONGEST_FAULT]}
    with open(REPORT_FD, "w", encoding="utf-8") as out:
        json.dump(report, out)


def _looked(job: dict[str, Any]) -> list[dict[str, Any]]:
    keys = {
        "dbname": job["url"],
        "application_name": "collector",
        # libpq waits whole seconds, at least two; the runner ends what takes longer than it may.
        "connect_timeout": str(max(2, math.ceil(job["timeout"]))),
    }
    if job["password"] is not None:
        keys["password"] = job["password"]
    library = loaded(job["libraries"])
    begun = time.perf_counter()
    connection = Connection(library, keys)
    return LOOKS[job["kind"]](connection, (time.perf_counter() - begun) * 1000, job["timeout"])
