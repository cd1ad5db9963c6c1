"""One look at a pool, in a child process: what was found, or why nothing was."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from collector import targets
from collector.pool_settings import PoolSettings
from collector.redact import redacted
from collector.workloads.base import Spawner
from collector.workloads.child import result_of, told
from collector.workloads.environment import environment
from collector.workloads.spawn import interpreter

FOLDER = str(Path(__file__).parent)
WITHOUT_LOOK = ("stopped", "missed")  # the recorder stops: nobody's fault

Found = list[dict[str, Any]]


class Failed(Exception):
    """Nothing was found; the reason holds no secret. ``stopped`` when only the recorder's stop was it."""

    def __init__(self, reason: str, *, stopped: bool = False) -> None:
        super().__init__(reason)
        self.stopped = stopped


def looked_at(pool: PoolSettings, spawner: Spawner) -> Found:
    """Columns of `Pool` for each pool found, without name and moment. Raises Failed."""
    try:
        password = targets.password(pool)
    except targets.NoPassword as error:
        raise Failed(str(error)) from None
    timeout = pool.longest_look_s
    report = spawner.run(
        {
            "argv": _words(),
            "env": environment(),
            "timeout": timeout,
            "payload": json.dumps(_job(pool, password, timeout)).encode(),
            "report": True,
        }
    )
    if report["ended"] in WITHOUT_LOOK:
        raise Failed("the recorder stops", stopped=True)
    said = told(report)
    if said is not None and "pools" in said:
        return list(said["pools"])
    reason = result_of(report, timeout).detail if said is None else said["error"]
    raise Failed(_safe(reason or "it ended without a report", pool, password))


def _words() -> list[str]:
    """The child needs nothing but the standard library, so it starts without site-packages.

    The last word is the folder of its scripts: ours instead of the workloads'.
    """
    return [*interpreter(sys.executable, ("-I", "-S"), "pool_child.main")[:-1], FOLDER]


def _job(pool: PoolSettings, password: str | None, timeout: float) -> dict[str, Any]:
    return {
        "kind": pool.kind,
        "url": pool.database,
        "password": password,
        "timeout": timeout,
        "libraries": [*_of_the_wheel(), "libpq.so.5"],
    }


def _of_the_wheel() -> Iterator[str]:
    """The libpq that psycopg's binary wheel brings along; without it psycopg uses the system's, as we do."""
    found = find_spec("psycopg_binary")
    for folder in (found and found.submodule_search_locations) or ():
        for path in Path(folder).with_name("psycopg_binary.libs").glob("libpq-*.so*"):
            yield str(path)


def _safe(reason: str, pool: PoolSettings, password: str | None) -> str:
    return redacted(targets.without_secrets(reason, pool.database, password))
