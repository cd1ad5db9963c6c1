"""Workloads that are a Python function, called in a process of its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from collector.homes import home_expanded
from collector.settings import Text, WorkloadSettings
from collector.workloads.base import Result, Spawner, workload_kind
from collector.workloads.child import result_of, spec_for, told
from collector.workloads.exposure import refused
from collector.workloads.imported import module_exposures, searched_first
from collector.workloads.program import program_exposures, program_fault
from collector.workloads.secrets import known_secrets
from collector.workloads.spawn import interpreter


class Python(WorkloadSettings, frozen=True, kw_only=True):
    """``callable`` is ``module:function``; the module is looked for in cwd first.

    ``python`` is the interpreter, by name or path, from Python 3.7 on; without it the recorder's own.
    """

    callable: Text
    python: Text | None = None

    def faults(self) -> Iterator[tuple[str, str]]:
        """Names that can be imported; an interpreter that is there."""
        yield from super().faults()
        module, colon, function = self.callable.partition(":")
        names = [part for name in (module, function) for part in name.split(".")]
        good_name = bool(colon) and all(name.isidentifier() for name in names)
        if not good_name:
            yield "callable", "must be module:function, such as app.bench:rank"
        fault = self.python and program_fault(self._interpreter, self.cwd, self.env)
        if fault:
            yield "python", fault
        if good_name and not fault:
            yield from refused(self)

    def exposures(self) -> Iterator[tuple[str, str]]:
        """How others could change the interpreter, the module, or the folders that are searched first.

        The folders of another interpreter than ours are not known without running it.
        """
        if self.python is not None:
            faults = program_exposures((self._interpreter,), self.cwd, self.env)
            yield from (("python", fault) for fault in faults)
        cwd = self.cwd or Path("/")
        first = [cwd, *searched_first(cwd, self.env)]
        rest = sys.path if self.python is None else []
        faults = module_exposures(self.callable.partition(":")[0], first, rest)
        yield from (("callable", fault) for fault in faults)

    def command_line(self) -> str:
        """The callable; it takes no arguments."""
        return self.callable[:1000]

    @property
    def _interpreter(self) -> str:
        return str(home_expanded(Path(self.python))) if self.python else sys.executable


@workload_kind("python", Python)
def run(workload: Python, spawner: Spawner) -> Result:
    """Call it once. ``wall_ms`` is the call alone; the other figures are those of its whole process."""
    argv = interpreter(workload._interpreter, (), "python_child")
    payload = json.dumps({"callable": workload.callable}).encode()
    report = spawner.run(spec_for(workload, argv, payload=payload, report=True))
    return _judged(result_of(report, workload.timeout, known_secrets(workload)), told(report))


def _judged(process: Result, said: dict[str, object] | None) -> Result:
    """The result of the call, from how its process ended and what it said before."""
    measured = dict(process.measured)
    outcome, detail = process.outcome, process.detail
    if said is None:
        if outcome != "timeout" and not process.stopped:
            measured.pop("wall_ms", None)  # there was no call, only a process
        if outcome == "ok":
            outcome, detail = "failed", "the call ended its process without returning"
    else:
        measured |= {"wall_ms": said["wall_ms"]}
        if not process.stopped:  # else whatever it said when it was told to end
            if outcome == "timeout":
                detail = "the call returned, but its process did not end"
            elif outcome == "ok" and said["wall_ms"] is None:
                outcome, detail = "failed", "exited before the call"
            elif outcome == "failed":
                detail = str(said["error"] or f"the call returned, but its process ended with {detail}")
    return replace(process, outcome=outcome, detail=detail, measured=measured)
