"""Steps that others ask the writer for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from collector.errors import DatabaseError

if TYPE_CHECKING:
    from collector.sqlite import sqlite3

Step = Callable[["sqlite3.Connection"], Any]
# Hears a step's result, or its error.
Then = Callable[[Any, BaseException | None], None]


class Asked:
    """A step somebody asked the writer for; `wait` gives its result, or raises what it raised."""

    def __init__(
        self,
        name: str,
        step: Step,
        *,
        transaction: bool = True,
        waits_for_room: bool = True,
        then: Then | None = None,
    ) -> None:
        self.name = name
        self.step = step
        self.transaction = transaction
        self.waits_for_room = transaction and waits_for_room
        self._then = then
        self._done = threading.Event()
        self._result: Any = None
        self._error: BaseException | None = None
        self._tried_again = False

    def is_worth_another_try(self) -> bool:
        """Whether it can be done once more in a new file: once, and only where nothing of it was done."""
        again = self.transaction and not self._tried_again
        self._tried_again = True
        return again

    def finish(self, result: Any = None, error: BaseException | None = None) -> None:
        """Called by the writer after the commit; what is told first stands."""
        if self._done.is_set():
            return
        self._result, self._error = result, error
        self._done.set()
        if self._then is not None:
            self._then(result, error)

    def is_done(self, timeout: float) -> bool:
        """Whether it is done, or has failed, within so many seconds."""
        return self._done.wait(timeout)

    def wait(self, timeout: float) -> Any:
        """The step's result; raises its error, or DatabaseError when the writer did not come to it."""
        if not self._done.wait(timeout):
            raise DatabaseError(
                f"the writer did not come to {self.name!r} in {timeout:g} s",
                hint="the log says what holds it up: a lock of another program, a full or a slow disk",
            )
        if self._error is not None:
            raise self._error
        return self._result
