"""The thread that brings the records to the daemon and hears what became of them.

`step` does one turn; the thread only repeats it. A line that was not answered is sent again, byte for
byte, after a lost connection or when the daemon was busy: the ids in it keep it from being stored twice.
A line that ends one connection after the other is given up, if the daemon answers to something else.
"""

from __future__ import annotations

import time
from collections import deque

from collector.client import place
from collector.client.backoff import LONGEST_SECONDS, BackOff
from collector.client.counts import Counts
from collector.client.link import Link, TooLong
from collector.client.orders import Orders
from collector.client.packer import Packer
from collector.client.patience import Patience
from collector.client.queue import Queue
from collector.client.wire import Answer, Garbage, Line, decoded

MOST_UNANSWERED = 4  # lines
ANSWER_SECONDS = 30.0  # without an answer for so long, the connection is taken for lost
PROBE_SECONDS = 1.0  # for the answer to a line without records
IDLE_SECONDS = 30.0  # without a record for so long, the connection is left to others
_LISTEN_SECONDS = 0.05  # at most, before the queue is looked at again


class Sender:
    """Moves records from the queue to the socket until its ``orders`` are to finish."""

    def __init__(
        self,
        queue: Queue,
        counts: Counts,
        orders: Orders,
        socket: str | None,
        batch: int,
        linger_seconds: float,
    ) -> None:
        self._orders = orders
        self._queue = queue
        self._counts = counts
        self._given = socket
        self._batch = batch
        self._linger_seconds = linger_seconds
        self._packer = Packer(queue, counts, batch)
        self._link: Link | None = None
        self._unanswered: deque[Line] = deque()
        self._again: deque[Line] = deque()  # unanswered too, and to be sent once more
        self._pack_at = 0.0  # monotonic: until then records gather
        self._send_at = 0.0  # monotonic: until then the daemon is busy
        self._heard_at = 0.0
        self._back_off = BackOff()
        self._patience = Patience()
        self._was_connected = False

    def run(self) -> None:
        """Repeat `step` for as long as there is something to do; the body of the thread."""
        while not self._orders.stopped:
            try:
                self.step(time.monotonic())
            except Exception as error:  # noqa: BLE001  # the edge of this thread: it must go on
                if not self._packer.refuse_at_hand(f"cannot be read: {type(error).__name__}"):
                    self._lost(error)
        self._hang_up()
        self._publish()

    def forget(self) -> None:
        """Close the connection in a child process, which must not use it."""
        if self._link is not None:
            self._link.close()

    def step(self, now: float) -> None:
        """One turn: wait for records, or send some, or hear an answer."""
        if self._is_idle():
            self._rest(now)
            return
        if not self._unanswered and not self._again and not self._is_due(now):
            self._queue.wait(self._batch, self._pack_at - now)
            return
        if self._link is None and not self._connected():
            return
        self._send(now)
        self._listen(now)
        self._publish()

    def _is_idle(self) -> bool:
        return not (self._queue.records or self._unanswered or self._again or self._packer.first is not None)

    def _rest(self, now: float) -> None:
        self._publish()
        if self._orders.finishing:
            self._orders.stopped = True
            return
        self._queue.wait(1, IDLE_SECONDS if self._link else None)
        woken = time.monotonic()
        if woken - now >= IDLE_SECONDS:
            self._hang_up()
        self._pack_at = woken + self._linger_seconds

    def _is_due(self, now: float) -> bool:
        waiting = len(self._queue.records)
        return self._orders.urgent or self._orders.finishing or now >= self._pack_at or waiting >= self._batch

    def _connected(self) -> bool:
        try:
            self._link = Link(place.find(self._given))
        except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
            if self._orders.finishing and not self._was_connected:
                self._orders.stopped = True
            else:
                self._lost(error)
            return False
        self._was_connected = True
        return not self._patience.is_out or self._works(self._link)

    def _works(self, link: Link) -> bool:
        """See whether the daemon answers to a line without records; hang up if not."""
        try:
            link.send(b"[]\n")
            if decoded(link.receive(PROBE_SECONDS) or b"", 0).busy_seconds is not None:
                raise TimeoutError("busy")
        except (OSError, Garbage, TooLong) as error:
            self._lost(error)
            return False
        self._patience.works()
        return True

    def _send(self, now: float) -> None:
        while self._link and now >= self._send_at and self._may_send():
            line = self._again.popleft() if self._again else self._packed(now)
            if line is None:
                break
            self._unanswered.append(line)  # before it is sent: some of it may arrive whatever happens
            self._transmit(self._link, line)

    def _may_send(self) -> bool:
        return len(self._unanswered) < (1 if self._patience.is_tried else MOST_UNANSWERED)

    def _packed(self, now: float) -> Line | None:
        if self._packer.first is None and not self._is_due(now):
            return None
        line = self._packer.line()
        self._queue.leave_room_for(self._counts.open)
        if not self._queue.records:
            self._pack_at = now + self._linger_seconds
            self._orders.urgent = False
        return line

    def _transmit(self, link: Link, line: Line) -> None:
        if len(self._unanswered) == 1:
            self._heard_at = time.monotonic()
        try:
            link.send(line.data)
        except OSError as error:
            self._lost(error)

    def _listen(self, now: float) -> None:
        if self._link is None:
            return
        if not self._unanswered:  # the daemon is busy
            self._queue.wait(None, self._send_at - now)
            return
        try:
            heard = self._link.receive(_LISTEN_SECONDS)
            if heard is not None:
                self._settle(decoded(heard, self._unanswered[0].records))
            elif time.monotonic() - self._heard_at > ANSWER_SECONDS:
                raise TimeoutError("no answer")
        except TooLong:
            self._settle(Answer(refused=("an answer that was too long",) * self._unanswered[0].records))
        except (OSError, Garbage) as error:
            self._lost(error)

    def _settle(self, answer: Answer) -> None:
        line = self._unanswered.popleft()
        self._heard_at = time.monotonic()
        self._back_off.succeeded()
        self._patience.heard()
        if answer.busy_seconds is not None:
            self._again.append(line)
            self._send_at = self._heard_at + min(max(0.01, answer.busy_seconds), LONGEST_SECONDS)
            return
        self._counts.settle(answer.committed, answer.duplicate, list(answer.refused))
        self._queue.leave_room_for(self._counts.open)

    def _lost(self, error: Exception) -> None:
        """Hang up, keep what was not answered, and wait before the next attempt."""
        self._hang_up()
        # A daemon that says nothing may have a slow disk; it is waited for as long as it takes.
        broken = bool(self._unanswered) and not isinstance(error, TimeoutError)
        if broken and self._patience.lost(self._unanswered[0]):
            self._counts.drop(self._unanswered.popleft().records, "the daemon does not take it")
            self._patience.heard()
        self._again.extendleft(reversed(self._unanswered))
        self._unanswered.clear()
        seconds = self._back_off.failed(error)
        self._orders.urgent = False
        self._publish()
        if not self._orders.stopped:
            self._queue.wait(None, seconds)

    def _publish(self) -> None:
        self._counts.settled_to(self._oldest())

    def _oldest(self) -> int | None:
        places = [line.first for line in (*self._unanswered, *self._again)]
        if self._packer.first is not None:
            places.append(self._packer.first)
        return min(places, default=None)

    def _hang_up(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None
