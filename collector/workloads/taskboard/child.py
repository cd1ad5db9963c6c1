"""The process of one reference run: measures, prints the table, reports on fd 3."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from collector.errors import CollectorError
from collector.store.database import told

from .measure import Measured, measuring
from .place import folder_in, nearest
from .table import show, verdict

REPORT_FD = 3
# So many of each, always the same amount of work: about a second of processor time with all around it.
RUNS = 2


def main() -> None:
    """Read the job from stdin, do it, report."""
    job = json.loads(sys.stdin.buffer.read())
    try:
        report = _run(Path(job["folder"]), job["size"], job["stricter"])
    except CollectorError as error:
        report = {"error": error.message}
    with open(REPORT_FD, "w", encoding="utf-8") as out:
        json.dump(report, out)


def _run(parent: Path, size: int, stricter: float) -> dict[str, Any]:
    with folder_in(nearest(parent), size) as folder, told(parent):
        found = [item for item in measuring(folder, size, RUNS, stricter) if item is not None]
    show(found)
    return _report(found)


def _report(found: Sequence[Measured]) -> dict[str, Any]:
    """Columns of `Run`: the timed operations alone, neither Python's start nor the filling."""
    return {
        "error": verdict(found) if any(item.missed for item in found) else None,
        "wall_ms": sum(sum(item.times_ms) for item in found),
        "user_ms": sum(item.user_ms for item in found),
        "system_ms": sum(item.system_ms for item in found),
        "rows": sum(len(item.times_ms) for item in found),
    }
