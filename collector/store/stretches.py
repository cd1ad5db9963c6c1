"""The digests of full stretches of a table, as they are kept in the query cache, and made when they are not.

Four stretches side by side have one digest together, four such again, and so on: a million rows are six
digests, not thirty.

The name of a digest holds how often rows in its stretch were changed or deleted. So what is made of rows
as they were before a change, and kept after it, lies under a name that nobody asks for again.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from collector.orm import peewee, select
from collector.store import cache, digests
from collector.store.cache import Entry, Step, key_hash
from collector.store.digests import Digest
from collector.store.seen import Ends, changes_by_stretch, ends
from collector.store.topics import DIGESTED, Topic

if TYPE_CHECKING:
    from collector.sqlite import sqlite3

ROWS = 32_768
WIDER = 4
WIDEST = 4  # 256 stretches, 8 million rows
# Of more than so many buckets of all keys no wider digest is made: of keys that hardly come twice it would
# be as large as its parts together, and the daemon has to hold it for a moment. A key takes as much memory as
# so many buckets.
MOST_BUCKETS = 100_000
A_KEY = 7
LONGEST_PART = 1 << 20  # of its text; some ten thousand keys
TOO_MUCH = "null"


class Stretch(NamedTuple):
    """``WIDER ** level`` times ``ROWS`` row numbers."""

    level: int
    number: int

    @property
    def ends(self) -> Ends:
        """Its first and its last row number."""
        rows = ROWS * WIDER**self.level
        return Ends(self.number * rows, (self.number + 1) * rows - 1)

    @property
    def parts(self) -> list[Stretch]:
        """The next smaller ones that it is made of."""
        first = self.number * WIDER
        return [Stretch(self.level - 1, number) for number in range(first, first + WIDER)]


def covering(rows: Ends) -> Iterator[Stretch]:
    """The fewest stretches that hold all full ones."""
    at, end = _full(rows)
    while at < end:
        level = max(n for n in range(WIDEST + 1) if at % WIDER**n == 0 and at + WIDER**n <= end)
        yield Stretch(level, at // WIDER**level)
        at += WIDER**level


def loose(rows: Ends) -> list[Ends]:
    """The row numbers before the first full stretch, and behind the last."""
    at, end = _full(rows)
    around = [Ends(rows.low, at * ROWS - 1), Ends(end * ROWS, rows.high)] if at < end else [rows]
    return [part for part in around if part.low <= part.high]


def _full(rows: Ends) -> tuple[int, int]:
    """The first of the stretches whose rows are all there, and the one behind the last.

    Row numbers begin with 1. Rows may be missing in between: whoever deletes them says so (`forget`).
    """
    return 0 if rows.low <= 1 else -(-rows.low // ROWS), (rows.high + 1) // ROWS


def forget(table: str, numbers: Iterable[int]) -> Step:
    """Take out the digests of stretches in which rows were changed or deleted, and count that.

    ``numbers`` are row numbers divided by ``ROWS``. Digests of others stay. Returns how many went.
    """
    touched = set(numbers)

    def step(conn: sqlite3.Connection) -> int:
        for number in touched:
            cache.count(conn, cache.stretch_key(table, number))
        return sum(cache.forget_between(conn, name, name + "~") for name in _names(table, touched))

    return step


def forget_answers(table: str) -> Step:
    """Take out what was made of all of a table, and count the change; digests of stretches stay."""
    return cache.forget(table, f"summary * v{digests.VERSION} stretch *")


def _names(table: str, numbers: set[int]) -> Iterator[str]:
    """What the names of all digests begin with that rows of some stretches of ``table`` are in."""
    wider = {Stretch(level, number // WIDER**level) for level in range(WIDEST + 1) for number in numbers}
    for topic in DIGESTED:
        if table == topic.table:
            yield from (_name(topic, stretch) for stretch in wider)
        elif numbers and table in topic.joined:
            yield _prefix(topic)


def _prefix(topic: Topic) -> str:
    return f"summary {topic.name} v{digests.VERSION} stretch "


def _name(topic: Topic, stretch: Stretch) -> str:
    return f"{_prefix(topic)}{stretch.level}-{stretch.number:08d} after "


def _tell_unreadable(name: str, error: ValueError) -> None:
    # Only now: the log's library costs a command more time than most answers take.
    from collector.log import get_logger  # noqa: PLC0415

    get_logger("summaries").debug("cache.unreadable", key=name, error=str(error))


class Kept:
    """The digests of one topic: ``hits`` are names of those used, ``made`` those that should be kept."""

    def __init__(self, database: peewee.SqliteDatabase, topic: Topic) -> None:
        self._database = database
        self._topic = topic
        self._changes = changes_by_stretch(database, topic.table)
        self._changes_joined = sum(
            sum(changes_by_stretch(database, table).values()) for table in topic.joined
        )
        # After the changes. A stretch that was not full by then may be so by now, with rows that nobody
        # counts: what was made of it is not kept.
        self._last = (ends(database, topic.table) or Ends(0, 0)).high
        self._names = self._kept_names()
        self.hits: list[str] = []
        self.made: list[Entry] = []

    def missing(self, rows: Ends) -> Iterator[Stretch]:
        """The full stretches whose digests are not kept, smaller ones first."""
        at, end = _full(rows)
        for level in range(WIDEST + 1):
            wide = WIDER**level
            for number in range(-(-at // wide), end // wide):
                if self._name(Stretch(level, number)) not in self._names:
                    yield Stretch(level, number)

    def kept(self) -> list[Entry]:
        """What was made since the last time; from now on it counts as kept."""
        made, self.made = self.made, []
        self._names |= {entry.key for entry in made}
        return made

    def digest(self, stretch: Stretch) -> Digest | None:
        """Of a full stretch; None for one that would be too large, and has to be taken in parts."""
        name = self._name(stretch)
        if text := self._text(name):
            try:
                digest = None if text == TOO_MUCH else digests.load(self._topic, text)
            except ValueError as error:  # it takes the place of this one
                _tell_unreadable(name, error)
            else:
                self.hits.append(name)
                return digest
        text = self._made(stretch, name)
        return None if text == TOO_MUCH else digests.load(self._topic, text)

    def make(self, stretch: Stretch) -> None:
        """See that it is there, for whoever asks later."""
        name = self._name(stretch)
        if not self._text(name):
            self._made(stretch, name)

    def _made(self, stretch: Stretch, name: str) -> str:
        began = time.perf_counter()
        text = self._of_parts(stretch) if stretch.level else self._of_rows(stretch)
        took_ms = (time.perf_counter() - began) * 1000
        if stretch.ends.high <= self._last:
            self.made.append(Entry(name, text, self._topic.tables, took_ms, f"summary {self._topic.name}"))
        return text

    def _of_rows(self, stretch: Stretch) -> str:
        execute: Any = self._database.execute_sql  # Peewee's stubs leave it untyped
        return digests.dump_rows(self._topic, execute(digests.statement(self._topic), stretch.ends))

    def _of_parts(self, stretch: Stretch) -> str:
        whole = digests.nothing()
        for part in stretch.parts:
            if len(self._text(self._name(part)) or "") > LONGEST_PART:
                return TOO_MUCH
            digest = self.digest(part)
            if digest is None:
                return TOO_MUCH
            digests.join(self._topic, whole, digest)
            if sum(A_KEY + len(figures.sketched()) for figures in whole.keys.values()) > MOST_BUCKETS:
                return TOO_MUCH
        return digests.dump(whole)

    def _name(self, stretch: Stretch) -> str:
        wide = WIDER**stretch.level
        count = self._changes_joined + sum(
            count for number, count in self._changes.items() if number // wide == stretch.number
        )
        return f"{_name(self._topic, stretch)}{count} changes"

    def _kept_names(self) -> set[str]:
        found = select(
            self._database,
            "SELECT cache_key FROM query_cache WHERE cache_key >= ? AND cache_key < ?",
            _prefix(self._topic),
            _prefix(self._topic) + "~",
        )
        return {name for (name,) in found}

    def _text(self, name: str) -> str | None:
        """What is kept under a name; None also when it was taken out a moment ago."""
        if name not in self._names:
            return None
        found = select(
            self._database, "SELECT cached_data FROM query_cache WHERE cache_key_hash = ?", key_hash(name)
        )
        return found[0][0] if found else None
