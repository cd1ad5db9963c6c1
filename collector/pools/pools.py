"""The pools of the config: looks become records, and looks that fail become warnings, never zeros."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

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
Row = dict[str, Any]


class _Failures(NamedTuple):
    """The looks at one pool that failed since the last good one: since when, and why the last of them."""

    times: int
    since_ms: int
    reason: str


class _Looks:
    """What the looks at one pool came to; ``failures`` is None after a good one."""

    def __init__(self) -> None:
        self.taken = False
        self.failures: _Failures | None = None
        self.said = Folded(log, "pool.failed")

    def failed(self, reason: str) -> None:
        """Count one more failure."""
        before = self.failures
        since_ms = before.since_ms if before else clock.now().wall_ms
        self.taken, self.failures = True, _Failures(before.times + 1 if before else 1, since_ms, reason)

    def good(self) -> int:
        """The failures before this one, which are forgotten."""
        before, self.taken, self.failures = self.failures, True, None
        return before.times if before else 0


class Pools:
    """Looks at pools, each from one thread at a time; ``put`` takes what was found."""

    def __init__(self, put: Put, spawner: Spawner) -> None:
        self._put = put
        self._spawner = spawner
        self._looks: dict[str, _Looks] = {}

    def look(self, pool: PoolSettings) -> None:
        """Take one look; what was found is put, and a failure is logged, at most every 30 s.

        The next good look stores how many failed before it as ``connection_errors``, in each of its
        records.
        """
        looks = self._looks.setdefault(pool.name, _Looks())
        try:
            found = looked_at(pool, self._spawner)
        except Failed as error:
            if not error.stopped:
                looks.failed(str(error))
                looks.said.happened(time.monotonic(), pool=pool.name, kind=pool.kind, error=str(error))
            return
        self._put(time.monotonic(), _records(pool.name, found, looks.good()))
        looks.said.over(pool=pool.name, kind=pool.kind)

    def keep(self, pools: Iterable[PoolSettings]) -> None:
        """Forget the failures of all pools but these; for a config that was read again."""
        names = {pool.name for pool in pools}
        self._looks = {name: kept for name, kept in self._looks.items() if name in names}

    def health(self, pools: Iterable[PoolSettings], waits: Iterable[Row]) -> list[Row]:
        """How each of ``pools`` is, then every other one that callers wait for; for any thread.

        ``waits`` are those of `Waiting.health`. Rows have ``name``, ``kind``, ``state``, ``since_ms``,
        ``failures`` and ``reason``. The state is ``new`` before the first look, then ``ok``, ``failing``
        or ``waiting``; the kind of a pool that only applications report is ``reported``.
        """
        longest = {wait["name"]: wait for wait in sorted(waits, key=_since_ms, reverse=True)}
        rows = [self._health(pool, longest.pop(pool.name, None)) for pool in pools]
        return rows + [_row(name, "reported", wait) for name, wait in longest.items()]

    def _health(self, pool: PoolSettings, wait: Row | None) -> Row:
        looks = self._looks.get(pool.name)
        if looks and (failures := looks.failures):
            found: Row = {
                "state": "failing",
                "since_ms": failures.since_ms,
                "failures": failures.times,
                "reason": failures.reason,
            }
        else:
            found = wait or {"state": "ok" if looks and looks.taken else "new"}
        return _row(pool.name, pool.kind, found)


def _since_ms(wait: Row) -> int:
    return int(wait["since_ms"])


def _row(name: str, kind: str, found: Row) -> Row:
    rest: Row = {"since_ms": None, "failures": 0, "reason": None}
    return {"name": name, "kind": kind, "state": found["state"], **{k: found.get(k, rest[k]) for k in rest}}


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
