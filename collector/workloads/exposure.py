"""What others could change of that which a workload runs: refused as root, warned of otherwise.

Root runs nothing that another user could have written: such a config is refused, and since a file may
change later, so is each run. Any other user can harm nobody but themselves by it, and may well share a
folder with those they trust: they are warned, once in the log and in every `collector check`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple, Protocol, runtime_checkable

from collector.log import get_logger
from collector.settings import Settings, WorkloadSettings
from collector.workloads.base import Result
from collector.workloads.program import program_exposures, variable_exposures

log = get_logger("workloads")

REFUSED = "root runs nothing that others can change: "


@runtime_checkable
class Exposed(Protocol):
    """Settings of a kind that runs what the config names."""

    def exposures(self) -> Iterator[tuple[str, str]]:
        """How others could change what it runs: (key, fault)."""
        ...


class Exposure(NamedTuple):
    """One way in which others could change what a workload runs; ``fault`` says what to do about it."""

    workload: str
    key: str
    fault: str


def refused(workload: WorkloadSettings) -> Iterator[tuple[str, str]]:
    """Faults of a config that root must not run: (key, fault); none for anybody else."""
    if os.geteuid() == 0:
        for exposure in _exposures(workload):
            yield exposure.key, f"{REFUSED}{exposure.fault}"


def of(settings: Settings) -> list[Exposure]:
    """What others could change of that which a config has run: its workloads, and ``on_alert``.

    A user other than root is warned of it; root's config is refused.
    """
    found = [found for workload in settings.workloads for found in _exposures(workload)]
    return found + of_alerts(settings)


def of_alerts(settings: Settings) -> list[Exposure]:
    """The same of ``on_alert`` alone."""
    words = settings.alerts.on_alert
    faults = program_exposures(words, None, ()) if words else []
    return [Exposure("", "alerts.on_alert", fault) for fault in faults]


def _exposures(workload: WorkloadSettings) -> Iterator[Exposure]:
    if isinstance(workload, Exposed):
        for key, fault in workload.exposures():
            yield Exposure(workload.name, key, fault)
    # Every kind starts a child, which is given them.
    for fault in variable_exposures(workload.env, workload.cwd):
        yield Exposure(workload.name, "env", fault)


class Guard:
    """Stands before each run; may be asked from many threads."""

    def __init__(self) -> None:
        self._warned: set[Exposure] = set()

    def refusal(self, workload: WorkloadSettings) -> Result | None:
        """The result of a run that root does not begin; others are warned and go on."""
        found = list(_exposures(workload))
        if found and os.geteuid() == 0:
            return Result("failed", f"not run: {REFUSED}{found[0].fault}")
        for exposure in found:
            if exposure not in self._warned:
                self._warned.add(exposure)
                log.warning(
                    "workload.exposed", name=exposure.workload, key=exposure.key, fault=exposure.fault
                )
        return None
