"""The pools of the config: looks become records, and looks that fail become warnings, never zeros."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import msgspec

from collector import clock
from collector.log import Folded, get_logger
from collector.pool_settings import LONGEST_NAME, PoolSettings
from collector.pools.looking import Failed, Found, looked_at
from collector.records.pool import Pool
from collector.redact import shortened
from collector.workloads.base import Spawner

log = get_logger("pools")

Put = Callable[[float, list[msgspec.Struct]], None]


class _Failures:
    """Looks at one pool that failed since the last good one, and how often that was said."""

    def __init__(self) -> None:
        self.count = 0
        self.said = Folded(log, "pool.failed")


class Pools:
    """Looks at pools, each from one thread at a time; ``put`` takes what was found."""

    def __init__(self, put: Put, spawner: Spawner) -> None:
        self._put = put
        self._spawner = spawner
        self._failures: dict[str, _Failures] = {}

    def look(self, pool: PoolSettings) -> None:
        """Take one look; what was found is put, and a failure is logged, at most every 30 s.

        The next good look stores how many failed before it as ``connection_errors``, in each of its
        records.
        """
        failures = self._failures.setdefault(pool.name, _Failures())
        try:
            found = looked_at(pool, self._spawner)
        except Failed as error:
            if not error.stopped:
                failures.count += 1
                failures.said.happened(time.monotonic(), pool=pool.name, kind=pool.kind, error=str(error))
            return
        errors, failures.count = failures.count, 0
        self._put(time.monotonic(), _records(pool.name, found, errors))
        failures.said.over(pool=pool.name, kind=pool.kind)

    def keep(self, pools: Iterable[PoolSettings]) -> None:
        """Forget the failures of all pools but these; for a config that was read again."""
        names = {pool.name for pool in pools}
        self._failures = {name: kept for name, kept in self._failures.items() if name in names}


def _records(name: str, found: Found, errors: int) -> list[msgspec.Struct]:
    now_ms = clock.now().wall_ms
    return [
        Pool.record(
            **{**columns, "database_name": shortened(columns["database_name"], LONGEST_NAME)},
            pool_name=name,
            connection_errors=errors,
            recorded_at=now_ms,
        )
        for columns in found
    ]
