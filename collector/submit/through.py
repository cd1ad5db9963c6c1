"""The way through a daemon."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from collector.client import Line, Unreachable
from collector.errors import CollectorError, NotRunning
from collector.intake import protocol
from collector.intake.protocol import Delivery
from collector.store.buffer import Outcome
from collector.submit.lines import as_lines
from collector.submit.way import Answer, Load, Moved, merge

_HINT = "look at it with `collector status`"


class Through:
    """A connection to its socket, made when it is needed."""

    def __init__(self, socket: Path, patience_seconds: float) -> None:
        self._socket = socket
        self._patience_seconds = patience_seconds
        self._line: Line | None = None

    def deliver(self, items: list[Any]) -> Answer:
        """Send them, again and again while it is busy."""
        deadline = time.monotonic() + self._patience_seconds
        while True:
            answer = self._ask(items)
            if answer["result"] != "busy":
                return answer
            if time.monotonic() > deadline:
                raise CollectorError(
                    f"the recorder was busy for {self._patience_seconds:g} s: {answer.get('reason', '')}",
                    hint="see `collector status` for its queue, then try again",
                )
            time.sleep(answer["retry_after_ms"] / 1000)

    def store(self, load: Load) -> Answer:
        """Send them, on as many lines as they take."""
        lines, refused = as_lines(load.told())
        answer = protocol.told(Outcome(), Delivery((), (), refused, 0))
        for line in lines:
            merge(answer, self.deliver(line.items), line.positions)
        return answer

    def close(self) -> None:
        """Close the connection."""
        line, self._line = self._line, None
        if line is not None:
            line.__exit__(None, None, None)

    def _ask(self, items: list[Any]) -> Answer:
        """A daemon lets go of who was silent, or is one too many: that one connects again."""
        was_connected = self._line is not None
        try:
            return self._connected().ask(items)
        except Unreachable as error:
            self.close()
            if isinstance(error.__cause__, TimeoutError):
                raise self._silent() from error
            if was_connected:
                return self._ask(items)
            raise Moved(NotRunning(f"the recorder does not answer: {error}", hint=_HINT)) from error

    def _connected(self) -> Line:
        if self._line is None:
            self._line = Line(self._socket, timeout=self._patience_seconds).__enter__()
        return self._line

    def _silent(self) -> NotRunning:
        waited = f"{self._patience_seconds:g} s"
        return NotRunning(
            f"the recorder did not answer within {waited}: not known whether it was kept", hint=_HINT
        )
