"""What is done with each line of a client: it is read, and answered now or after the commit."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping

from collector import clock
from collector.intake.connection import Connection, Held, Overlong, Slot
from collector.intake.deliveries import LONGEST_LINE, Delivery, Question
from collector.intake.protocol import told
from collector.intake.reading import reading
from collector.intake.spoken import FULL, Reply, Words, as_line
from collector.intake.statements import Statements
from collector.intake.waiting import Waiting
from collector.log import Folded
from collector.records.base import Arrival
from collector.store.buffer import Batch, Buffer, Outcome

GOOD_SHARE = 0.1  # of the time for a line that brought records and no refusals is counted

# What can be asked: answered at once, or, by way of `reply`, when it is done.
Asks = Mapping[str, Callable[[Words], Words]]
Tasks = Mapping[str, Callable[[Words, Reply], None]]


class Lines:
    """Used by the server's thread; ``wake`` is called when another thread has brought an answer."""

    def __init__(
        self,
        buffer: Buffer,
        statements: Statements,
        asks: Asks,
        tasks: Tasks,
        waiting: Waiting,
        refused: Folded,
        wake: Callable[[], None],
    ) -> None:
        self._buffer = buffer
        self._statements = statements
        self._asks = asks
        self._tasks = tasks
        self._waiting = waiting
        self._refused = refused
        self._wake = wake
        self._answered: deque[tuple[Connection, Slot, bytes]] = deque()

    def take(self, connection: Connection, end: float) -> float:
        """Answer whole lines, for as long as a turn lasts; one that is not read by then goes on in the next.

        Returns seconds of work that shall not count, since they brought records.
        """
        now, good_s = time.monotonic(), 0.0
        while connection.reading is not None or connection.may_take:
            if now > end:
                connection.behind = True
                break
            if connection.reading is None and not self._begin(connection, now):
                break
            good_s += self._read_on(connection, end)
            now = time.monotonic()
            connection.collect_answers(now)
        connection.stopped = not connection.may_take
        return good_s * (1 - GOOD_SHARE)

    def deliver(self, now: float) -> set[Connection]:
        """Give the answers that other threads brought to their connections; which these are."""
        touched = set()
        while self._answered:
            connection, slot, answer = self._answered.popleft()
            connection.settle(slot, answer)
            touched.add(connection)
        for connection in touched:
            connection.collect_answers(now)
        return touched

    def _begin(self, connection: Connection, now: float) -> bool:
        """Whether there was another line."""
        line = connection.next_line(now)
        if line is None:
            return False
        if isinstance(line, Overlong):
            self._refuse_overlong(connection)
        elif line.strip():
            connection.reading = reading(line, Arrival(clock.now().wall_ms, self._statements))
        return True

    def _read_on(self, connection: Connection, end: float) -> float:
        """Read a line as far as there is time, and answer it when it is read.

        Returns the seconds that all of it took when it was good, else none.
        """
        began = now = time.monotonic()
        said: Question | Delivery | None = None
        while connection.reading is not None and said is None and now <= end:
            try:
                next(connection.reading)
            except StopIteration as read:
                said = read.value
            now = time.monotonic()
        connection.reading_s += now - began
        if said is None:
            return 0.0
        took_s, connection.reading, connection.reading_s = connection.reading_s, None, 0.0
        self._take(connection, said)
        return took_s if isinstance(said, Delivery) and not said.rejected else 0.0

    def _take(self, connection: Connection, said: Question | Delivery) -> None:
        if connection.only_asks and not self._may_ask(said):
            self._send_away(connection, said)
        elif isinstance(said, Question):
            self._answer(connection, said)
        else:
            self._take_delivery(connection, said)

    def _may_ask(self, said: Question | Delivery) -> bool:
        """Whether it is answered at once, and so needs no place among those who wait."""
        return isinstance(said, Question) and said.about in self._asks

    def _send_away(self, connection: Connection, said: Question | Delivery) -> None:
        """There is no place for it: it hears what it would have heard in the first place."""
        if isinstance(said, Delivery):
            self._waiting.withdraw(said)
        connection.settle(connection.expect(), FULL)
        connection.leave()

    def _refuse_overlong(self, connection: Connection) -> None:
        self._buffer.reject(1)
        reason = f"a line is longer than {LONGEST_LINE:,} bytes"
        self._refused.happened(time.monotonic(), reason=reason)
        rejected = [{"position": 0, "reason": reason}]
        answer = {"result": "rejected", "committed": 0, "duplicate": 0, "rejected": rejected}
        connection.settle(connection.expect(), as_line(answer))

    def _answer(self, connection: Connection, question: Question) -> None:
        slot = connection.expect()
        if question.about == "quiet":
            connection.mute = True
            connection.settle(slot, b"")
        elif question.about in self._tasks:
            self._tasks[question.about](question.words, self._reply(connection, slot))
        elif question.about in self._asks:
            connection.settle(slot, as_line(self._asks[question.about](question.words)))
        else:
            known = ", ".join([*self._asks, *self._tasks, "quiet"])
            answer = {"result": "rejected", "reason": f"cannot be asked; one can ask {known}"}
            connection.settle(slot, as_line(answer))

    def _take_delivery(self, connection: Connection, said: Delivery) -> None:
        if not said.records:
            self._buffer.reject(len(said.rejected))
            connection.settle(connection.expect(), as_line(told(Outcome(), said)))
            return
        slot = connection.expect(len(said.records) + len(said.rejected))
        reply = self._reply(connection, slot)
        batch = Batch(said.records, said.size, lambda outcome: reply(told(outcome, said)))
        self._waiting.take(connection, Held(said, batch, slot, time.monotonic()))

    def _reply(self, connection: Connection, slot: Slot) -> Reply:
        """What another thread calls with the answer to a line."""

        def reply(answer: Words) -> None:
            self._answered.append((connection, slot, as_line(answer)))
            self._wake()

        return reply
