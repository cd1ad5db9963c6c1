"""The one connection that a recording reads with."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, TypeVar

from collector.answers.timed import LIMIT
from collector.opened import reader
from collector.settings import Settings
from collector.store.database import inode, told

if TYPE_CHECKING:
    from collector.orm import peewee

T = TypeVar("T")
Question = Callable[["peewee.SqliteDatabase"], T]


class Reader:
    """Opened with the first question, and again when another file stands there.

    It lives in a thread of its own, so that whoever asks from whichever thread is answered through the same
    connection, one after the other. Each answer is read to its end: no snapshot is held between two.
    """

    def __init__(self, settings: Settings) -> None:
        LIMIT.is_told = False  # the application's stderr is its own
        self._settings = settings
        self._thread = ThreadPoolExecutor(1, "collector-reader")
        self._opened = ExitStack()
        self._database: peewee.SqliteDatabase | None = None
        self._inode: tuple[int, int] | None = None

    def ask(self, question: Question[T]) -> T:
        """The answer; raises DatabaseError when there is no record, or none of this version."""
        return self._thread.submit(self._answer, question).result()

    def rest(self) -> None:
        """Close the connection until the next question."""
        self._thread.submit(self._let_go).result()

    def close(self) -> None:
        """Close the connection and end the thread."""
        self.rest()
        self._thread.shutdown()

    def _answer(self, question: Question[T]) -> T:
        path = self._settings.database
        if self._database is None or inode(path) != self._inode:
            self._let_go()
            self._inode = inode(path)
            self._database = self._opened.enter_context(reader(self._settings))
        with told(path):
            return question(self._database)

    def _let_go(self) -> None:
        self._database = None
        self._opened.close()
