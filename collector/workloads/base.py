"""What a workload kind is: a struct of settings, and a function that runs one of them once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, Protocol, TypeVar

from collector.registry import Registry
from collector.settings import WorkloadSettings

Outcome = Literal["ok", "failed", "timeout", "missed", "overlapped", "crashed"]

W = TypeVar("W", bound=WorkloadSettings)


@dataclass(frozen=True, slots=True)
class Result:
    """How one run ended. ``measured`` holds columns of `Run` (``wall_ms``, ``rows``, …).

    ``cpu_ms`` is the processor time of all that it started, whether or not that is a column: it
    tells its own load from that of others. ``stopped`` marks a run that the recorder's own stop cut
    off, which is nobody's fault. ``query`` is the statement that it ran, and its dialect: an execution of
    it is recorded besides.
    """

    outcome: Outcome
    detail: str | None = None
    measured: dict[str, Any] = field(default_factory=dict)
    cpu_ms: float = 0.0
    stopped: bool = False
    query: tuple[str, str] | None = None


class Spawner(Protocol):
    """Starts children through the runner process, and can end all of them (see `spawn`)."""

    def run(self, spec: dict[str, Any]) -> dict[str, Any]:
        """Run one child to its end; the runner's report."""
        ...


@dataclass(frozen=True, slots=True)
class WorkloadKind(Generic[W]):
    """A kind by the name that the config uses for it."""

    name: str
    settings: type[W]
    run: Callable[[W, Spawner], Result]


KINDS: Registry[WorkloadKind[Any]] = Registry("workload kind")


def workload_kind(
    name: str, settings: type[W]
) -> Callable[[Callable[[W, Spawner], Result]], Callable[[W, Spawner], Result]]:
    """Announce the decorated function as what runs workloads of kind ``name``."""

    def announce(run: Callable[[W, Spawner], Result]) -> Callable[[W, Spawner], Result]:
        KINDS.add(name, WorkloadKind(name, settings, run))
        return run

    return announce


def settings_by_kind() -> dict[str, type[WorkloadSettings]]:
    """What `collector.settings.load` needs to know about the kinds there are."""
    return {kind.name: kind.settings for kind in KINDS.values()}
