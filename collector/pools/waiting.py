"""Warns when callers have waited for a connection of one pool for a minute or more."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import nsmallest
from typing import Any

from collector.log import Folded, get_logger
from collector.records.base import KINDS_BY_MODEL
from collector.records.pool import Pool

log = get_logger("pools")

# A minute, of which two looks a minute apart may lack a little: the second one may answer faster.
PATIENCE_MS = 58_000
# Looks may be five minutes apart, and one of them half a minute late.
HOLE_MS = 330_000
MOST = 1000
MOST_TOLD = 20  # at `health`

_POOL = KINDS_BY_MODEL[Pool].struct
_Key = tuple[str, str]


class _Queue:
    """The callers that wait for one pool: since which record, and until which."""

    def __init__(self, since_ms: int) -> None:
        self.since_ms = self.last_ms = since_ms
        self.advice = ""
        self.said = Folded(log, "pool.waiting")

    def goes_on(self, at_ms: int) -> None:
        """Callers wait at ``at_ms`` too; after a hole it begins anew."""
        if abs(at_ms - self.last_ms) > HOLE_MS:
            self.since_ms = at_ms
        self.last_ms = at_ms

    @property
    def is_long(self) -> bool:
        """Whether they have waited for long enough to tell."""
        return self.last_ms - self.since_ms >= PATIENCE_MS


class Waiting:
    """Hears every pool record that was stored, from the config's looks and from applications.

    A pool is known by its own name and its database's. Several processes that report under one name are
    one pool to it: a record without waiting callers ends the wait. At most 1,000 pools with waiting
    callers are kept, and the one that was heard of least recently goes first. For one thread, but that
    any may ask for its `health`.
    """

    def __init__(self) -> None:
        self._queues: dict[_Key, _Queue] = {}

    def stored(self, records: Iterable[Any], now: float) -> None:
        """Look at ``records`` of any kind at ``now``, in monotonic seconds; warn at most every 30 s."""
        for record in records:
            if type(record) is _POOL:
                self._heard(record, now)

    def health(self, now_ms: int) -> list[dict[str, Any]]:
        """The pools whose callers have waited for a minute, the 20 longest first; what to do is ``reason``.

        One that was not heard of for long is left out: whoever reported it may have ended.
        """
        queues = self._queues.copy()  # at once, since another thread changes it
        found = [
            {"name": name, "state": "waiting", "since_ms": queue.since_ms, "reason": queue.advice}
            for (name, _), queue in queues.items()
            if queue.is_long and abs(now_ms - queue.last_ms) <= HOLE_MS
        ]
        return nsmallest(MOST_TOLD, found, key=lambda row: row["since_ms"])

    def _heard(self, record: Any, now: float) -> None:
        key = record.pool_name, record.database_name
        queue = self._queues.get(key)
        if queue is not None and -HOLE_MS <= record.recorded_at - queue.last_ms < 0:
            return  # it came late, and something newer is known; further back the clock was set
        if record.waiting_connections:
            self._waits(key, record, now)
        elif queue is not None:
            del self._queues[key]
            queue.said.over(pool=key[0], database=key[1])

    def _waits(self, key: _Key, record: Any, now: float) -> None:
        queue = self._queues.pop(key, None) or _Queue(record.recorded_at)
        queue.goes_on(record.recorded_at)
        queue.advice = _advice(record)
        if len(self._queues) >= MOST:
            del self._queues[next(iter(self._queues))]
        self._queues[key] = queue  # behind all others: the first was heard of least recently
        if queue.is_long:
            queue.said.happened(now, **_told(record, record.recorded_at - queue.since_ms))


def _told(record: Any, for_ms: int) -> dict[str, Any]:
    return {
        "pool": record.pool_name,
        "database": record.database_name,
        "waiting": record.waiting_connections,
        "for_s": round(for_ms / 1000),
        "total": record.total_connections,
        "max_connections": record.max_connections,
        "advice": _advice(record),
    }


def _advice(record: Any) -> str:
    """What to do next, by what the record says of the pool."""
    most = record.max_connections or record.total_connections
    if record.active_connections >= most > 0:
        return "all connections are lent out: look for what holds one for long, or allow the pool more"
    if record.connection_errors or not record.total_connections:
        return "connecting takes long or fails: see whether the database is up and takes this user"
    return (
        "the pool is not full: look for what holds them up, such as a lock (pg_blocking_pids) or a slow login"
    )
