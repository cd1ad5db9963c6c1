"""One client of the socket: the bytes that came, and the answers that are due in the order of its lines."""

from __future__ import annotations

import select
import socket
from collections import deque
from dataclasses import dataclass, field

from collector.intake.deliveries import Delivery
from collector.intake.reading import Reading
from collector.intake.spent import LIGHT_SECONDS, Spent
from collector.store.buffer import Batch

MOST_PENDING = 64  # unanswered lines a connection; beyond it we stop reading from it
MOST_UNANSWERED = 3_000  # and unanswered records, so that one client never fills the buffer
PATIENCE_SECONDS = 30.0  # for a line to be whole, and for an answer to be taken
MOST_SKIPPED = 64 << 20  # bytes of one endless line; then the client is let go

READ_SIZE = 1 << 18


class Overlong:
    """Stands for a line that was thrown away, since it was too long."""


@dataclass(eq=False)
class Slot:
    """Where the answer to a line goes, in its turn; ``records`` of it are on their way."""

    answer: bytes | None = None
    records: int = 0


@dataclass(eq=False)
class Held:
    """A delivery for which there was no room yet; ``since`` then."""

    said: Delivery
    batch: Batch
    slot: Slot
    since: float


@dataclass(eq=False)
class Connection:
    """``ended``: the client sends nothing more. ``mute``: it takes no answers, or wants none.

    ``held`` is what it sent last, when that has to wait for room; nothing more is read until then.
    ``reading`` is a line that is read in part, for ``reading_s`` so far. ``behind``: it is due to be served,
    whether it is heard of again or not. ``only_asks``: it has no place among those who bring records.
    """

    socket: socket.socket
    longest: int
    now: float
    received: bytearray = field(default_factory=bytearray)
    to_send: bytearray = field(default_factory=bytearray)
    pending: deque[Slot] = field(default_factory=deque)
    unanswered: int = 0
    ready: int = 0  # bytes of answers that wait for their turn
    held: Held | None = None
    reading: Reading | None = None
    reading_s: float = 0.0
    behind: bool = False
    stopped: bool = False  # lines may be here that were not looked at, since it may not bring more
    only_asks: bool = False
    ended: bool = False
    mute: bool = False
    closed: bool = False
    watched: int = 0  # what the selector looks for on it
    _searched: int = 0
    _skipped: int = 0

    def __post_init__(self) -> None:
        self.heard = self.line_began = self.sent = self.now
        # The last of the light ones: else whoever costs much would begin anew with each connection.
        self.spent = Spent(self.now, LIGHT_SECONDS)

    def take_in(self, data: bytes, now: float) -> None:
        """Keep what came; no bytes mean that this was all."""
        if not self.has_begun:
            self.line_began = now
        if not data:
            self.ended = True
            if self.has_begun and not self.received.endswith(b"\n"):
                data = b"\n"  # the last line may lack its end
        self.received += data
        if self._skipped:
            self._skip()

    def next_line(self, now: float) -> bytes | Overlong | None:
        """The next whole line, or what stands for one that was too long; None when there is none."""
        end = self.received.find(b"\n", self._searched)
        if end < 0:
            self._searched = len(self.received)
            if self._searched > self.longest:
                self._skip()
            return None
        self._searched, self.line_began = 0, now
        line = bytes(self.received[:end])
        del self.received[: end + 1]
        if line.strip():  # blank ones keep nobody's place
            self.heard = now
        if self._skipped or len(line) > self.longest:
            self._skipped = 0
            return Overlong()
        return line

    @property
    def has_begun(self) -> bool:
        """Whether a line is here in part, or was thrown away in part."""
        return bool(self.received or self._skipped)

    @property
    def is_endless(self) -> bool:
        """Whether it sends a line without an end."""
        return self._skipped > MOST_SKIPPED

    @property
    def may_read(self) -> bool:
        """Whether there is room for more of its lines."""
        return not self.ended and self.may_take and len(self.received) <= self.longest + READ_SIZE

    @property
    def may_take(self) -> bool:
        """Whether another of its lines may be answered now."""
        return (
            self.held is None
            and self.reading is None
            and len(self.pending) < MOST_PENDING
            and self.unanswered < MOST_UNANSWERED
            and len(self.to_send) + self.ready < self.longest
        )

    @property
    def is_done(self) -> bool:
        """Whether nothing more will come of it, nor go to it."""
        return self.ended and not (self.received or self.reading or self.pending or self.to_send)

    @property
    def is_at_work(self) -> bool:
        """Whether something that it sent is not answered, or not even looked at."""
        return bool(self.pending) or self.reading is not None or self.behind

    def is_stuck(self, now: float) -> bool:
        """Whether a line is not whole for longer than our patience."""
        return self.has_begun and self.may_take and now - self.line_began > PATIENCE_SECONDS

    def hush(self, now: float) -> bool:
        """Answer no more to one that has not taken any for longer than our patience; whether it came to that.

        It may be one that only sends, and what it sends is taken as ever.
        """
        if not self.to_send or now - self.sent <= PATIENCE_SECONDS:
            return False
        self.mute = True
        self.to_send.clear()
        return True

    @property
    def will_hear(self) -> bool:
        """Whether an answer may still be read: the client is there, and has not said that it is done."""
        if self.mute or self.ended:
            return False
        poll = select.poll()  # the end may stand behind lines that we do not read yet
        poll.register(self.socket, select.POLLRDHUP)
        return not poll.poll(0)

    def expect(self, records: int = 0) -> Slot:
        """Keep a place for the answer to a line."""
        slot = Slot(records=records)
        self.pending.append(slot)
        self.unanswered += records
        return slot

    def settle(self, slot: Slot, answer: bytes) -> None:
        """Give the answer to a line; it is sent in its turn."""
        slot.answer = answer
        self.ready += len(answer)

    def collect_answers(self, now: float) -> None:
        """Move answers to the send buffer as far as they are known without a hole."""
        while self.pending and self.pending[0].answer is not None:
            slot = self.pending.popleft()
            answer = slot.answer or b""
            self.unanswered -= slot.records
            self.ready -= len(answer)
            if not self.mute:
                if not self.to_send:
                    self.sent = now
                self.to_send += answer

    def send(self, now: float) -> None:
        """Send what the client takes without waiting. One that is gone is answered no more."""
        if not self.to_send:
            return
        try:
            sent = self.socket.send(self.to_send)
        except BlockingIOError:
            return
        except OSError:
            self.mute = True
            self.to_send.clear()
            return
        self.sent = now
        del self.to_send[:sent]

    def leave(self) -> None:
        """Nothing more is taken of it: it is let go when its answers are sent."""
        self.ended = True
        self.received.clear()

    def _skip(self) -> None:
        """Throw away what came of a line that is too long already."""
        end = self.received.find(b"\n")
        gone = len(self.received) if end < 0 else end
        self._skipped += gone
        del self.received[:gone]
        self._searched = 0
