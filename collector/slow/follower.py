"""The other side of the socket's ask ``slow``: what `collector slow --follow` shows, a turn at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from collector.client.line import Line, Unreachable
from collector.errors import CollectorError, NotRunning
from collector.store.lock import holder

ASK_SECONDS = 3.0
# A restart takes some seconds; whoever follows should not have to begin again for it.
PATIENCE_SECONDS = 20.0
START = "start it with `collector run`, or `collector service install`"

Said = dict[str, Any]


class Follower:
    """Asks the recorder of ``database`` for its warnings: first the ``latest``, then each that is new.

    ``source`` leaves only those of that name.
    """

    def __init__(self, database: Path, source: str | None = None, latest: int = 10) -> None:
        self._database = database
        self._source = source
        self._latest = latest
        self._after = 0
        self._began_ms: int | None = None
        self._lost_at: float | None = None

    def step(self, monotonic: float) -> Iterator[Said | str]:
        """One turn: warnings that are new, and sentences about the recorder itself.

        Raises NotRunning when there is no recorder, or it went away and did not come back in time.
        """
        is_first = self._began_ms is None
        try:
            answer = self._ask()
            was_restarted = not is_first and answer["began_ms"] != self._began_ms
            if was_restarted:  # its numbers begin again
                self._after = 0
                answer = self._ask()
        except (NotRunning, Unreachable, ValueError) as error:
            yield from self._without(monotonic, error)
            return
        if was_restarted:
            yield "the recorder was started again"
        elif self._lost_at is not None:
            yield "the recorder answers again"
        if not is_first:
            yield from self._missed(answer["warnings"])
        self._lost_at = None
        self._began_ms, self._after = answer["began_ms"], answer["last"]
        found = [warning for warning in answer["warnings"] if self._source in (None, warning["name"])]
        yield from found[-self._latest :] if is_first else found

    def _missed(self, warnings: list[Said]) -> Iterator[str]:
        """How many were said since the last turn that the recorder keeps no longer, of whatever source."""
        if warnings and (missed := warnings[0]["n"] - self._after - 1) > 0:
            many = "1 warning was" if missed == 1 else f"{missed:,} warnings were"
            yield f"{many} not shown: more came at once than the recorder keeps"

    def _without(self, monotonic: float, error: Exception) -> Iterator[str]:
        if self._began_ms is None:
            raise NotRunning(f"there are no warnings to follow: {error}", hint=START) from error
        if self._lost_at is None:
            self._lost_at = monotonic
            yield "the recorder does not answer: waiting for it to start again"
        elif monotonic - self._lost_at > PATIENCE_SECONDS:
            raise NotRunning("the recorder stopped and did not start again", hint=START) from error

    def _ask(self) -> dict[str, Any]:
        held = holder(self._database)
        if held is None:
            raise NotRunning("no recorder runs")
        if not held.socket:
            raise NotRunning(f"{held.what}, process {held.pid}, is at work on the database, and no recorder")
        with Line(Path(held.socket), ASK_SECONDS) as line:
            answer = line.ask({"ask": "slow", "after": self._after})
        if "warnings" not in answer:
            raise CollectorError(
                f"process {held.pid} gave no warnings: {answer.get('reason', 'no reason given')}",
                hint="restart the recorder: it is of an older version",
            )
        return answer
