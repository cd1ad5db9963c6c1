"""Settings of workloads as a config would make them, without a config."""

from __future__ import annotations

from typing import Any, TypeVar

from collector.settings import WorkloadSettings
from collector.units import Duration

W = TypeVar("W", bound=WorkloadSettings)


def made(kind: type[W], **keys: Any) -> W:
    """A workload of ``kind``, named ``it``, each minute; times may be given as plain seconds."""
    for name in ("timeout", "budget", "slow"):
        if name in keys:
            keys[name] = Duration(keys[name])
    return kind(**{"name": "it", "kind": kind.__name__.lower(), "every": Duration(60), **keys})


def faults(workload: WorkloadSettings) -> dict[str, str]:
    """What `collector check` would say of it, by key."""
    return dict(workload.faults())
