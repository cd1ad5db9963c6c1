"""The connection pool of a SQLAlchemy engine: how many connections, and how long callers wait for one.

    pool = sqlalchemy_pool.watch_pool(engine, every_seconds=15)
    pool.report()   # now
    pool.stop()

A record is made at most every ``every_seconds``, by whoever has just taken a connection or gives one
back, and counts as active: there is no thread, so an idle pool is silent. Times, their mean and maximum,
and errors are those since the record before. ``active``, ``idle`` and ``total`` are the pool's own figures
where it has them (``QueuePool`` and its asyncio sibling), otherwise counted from its events since the
watch began. ``waiting`` counts the callers inside ``pool.connect()`` at that moment, those that open a new
connection among them. When the engine is disposed of, its new pool is watched.

What it cannot see:

| not seen | why |
|---|---|
| connections made before the watch, for pools other than ``QueuePool`` | nobody counted them |
| how long a connection is held | an application that holds one for long is no fault of the pool |
| the server's own limits, and a proxy's pool behind it | another machine |
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from pathlib import PurePath
from typing import Any

from sqlalchemy import event

from collector.client.hooks.base import Recorder, attempt, plain, report

_LONGEST_NAME = 50


def watch_pool(
    engine: Any, *, name: str | None = None, every_seconds: float = 15.0, client: Recorder | None = None
) -> PoolWatch:
    """Report on the pool of an Engine or AsyncEngine from now on, at most every ``every_seconds``.

    ``name`` is the record's ``pool_name``, by default the pool's class.
    """
    return PoolWatch(getattr(engine, "sync_engine", engine), name, every_seconds, client)


class PoolWatch:
    """The watch of one engine's pool; safe to use from several threads."""

    def __init__(self, engine: Any, name: str | None, every_seconds: float, client: Recorder | None) -> None:
        self._engine = engine
        self._name = name
        self._every_seconds = every_seconds
        self._client = client
        # A lost connection is given back by the garbage collector, in the middle of anything.
        self._lock = threading.RLock()
        self._counted = _Counted()
        self._next_s = time.monotonic() + every_seconds
        self._undo_pool = self._attach()
        event.listen(engine, "engine_disposed", self._disposed)

    def report(self) -> None:
        """Make a record now."""
        attempt("sqlalchemy_pool", self._report)

    def stop(self) -> None:
        """Watch no longer; a second call does nothing."""
        self._next_s = math.inf  # a later watch may still go through ours
        self._undo_pool()
        if event.contains(self._engine, "engine_disposed", self._disposed):
            event.remove(self._engine, "engine_disposed", self._disposed)

    def _disposed(self, _engine: Any) -> None:
        attempt("sqlalchemy_pool", self._follow)

    def _follow(self) -> None:
        # The new pool has inherited the listeners of the old one, which go with those: none counts twice.
        self._undo_pool()
        with self._lock:
            self._counted.now.update(total=0, active=0)
        self._undo_pool = self._attach()

    def _attach(self) -> Callable[[], None]:
        """Listen to the pool that the engine has now."""
        pool = self._engine.pool
        events = {
            "connect": lambda *_: self._count(total=1),
            "close": lambda *_: self._count(total=-1),
            "checkout": lambda *_: self._count(active=1),
            "checkin": lambda *_: self._given_back(),
            "invalidate": lambda _dbapi, _record, error: self._count(errors=int(error is not None)),
        }
        for identifier, listener in events.items():
            event.listen(pool, identifier, listener)
        undo_connect = self._time_connect(pool)

        def undo() -> None:
            undo_connect()
            for identifier, listener in events.items():
                if event.contains(pool, identifier, listener):
                    event.remove(pool, identifier, listener)

        return undo

    def _time_connect(self, pool: Any) -> Callable[[], None]:
        """Time `pool.connect`: no event tells when the waiting for a connection begins."""
        real = pool.connect

        def connect() -> Any:
            started_ns = time.perf_counter_ns()
            self._count(waiting=1)
            try:
                connection = real()
            except BaseException:
                self._count(waiting=-1, errors=1)
                self._report_if_due()
                raise
            self._count(waiting=-1, took_ms=(time.perf_counter_ns() - started_ns) / 1e6)
            self._report_if_due()
            return connection

        def undo() -> None:
            if vars(pool).get("connect") is connect:
                del pool.connect

        pool.connect = connect
        return undo

    def _given_back(self) -> None:
        self._report_if_due()
        self._count(active=-1)

    def _count(self, *, took_ms: float | None = None, **changes: int) -> None:
        with self._lock:
            self._counted.change(took_ms, changes)

    def _report_if_due(self) -> None:
        now_s = time.monotonic()
        with self._lock:
            due = now_s >= self._next_s
            if due:
                self._next_s = now_s + self._every_seconds
        if due:
            self.report()

    def _report(self) -> None:
        pool = self._engine.pool
        with self._lock:
            fields = self._counted.fields()
        own = (getattr(pool, "checkedout", None), getattr(pool, "checkedin", None))
        if own[0] is not None and own[1] is not None:
            fields["active_connections"], fields["idle_connections"] = max(own[0](), 0), max(own[1](), 0)
            fields["total_connections"] = fields["active_connections"] + fields["idle_connections"]
        report(self._client, "pool", {**self._names(pool), **fields})

    def _names(self, pool: Any) -> dict[str, Any]:
        url = self._engine.url
        database = PurePath((url.database or "").partition("?")[0]).name
        return {
            "pool_name": plain(self._name or type(pool).__name__, _LONGEST_NAME),
            "database_name": plain(database, _LONGEST_NAME) or url.get_backend_name(),
            "recorded_at": time.time_ns() // 1_000_000,
        }


class _Counted:
    """What events told of: connections since the watch began, times and errors since the last record."""

    def __init__(self) -> None:
        self.now = {"total": 0, "active": 0, "waiting": 0}
        self._forget()

    def _forget(self) -> None:
        self.errors = 0
        self.waits = 0
        self.sum_ms = 0.0
        self.max_ms = 0.0

    def change(self, took_ms: float | None, changes: dict[str, int]) -> None:
        """Count what one event says."""
        self.errors += changes.get("errors", 0)
        for name in self.now.keys() & changes.keys():
            self.now[name] = max(self.now[name] + changes[name], 0)
        if took_ms is not None:
            self.waits += 1
            self.sum_ms += took_ms
            self.max_ms = max(self.max_ms, took_ms)

    def fields(self) -> dict[str, Any]:
        """The columns they make; times and errors begin anew."""
        total, active = max(self.now["total"], self.now["active"]), self.now["active"]
        made = {
            "total_connections": total,
            "active_connections": active,
            "idle_connections": total - active,
            "waiting_connections": self.now["waiting"],
            "avg_connection_time_ms": self.sum_ms / self.waits if self.waits else None,
            "max_connection_time_ms": self.max_ms if self.waits else None,
            "connection_errors": self.errors,
        }
        self._forget()
        return made
