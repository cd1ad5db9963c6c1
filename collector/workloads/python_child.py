"""Calls one function and times it: runs in the interpreter of the workload, be it older than ours.

Standard library only, and nothing of this package. The job is JSON on stdin, the report JSON on fd 3.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time

REPORT_FD = 3

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def main() -> None:
    """Import, call, report. What the function raises is reported and then left to Python to print."""
    os.set_inheritable(REPORT_FD, False)  # the report is ours alone
    job = json.loads(sys.stdin.buffer.read())
    sys.argv = [job["callable"]]
    started = ended = None
    try:
        function = find(job["callable"])
        started = time.perf_counter()
        answer = function()
        ended = time.perf_counter()
        if hasattr(answer, "__await__"):
            raise TypeError("it is async, so nothing has run yet: name a function that runs it")
    finally:
        ended = ended or time.perf_counter()
        report = {"wall_ms": (ended - started) * 1000 if started else None, "error": raised()}
        os.write(REPORT_FD, json.dumps(report).encode())
        os.close(REPORT_FD)


def find(name: str) -> Callable[[], Any]:
    """The object named ``module:function``; importing it is not timed."""
    module, _, path = name.partition(":")
    found = importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    return found  # type: ignore[return-value]  # calling it tells


def raised() -> str | None:
    """The exception that is on its way, as ``Type: message``; None for a plain return or exit."""
    kind, error, _ = sys.exc_info()
    if kind is None or (isinstance(error, SystemExit) and not error.code):
        return None
    return f"{kind.__name__}: {error}"[:2000]
