"""What the writer writes into, as it sees it: a place that may fail under it, and may be put in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collector.sqlite import sqlite3
    from collector.store.failures import Failure


class Home(Protocol):
    """Asked by one thread only, the writer's."""

    def look(self, *, recording: bool) -> None:
        """Raise Trouble when writing now would be wrong: the file is another one, or, for a flush of
        records (``recording``), too little room is left on its disk."""

    def mend(self, failure: Failure, *, sure: bool) -> sqlite3.Connection | None:
        """Do what can be done about a failure. Another connection when the writer must go on with that.

        ``sure`` where writing itself failed so, and not only somebody's reading. May raise what SQLite
        and files raise: it is asked again the next time.
        """


class Nowhere:
    """A file that nobody looks after: the writer tries again, and that is all."""

    def look(self, *, recording: bool) -> None:
        """Nothing to say."""

    def mend(self, failure: Failure, *, sure: bool) -> sqlite3.Connection | None:
        """Nothing to be done."""
        return None


NOWHERE = Nowhere()
