"""Who is served first, and for how long: a client that takes much time waits for those that take little.

Time that brought records counts a tenth, so that a good client is light however much it sends. Time for
refusals, for questions and for bytes that come to nothing counts whole.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping

from collector.intake.connection import Connection

TURN_SECONDS = 0.005  # for one client; and for all heavy ones together
LIGHT_TURNS_SECONDS = 0.01  # for all light ones together, the lightest first
STAND_BACK_SECONDS = 0.05  # so long heavy ones wait while the writer works for a light one
STAND_BACK_TIMES = 4  # or so many times what their last turn took

Serve = Callable[[Connection, int], None]
Postpone = Callable[[Connection], None]


class Turns:
    """One turn after another; who is not served in one is postponed, and due again in the next."""

    def __init__(self, serve: Serve, postpone: Postpone) -> None:
        self._serve, self._postpone = serve, postpone
        self._back_until: float | None = None
        self._last_took = 0.0

    def serve(self, due: Mapping[Connection, int], everyone: Collection[Connection]) -> None:
        """The light ones, then as many of the heavy ones as there is time for."""
        began = time.monotonic()
        order = sorted(due, key=lambda connection: connection.spent.at(began))
        light = [connection for connection in order if connection.spent.is_light(began)]
        self._serve_until(light, due, began + LIGHT_TURNS_SECONDS)
        heavy = order[len(light) :]
        if not heavy:
            self._back_until = None
        elif self._must_stand_back(everyone, began):
            for connection in heavy:
                self._postpone(connection)
        else:
            began = time.monotonic()
            self._serve_until(heavy, due, began + TURN_SECONDS)
            self._back_until, self._last_took = None, time.monotonic() - began

    def rest(self, behind: Iterable[Connection], now: float) -> float:
        """Seconds until these, who are behind, have their turn at the latest."""
        if self._back_until is None or any(connection.spent.is_light(now) for connection in behind):
            return 0.0
        return max(0.0, self._back_until - now)

    def _serve_until(self, connections: list[Connection], due: Mapping[Connection, int], end: float) -> None:
        for connection in connections:
            if time.monotonic() > end:
                self._postpone(connection)
            else:
                self._serve(connection, due[connection])

    def _must_stand_back(self, everyone: Collection[Connection], now: float) -> bool:
        """Whether a light one waits for its commit: the writer needs the interpreter that we would hold."""
        if not any(c.unanswered and c.spent.is_light(now) for c in everyone):
            return False
        if self._back_until is None:
            self._back_until = now + max(STAND_BACK_SECONDS, STAND_BACK_TIMES * self._last_took)
        return now < self._back_until
