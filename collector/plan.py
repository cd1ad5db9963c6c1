"""What a config means: which samplers are read how often, and when each workload runs."""

from __future__ import annotations

import os
from collections import defaultdict
from typing import Any

from collector.errors import DatabaseError
from collector.intake.tails.paths import files
from collector.opened import any_reader
from collector.samplers.base import SAMPLERS
from collector.schedule import next_times
from collector.settings import PoolSettings, Settings, TailSettings, WorkloadSettings
from collector.store import schema
from collector.store.database import file_size
from collector.workloads import exposure

Row = dict[str, Any]

NEXT = 3
_PLACE = "set `database` under [collector] to a place this user can write"


def planned(settings: Settings, now_ms: int) -> Row:
    """The plan as one document; times in milliseconds since the epoch."""
    return {
        "config": None if settings.path is None else str(settings.path),
        "problems": [],
        "database": str(settings.database),
        "durability": settings.collector.durability,
        "socket": str(settings.socket),
        "sampling": _sampling(settings),
        "off": list(settings.sampling.off),
        "summaries": _summaries(settings),
        "parallel": settings.runs.parallel,
        "workloads": [_workload(workload, now_ms) for workload in settings.workloads],
        "tails": [_tail(tail) for tail in settings.tails],
        "pools": [_pool(pool) for pool in settings.pools],
        "exposed": [found._asdict() for found in exposure.of(settings)],
    }


def _tail(tail: TailSettings) -> Row:
    """A log may come later, but a slip of the pen should be seen."""
    return {
        "name": tail.source,
        "format": tail.format,
        "path": str(tail.path),
        "files": len(files(tail.path)),
    }


def _pool(pool: PoolSettings) -> Row:
    return {
        "name": pool.name,
        "kind": pool.kind,
        "every_s": float(pool.every),
        "timeout_ms": round(pool.longest_look_s * 1000),
    }


def _summaries(settings: Settings) -> Row:
    """How often they are refreshed; a taskboard may come later, but a slip of the pen should be seen."""
    taskboard = settings.summaries.taskboard
    return {
        "every_s": float(settings.summaries.every),
        "taskboard": None if taskboard is None else str(taskboard),
        "taskboard_is_there": None if taskboard is None else file_size(taskboard) > 0,
    }


def refuse_place(settings: Settings) -> None:
    """Raise DatabaseError when recording could not begin where the config says."""
    path = settings.database
    try:
        if path.is_dir() or file_size(path):
            with any_reader(settings) as database:
                schema.refuse_newer(database, path)
        near = next(place for place in (path, *path.parents) if place.exists())
    except OSError as error:
        raise DatabaseError(f"{path}: {error.strerror or error}", hint=_PLACE) from None
    if not os.access(near, os.W_OK):
        where = "it" if near == path else f"in {near}"
        raise DatabaseError(f"{path}: this user may not write {where}", hint=_PLACE)


def _sampling(settings: Settings) -> list[Row]:
    """The samplers that are on, together where they share an interval."""
    sampling = settings.sampling
    groups: dict[float, list[str]] = defaultdict(list)
    for sampler in SAMPLERS.values():
        if sampler.name not in sampling.off:
            groups[float(sampler.every(settings) or sampling.every)].append(sampler.name)
    return [
        {"every_s": every, "on_battery_s": max(every, sampling.on_battery), "samplers": names}
        for every, names in sorted(groups.items())
    ]


def _workload(workload: WorkloadSettings, now_ms: int) -> Row:
    return {
        "name": workload.name,
        "kind": workload.kind,
        "command": workload.command_line(),
        "every": None if workload.every is None else str(workload.every),
        "cron": workload.cron,
        "timeout_ms": round(workload.timeout * 1000),
        "budget_ms": None if workload.budget is None else round(workload.budget * 1000),
        "next": next_times(workload, now_ms, NEXT),
    }
