"""The reference workload: a known database and known queries, so that the machine itself is measured."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import Annotated, Any

import msgspec

from collector.errors import CollectorError
from collector.settings import WorkloadSettings, default_folder
from collector.workloads.base import Result, Spawner, workload_kind
from collector.workloads.child import result_of, spec_for, told
from collector.workloads.spawn import interpreter
from collector.workloads.taskboard import DEFAULT_TASKS, LARGEST, SMALLEST

Tasks = Annotated[
    int,
    msgspec.Meta(ge=SMALLEST, le=LARGEST, description=f"a whole number from {SMALLEST} to {LARGEST}"),
]
# What the child measured; the figures of its whole process are mostly Python's and the filling's.
COLUMNS = ("wall_ms", "user_ms", "system_ms", "rows")


class Reference(WorkloadSettings, frozen=True, kw_only=True):
    """``size`` is how many tasks the taskboard holds. It stands in cwd, else beside the recorder's database.

    Its targets are those of the source documents; a run that misses one has failed.
    """

    in_config_folder = False

    size: Tasks = DEFAULT_TASKS

    def command_line(self) -> str:
        """What is measured."""
        return f"taskboard of {self.size:,} tasks"


@workload_kind("reference", Reference)
def run(workload: Reference, spawner: Spawner, stricter: float = 1.0) -> Result:
    """Run all operations some times. ``wall_ms`` is the sum of the timed ones: the machine's own pace.

    Targets are divided by ``stricter``.
    """
    try:
        folder = workload.cwd or default_folder()
    except CollectorError as error:
        return Result("failed", error.message)
    job = {"folder": str(folder), "size": workload.size, "stricter": stricter}
    argv = interpreter(sys.executable, ("-I",), "taskboard.child")
    report = spawner.run(spec_for(workload, argv, payload=json.dumps(job).encode(), report=True))
    return _judged(result_of(report, workload.timeout), told(report))


def _judged(process: Result, said: dict[str, Any] | None) -> Result:
    """The result of the operations, from how their process ended and what it said before."""
    kept = ("output", "wall_ms") if said is None and process.stopped else ("output",)
    measured = {name: value for name, value in process.measured.items() if name.startswith(kept)}
    if said is None:
        if process.outcome == "ok":
            return Result("failed", "it ended without a report", measured, process.cpu_ms)
        return replace(process, measured=measured)
    measured |= {name: said[name] for name in COLUMNS if said.get(name) is not None}
    return Result("failed" if said["error"] else "ok", said["error"], measured, process.cpu_ms)
