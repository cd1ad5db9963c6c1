"""The client of an application: records in, at next to no cost; see `Client`."""

from __future__ import annotations

import atexit
import os
import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self
from weakref import WeakSet

from collector.client.counts import Counts, Raw
from collector.client.kept import keep
from collector.client.late import importing
from collector.client.orders import Orders
from collector.client.queue import Queue
from collector.client.span import Timed

if TYPE_CHECKING:
    from pathlib import Path

    from collector.client.sender import Sender

MOST_RECORDS = 1_000  # a line, says the protocol
_IMPORT_AGAIN_SECONDS = 1.0


class _Options(NamedTuple):
    socket: str | None
    most: int
    most_bytes: int
    batch: int
    linger_seconds: float
    exit_seconds: float


class Client:
    """Sends records to the recorder in the background, and never disturbs the application.

    ``socket`` is where the daemon listens; by default $COLLECTOR_SOCKET, or what the config says. Up to
    ``most`` records wait for it, of about ``most_bytes`` in all; when there are more, the oldest are
    dropped and counted. They are sent ``batch`` at a time, the first of a batch at most
    ``linger_seconds`` old. When the process ends, ``exit_seconds`` are given to send what is left.
    Raises ValueError when these make no sense.

    It starts a daemon thread with the first record. In a child made with `os.fork` it begins anew, with
    an empty queue; a process that ends without `atexit` (`os._exit`) calls `flush` before.
    """

    def __init__(
        self,
        socket: str | Path | None = None,
        *,
        most: int = 10_000,
        most_bytes: int = 16 << 20,
        batch: int = 500,
        linger_seconds: float = 0.2,
        exit_seconds: float = 1.0,
    ) -> None:
        if min(most, most_bytes) < 1 or not 1 <= batch <= MOST_RECORDS:
            raise ValueError(
                f"most={most}, most_bytes={most_bytes}, batch={batch}: at least 1 each, "
                f"and batch at most {MOST_RECORDS}"
            )
        if not (0 <= linger_seconds <= 60 and 0 <= exit_seconds <= 60):
            raise ValueError("linger_seconds and exit_seconds must lie between 0 and 60")
        path = os.fspath(socket) if socket is not None else None
        # Four lines may be on their way; of a small bound they must leave half to what comes in.
        batch = min(batch, max(1, most // 8))
        self._options = _Options(path, most, most_bytes, batch, linger_seconds, exit_seconds)
        self._begin()
        _all.add(self)

    def _begin(self) -> None:
        """Make everything new, in a forked child too: locks may be held there by threads that are gone."""
        self._counts = Counts()
        self._queue = Queue(self._options.most, self._options.most_bytes, self._counts)
        self._orders = Orders(self._queue)
        self._sender: Sender | None = None  # the thread makes it
        self._starting = threading.Lock()
        self._started = False

    def record(self, kind: object = None, /, **fields: Any) -> None:
        """Record something of this ``kind`` with these columns; the time is added.

        Lists and dicts are copied: what the caller changes in them later is not recorded.
        Returns at once and never raises: what cannot be stored is counted, see `counters`.
        """
        try:
            size = keep(fields)
            self._queue.put(Raw(kind, fields, time.time(), size))
            if not self._started:
                self._start()
        except Exception:  # noqa: BLE001  # the edge to the application, which must never notice us
            self._counts.dropped["error"].add()

    def timed(self, /, kind: str, name: str | None = None, **fields: Any) -> Timed:
        """Time a block or, as a decorator, every call of a function.

        ``kind`` is ``query``, ``api``, ``frontend`` or ``cache`` (an operation), ``skill``,
        ``inference`` or ``run``; ``name`` defaults to the function's. ``fields`` are more columns.
        """
        return Timed(self.record, kind, name, fields)

    def flush(self, timeout_seconds: float = 5.0) -> bool:
        """Wait until all that was recorded before is settled; False when that took too long."""
        counts, queue = self._counts, self._queue
        target = counts.recorded(queue.records)
        self._orders.hurry()
        with counts.changed:
            return counts.changed.wait_for(lambda: counts.done_to >= target, timeout_seconds)

    def close(self, timeout_seconds: float | None = None) -> bool:
        """Send what is left and end the thread; False when records had to be dropped.

        Waits at most ``timeout_seconds``, by default the ``exit_seconds``. Records that come later are
        dropped and counted. Closing twice is fine.
        """
        seconds = self._options.exit_seconds if timeout_seconds is None else timeout_seconds
        self._queue.closed = True
        self._orders.finish()
        if self._started:
            self._orders.ended.wait(seconds)
        self._orders.stop()
        _running.discard(self)
        return self._counts.give_up(self._queue.records, "not sent before the end") == 0

    def counters(self) -> dict[str, Any]:
        """What became of the records so far.

        ``received`` = ``committed`` + ``duplicate`` + ``rejected`` + ``dropped`` + ``queued`` at every
        moment. ``reasons`` counts what was dropped and rejected by the reason, as a text.
        """
        return self._counts.told(self._queue.records)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self) -> None:
        if self._queue.closed:
            return
        _running.add(self)
        if not self._starting.acquire(blocking=False):
            return  # another thread is at it
        try:
            if not self._started:
                threading.Thread(target=self._run, name="collector-client", daemon=True).start()
                self._started = True
        except RuntimeError:
            return  # no more threads for now; the next record tries again
        finally:
            self._starting.release()

    def _run(self) -> None:
        """The body of the thread. What it needs of the library is imported here: 25 ms."""
        queue, counts, orders, options = self._queue, self._counts, self._orders, self._options
        while self._sender is None and not orders.stopped:
            try:
                with importing:
                    from collector.client.sender import Sender  # noqa: PLC0415  # see `late`
                self._sender = Sender(
                    queue, counts, orders, options.socket, options.batch, options.linger_seconds
                )
            except (ImportError, OSError):  # no more open files, for now
                orders.stopped |= orders.finishing
                queue.wait(None, _IMPORT_AGAIN_SECONDS)
        if self._sender is not None:
            self._sender.run()
        orders.ended.set()

    def _forked(self) -> None:
        closed = self._queue.closed
        if self._sender is not None:
            self._sender.forget()
        self._begin()
        self._queue.closed = closed


# Those with a thread. They stay alive until they are closed, so that their records are sent at exit.
_running: set[Client] = set()
# Those without a thread as well: children of one that was only imported would make the same ids.
_all: WeakSet[Client] = WeakSet()


@atexit.register
def _close_all() -> None:
    for client in list(_running):
        client.close()


def _begin_anew() -> None:
    _running.clear()
    for client in list(_all):
        client._forked()


os.register_at_fork(after_in_child=_begin_anew)


class DefaultClient(Client):
    """The one behind the functions of `collector.client`."""

    def configure(self, socket: str | Path | None = None, **options: Any) -> None:
        """Change the options of the default client; see `Client`. Best done before the first record.

        What was recorded before is sent first, for which ``exit_seconds`` are given; the counters start
        from zero.
        """
        changed = Client(socket, **options)
        self.close()
        self._options = changed._options
        self._begin()
