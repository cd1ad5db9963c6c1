"""The socket's task ``change``: some steps in one transaction, answered after the commit.

``{"ask": "change", "steps": […]}`` is answered with ``{"result": "committed", "changed": [1, 1, 6]}``, the
rows of its kind that each step made, changed or deleted; or with ``{"result": "rejected", "step": 1,
"reason": …, "faults": […]}``, and then nothing of it is stored.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from collector import clock
from collector.errors import DatabaseError
from collector.intake.statements import Statements
from collector.intake.steps import WrongStep, steps_of
from collector.records.base import Arrival
from collector.records.base import Statements as Seen
from collector.store.buffer import Buffer, Outcome
from collector.store.changes import Change, Create, Done, Undone, apply
from collector.store.writer import Writer

# Each may be a line of a megabyte, and they stand in no buffer.
MOST_WAITING = 16
RETRY_AFTER_MS = 200

Words = dict[str, Any]
Reply = Callable[[Words], None]


class _Brought:
    """The statements seen so far; and which of their texts one change is to bring."""

    def __init__(self, seen: Seen) -> None:
        self.of, self.sample, self.withdraw = seen.of, seen.sample, seen.withdraw
        self._seen = seen
        self._hashes: list[str] = []

    def is_new(self, query_hash: str) -> bool:
        """As those seen say it."""
        is_new = self._seen.is_new(query_hash)
        if is_new:
            self._hashes.append(query_hash)
        return is_new

    def withdraw_all(self) -> None:
        """Have them offered again: nothing of the change is stored. From any thread, each is one step."""
        for query_hash in self._hashes:
            self.withdraw(query_hash)


class Changes:
    """Has the writer do them. Called in the server's thread; replies from the writer's."""

    def __init__(self, writer: Writer, buffer: Buffer, statements: Statements | None = None) -> None:
        self._writer = writer
        self._buffer = buffer
        self._statements = statements or Statements()
        self._room = threading.BoundedSemaphore(MOST_WAITING)

    def __call__(self, words: Words, reply: Reply) -> None:
        """Check one, and pass it on; whatever it holds, this answers and does not raise."""
        brought = _Brought(self._statements)
        try:
            steps = steps_of(words, Arrival(clock.now().wall_ms, brought))
        except WrongStep as wrong:
            brought.withdraw_all()
            self._buffer.reject(_creates(words))
            reply(refusal(wrong))
            return
        if not self._room.acquire(blocking=False):
            brought.withdraw_all()
            reply(busy(f"{MOST_WAITING} changes wait already"))
            return
        self._writer.ask("change", apply(steps), then=partial(self._settle, steps, brought, reply))

    def _settle(
        self, steps: list[Change], brought: _Brought, reply: Reply, result: Any, error: BaseException | None
    ) -> None:
        self._room.release()
        if not isinstance(result, Done):
            brought.withdraw_all()
        if error is None:
            self._buffer.account(outcome(steps, result))
            reply(answer(result))
        elif isinstance(error, DatabaseError):
            self._buffer.reject(sum(isinstance(step, Create) for step in steps))
            reply({"result": "rejected", "reason": str(error)})
        else:  # the writer has stopped: whoever runs next can do it
            reply(busy(str(error)))


def answer(result: Done | Undone) -> Words:
    """What is answered to a change that was tried."""
    if isinstance(result, Done):
        return {"result": "committed", "changed": list(result.changed)}
    return {"result": "rejected", "step": result.step, "reason": result.reason, "faults": []}


def refusal(wrong: WrongStep) -> Words:
    """What is answered to one that does not fit."""
    faults = [{"path": path, "fault": what} for path, what in wrong.faults]
    return {"result": "rejected", "step": wrong.step, "reason": str(wrong), "faults": faults}


def outcome(steps: list[Change], result: Done | Undone) -> Outcome:
    """What became of the records that a change brought."""
    if isinstance(result, Undone):
        brought = [i for i, step in enumerate(steps) if isinstance(step, Create)]
        return Outcome(rejected=tuple((i, result.reason) for i in brought))
    stored = [count for step, count in zip(steps, result.changed, strict=True) if isinstance(step, Create)]
    return Outcome(committed=sum(stored), duplicate=len(stored) - sum(stored))


def _creates(words: Words) -> int:
    """How many records it brings, whether they fit or not."""
    steps = words.get("steps")
    return sum(isinstance(s, dict) and "create" in s for s in steps) if isinstance(steps, list) else 0


def busy(reason: str) -> Words:
    """What is answered to what can be tried again in a moment."""
    return {"result": "busy", "reason": reason, "retry_after_ms": RETRY_AFTER_MS}
