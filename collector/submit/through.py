"""The way through a daemon."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from collector.client import Line, Unreachable
from collector.errors import CollectorError, NotRunning
from collector.intake import protocol
from collector.intake.protocol import LONGEST_LINE, MOST_RECORDS
from collector.store.buffer import Outcome
from collector.submit.way import Answer, Load, Moved, merge

AHEAD = 3  # lines on their way: while the daemon stores one, the next is there
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
        """Send them, on as many lines as they take, some of them before the first is answered."""
        answer = protocol.told(Outcome())
        lines = [*_lines(load.told())]
        try:
            self._send_ahead(lines, answer)
        except (
            Unreachable
        ):  # what is not answered is sent again, one by one: what arrived is not stored twice
            self.close()
        for line in lines:
            merge(answer, self.deliver([msgspec.json.decode(one) for one in line.records]), line.positions)
        return answer

    def _send_ahead(self, lines: list[_Line], answer: Answer) -> None:
        """Takes from ``lines`` what is answered; what the daemon was too busy for stays."""
        connection, sent, busy = self._connected(), 0, list[_Line]()
        try:
            while lines:
                while sent < len(lines) and sent < AHEAD:
                    connection.send(b"[" + b",".join(lines[sent].records) + b"]\n")
                    sent += 1
                told = connection.receive()
                sent -= 1
                line = lines.pop(0)
                if told["result"] == "busy":
                    busy.append(line)
                else:
                    merge(answer, told, line.positions)
        finally:
            lines += busy

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


class _Line(NamedTuple):
    """Records as JSON, and where they stood in what was given."""

    records: list[bytes]
    positions: range


def _lines(items: Sequence[dict[str, Any]]) -> Iterator[_Line]:
    """As many on a line as it takes."""
    records, size, first = list[bytes](), 0, 0
    for item in items:
        record = msgspec.json.encode(item)
        if records and (size + len(record) >= LONGEST_LINE - 2 or len(records) >= MOST_RECORDS):
            yield _Line(records, range(first, first + len(records)))
            first += len(records)
            records, size = [], 0
        records.append(record)
        size += len(record) + 1
    if records:
        yield _Line(records, range(first, first + len(records)))
