"""How a command writes: through the daemon while one runs, else with the same writer code under the lock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from collector.errors import CollectorError
from collector.intake import protocol
from collector.intake.protocol import Delivery
from collector.settings import Settings
from collector.store.buffer import Outcome
from collector.store.lock import holder
from collector.submit.directly import Directly
from collector.submit.lines import as_lines
from collector.submit.through import Through
from collector.submit.turn import Turn
from collector.submit.way import Answer, Load, Moved, Way, merge

__all__ = ["PATIENCE_SECONDS", "Answer", "Load", "Send", "Store", "sink", "store", "submit"]

PATIENCE_SECONDS = 30.0  # for one batch of many
_LONGEST_SECONDS = 5.0  # for a small thing that somebody waits for
_SETTLE_SECONDS = 3.0  # in which a daemon that starts or stops has done so
_LOOK_SECONDS = 0.05
# After fewer records than this more are not expected at once; opening costs as much as writing so many.
_MANY = 100
_IDLE_SECONDS = 0.05

Send = Callable[[Sequence[Any]], Answer]
Store = Callable[[Load], Answer]


def submit(settings: Settings, items: Sequence[dict[str, Any]]) -> Answer:
    """Store records given as JSON objects with ``kind``; returns the daemon's answer, or one like it.

    Raises CollectorError when they could not be stored, with the reason.
    """
    with sink(settings, _LONGEST_SECONDS) as send:
        answer = send(items)
    if answer["rejected"]:
        first = answer["rejected"][0]
        raise CollectorError(f"record {first['position'] + 1} was refused: {first['reason']}")
    return answer


@contextmanager
def store(settings: Settings) -> Iterator[Store]:
    """What stores loads of records that we made ourselves; otherwise as `sink`."""
    made = _Sink(settings, PATIENCE_SECONDS)
    try:
        yield made.store
    finally:
        made.close()


@contextmanager
def sink(settings: Settings, patience_seconds: float = PATIENCE_SECONDS) -> Iterator[Send]:
    """What stores any number of records, call by call; nothing is opened before the first.

    A call returns one answer as the daemon gives it; positions count over the records of that call. A
    record without ``id`` is given one, so that what has to be sent again is never stored twice. Raises
    CollectorError when records could not be stored within ``patience_seconds``.
    """
    made = _Sink(settings, patience_seconds)
    try:
        yield made.send
    finally:
        made.close()


class _Sink:
    """Splits what is to be sent into lines, and finds the way for each.

    A writer of our own is closed, and with it the lock is let go of, so that a daemon can begin: after a
    few records, when its turn is over, and when nothing more came for a moment.
    """

    def __init__(self, settings: Settings, patience_seconds: float) -> None:
        self._settings = settings
        self._patience_seconds = patience_seconds
        self._way: Way | None = None
        self._turn = Turn()
        self._using = threading.Lock()
        self._idle: threading.Timer | None = None

    def send(self, items: Sequence[Any]) -> Answer:
        """Store them; one answer for all."""
        lines, refused = as_lines(items)
        answer = protocol.told(Outcome(), Delivery((), (), refused, 0))
        with self._using:
            self._stop_waiting()
            for line in lines:
                merge(answer, self._by_way(partial(_deliver, line.items)), line.positions)
            self._let_go_soon(len(items))
        answer["rejected"].sort(key=lambda one: one["position"])
        return answer

    def store(self, load: Load) -> Answer:
        """Store what we made ourselves: it is not checked again, nor made JSON of where no daemon runs."""
        with self._using:
            self._stop_waiting()
            answer = self._by_way(partial(_store, load), load.again)
            self._let_go_soon(_MANY)
        return answer

    def close(self) -> None:
        """Let go of the daemon's line, or of the database and its lock."""
        with self._using:
            self._stop_waiting()
            self._close()

    def _close(self) -> None:
        way, self._way = self._way, None
        if way is not None:
            try:
                way.close()
            finally:
                self._turn.free()

    def _let_go_soon(self, sent: int) -> None:
        if not isinstance(self._way, Directly):
            return
        if sent < _MANY or self._turn.is_over():
            self._close()
            return
        self._idle = threading.Timer(_IDLE_SECONDS, self._let_go_when_idle)
        self._idle.daemon = True
        self._idle.start()

    def _let_go_when_idle(self) -> None:
        with self._using:
            if self._idle is threading.current_thread():  # else more came meanwhile
                self._close()

    def _stop_waiting(self) -> None:
        idle, self._idle = self._idle, None
        if idle is not None:
            idle.cancel()

    def _by_way(self, act: Callable[[Way], Answer], again: Callable[[], None] = lambda: None) -> Answer:
        deadline = time.monotonic() + _SETTLE_SECONDS
        if isinstance(self._way, Directly) and self._turn.is_over():
            self._close()
        while True:
            try:
                if self._way is None:
                    self._way = self._choose()
                return act(self._way)
            except Moved as moved:
                self._close()
                if time.monotonic() > deadline:
                    raise moved.told from moved
            again()
            time.sleep(_LOOK_SECONDS)

    def _choose(self) -> Way:
        first = holder(self._settings.database)
        if first is not None and first.socket:
            return Through(Path(first.socket), self._patience_seconds)
        self._turn.take()
        return Directly(self._settings)


def _deliver(items: list[Any], way: Way) -> Answer:
    return way.deliver(items)


def _store(load: Load, way: Way) -> Answer:
    return way.store(load)
