"""Runs workloads, and writes each run down with the state that the machine was in."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from collector import clock
from collector.log import Folded, get_logger
from collector.records.run import Run
from collector.redact import redacted, shortened, without
from collector.settings import WorkloadSettings
from collector.units import duration
from collector.workloads.base import KINDS, Outcome, Result, Spawner
from collector.workloads.execution import execution
from collector.workloads.exposure import Guard
from collector.workloads.noise import Conditions, conditions
from collector.workloads.secrets import known_secrets
from collector.workloads.stamp import git_stamp
from collector.workloads.telling import Telling, over_budget

if TYPE_CHECKING:
    from collector.readings.state import Look, Meter

__all__ = ["Runs", "Subject", "over_budget"]

log = get_logger("workloads")

Put = Callable[[float, list[msgspec.Struct]], None]

COLUMNS = frozenset(field.column_name for field in Run._meta.sorted_fields)
# Texts are cut to what their columns take. One that is longer is a fault of a program, not of the run.
LONGEST: dict[str, int] = {"output": 70_000, "detail": 2_000, "plan": 20_000, "command": 1_000}


@dataclass(frozen=True, slots=True)
class Subject:
    """What is run, as the ledger knows it. ``budget`` is in seconds; ``secrets`` no detail may hold."""

    name: str
    kind: str
    command: str
    cwd: Path | None = None
    budget: float | None = None
    secrets: frozenset[str] = field(default=frozenset(), repr=False)


class Runs:
    """Runs workloads one at a time per call; safe to call from many threads.

    ``slow_query`` is the threshold of single queries, in seconds; it may be changed while it runs.
    """

    def __init__(self, put: Put, children: Spawner, meter: Meter, boot_id: str, slow_query: float) -> None:
        self.slow_query = slow_query
        self._put = put
        self._children = children
        self._meter = meter
        self._boot_id = boot_id
        self._crashed = Folded(log, "workload.crashed", level="error")
        self._telling = Telling()
        self._guard = Guard()
        self._idle = threading.Condition()
        self._under_way: dict[object, tuple[Subject, clock.Instant]] = {}

    def run(self, workload: WorkloadSettings) -> msgspec.Struct:
        """Run ``workload`` once, put the record of it and return it. Never raises for what it runs."""
        workload = self._with_threshold(workload)
        record, result = self._timed(_subject(workload), lambda: self._permitted(workload))
        if result is not None:
            self._telling.ran(record, stopped=result.stopped)
        return record

    def time(self, subject: Subject, work: Callable[[], Result]) -> msgspec.Struct:
        """Do ``work`` once, put the record of it and return it; for runs that no config names, too."""
        return self._timed(subject, work)[0]

    def abandon(self) -> int:
        """Put a row for each run that is still under way, and none when it ends after all; how many.

        For the recorder's stop, after `wait_idle`: no run is lost that it cannot wait for.
        """
        with self._idle:
            abandoned = list(self._under_way.values())
            self._under_way.clear()
            self._idle.notify_all()
            for subject, since in abandoned:
                went_on = duration((time.monotonic() - since.monotonic) * 1000)
                detail = f"still going on after {went_on} when the recorder stopped"
                record = self._without_figures(subject, since.wall_ms, "failed", detail)
                self._put(time.monotonic(), [record])
                self._telling.ran(record, stopped=True)
        return len(abandoned)

    def missed(self, workload: WorkloadSettings, at_ms: int, detail: str) -> None:
        """Note a run that was due at ``at_ms`` and did not happen."""
        self._note(workload, at_ms, "missed", detail)

    def overlapped(self, workload: WorkloadSettings, at_ms: int, detail: str) -> None:
        """Note a run that was due at ``at_ms`` while the one before went on."""
        self._note(workload, at_ms, "overlapped", detail)

    def wait_idle(self, longest: float) -> bool:
        """Wait up to ``longest`` seconds until nothing runs; whether that came about."""
        with self._idle:
            return self._idle.wait_for(lambda: not self._under_way, longest)

    def _timed(self, subject: Subject, work: Callable[[], Result]) -> tuple[msgspec.Struct, Result | None]:
        """The record, and the result unless the run was abandoned meanwhile and has its row already."""
        run = object()
        with self._idle:
            self._under_way[run] = subject, clock.now()
        try:
            record, result = self._recorded(subject, work)
            with self._idle:  # so that it is put here or by `abandon`, never by both or neither
                if run not in self._under_way:
                    return record, None
                self._put(time.monotonic(), [record, *_execution(record, result)])
            return record, result
        finally:
            with self._idle:
                self._under_way.pop(run, None)
                self._idle.notify_all()

    def _recorded(self, subject: Subject, work: Callable[[], Result]) -> tuple[msgspec.Struct, Result]:
        commit, dirty = git_stamp(subject.cwd)
        start = clock.now()
        before = self._look()
        result = self._guarded(subject, work)
        found = self._conditions(before, result.cpu_ms)
        record = Run.record(
            **_fitting(
                {
                    **result.measured,
                    **found._asdict(),
                    "workload": subject.name,
                    "workload_kind": subject.kind,
                    "command": subject.command,
                    "timestamp": start.wall_ms,
                    "outcome": result.outcome,
                    "detail": result.detail and redacted(without(result.detail, subject.secrets)),
                    "budget_ms": None if subject.budget is None else subject.budget * 1000,
                    "git_commit": commit,
                    "git_dirty": dirty,
                    "boot_id": self._boot_id,
                }
            )
        )
        return record, result

    def _permitted(self, workload: WorkloadSettings) -> Result:
        """Run it, unless root would run what others can change."""
        refusal = self._guard.refusal(workload)
        return KINDS[workload.kind].run(workload, self._children) if refusal is None else refusal

    def _guarded(self, subject: Subject, work: Callable[[], Result]) -> Result:
        """One of the three edges: a kind that breaks costs its own run, and nothing else."""
        try:
            return _checked(work())
        except Exception as error:  # noqa: BLE001  # told by name and count, and stored as this run's outcome
            reason = without(f"{type(error).__name__}: {error}", subject.secrets)
            self._crashed.happened(time.monotonic(), name=subject.name, error=redacted(reason))
            return Result("crashed", reason)

    def _look(self) -> Look | None:
        try:
            look = self._meter.look()
        except OSError:
            return None  # without /proc a run has its time, and no state of the machine
        self._meter.note(look)
        return look

    def _conditions(self, before: Look | None, cpu_ms: float) -> Conditions:
        after = self._look()
        if before is None or after is None:
            return Conditions()
        try:
            return conditions(self._meter.state(before, after), cpu_ms / 1000)
        except OSError:
            return Conditions()

    def _with_threshold(self, workload: WorkloadSettings) -> WorkloadSettings:
        """Kinds that know a threshold of slowness get the general one where they have none."""
        if getattr(workload, "slow", 0) is None:
            return msgspec.structs.replace(workload, slow=self.slow_query)
        return workload

    def _note(self, workload: WorkloadSettings, at_ms: int, outcome: Outcome, detail: str) -> None:
        record = self._without_figures(_subject(workload), at_ms, outcome, detail)
        self._put(time.monotonic(), [record])
        self._telling.say(True, f"workload.{outcome}", workload.name, detail=detail)

    def _without_figures(self, subject: Subject, at_ms: int, outcome: Outcome, detail: str) -> msgspec.Struct:
        return Run.record(
            workload=subject.name,
            workload_kind=subject.kind,
            command=shortened(subject.command, LONGEST["command"]),
            timestamp=at_ms,
            outcome=outcome,
            detail=shortened(detail, LONGEST["detail"]),
            boot_id=self._boot_id,
        )


def _execution(record: Any, result: Result) -> list[msgspec.Struct]:
    return [execution(record, *result.query)] if result.query else []


def _subject(workload: WorkloadSettings) -> Subject:
    return Subject(
        workload.name,
        workload.kind,
        workload.command_line(),
        workload.cwd,
        workload.budget,
        known_secrets(workload),
    )


def _checked(result: Result) -> Result:
    """Raises TypeError for a kind that measures what no column holds: the record would be lost."""
    if strange := result.measured.keys() - COLUMNS:
        raise TypeError(f"a run has no columns {', '.join(sorted(strange))}")
    return result


def _fitting(columns: dict[str, Any]) -> dict[str, Any]:
    """Texts as the table can hold them: bounded, without NUL and without halves of characters."""
    return {
        name: shortened(_clean(value), LONGEST.get(name, 200)) if isinstance(value, str) else value
        for name, value in columns.items()
    }


def _clean(text: str) -> str:
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
