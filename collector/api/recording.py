"""One record, open for a script."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import collector.records  # noqa: F401  # announces every kind
from collector.answers.timed import Row
from collector.api import bulk, plain, rows, skills
from collector.api.change import change, look
from collector.api.creating import Creating, Moment
from collector.api.reader import Question, Reader, T
from collector.api.refused import Refused, refusing
from collector.api.skills import SkillAverages
from collector.api.transaction import Transaction, asked, deleting, updating
from collector.errors import CollectorError, UsageError
from collector.homes import home_expanded
from collector.intake.check import kind_of
from collector.intake.steps import kind_named, where_of
from collector.opened import reading_settings
from collector.settings import Recorder, Settings
from collector.store.lock import holder
from collector.submit import sink

MOST_ROWS = 1_000


def opened(path: Path | str | None = None) -> Recording:
    """What `collector.open` gives."""
    if path is None:
        return Recording(reading_settings(None))
    return Recording(Settings(path=None, collector=Recorder(database=home_expanded(Path(path)).absolute())))


class Recording(Creating):
    """Reads and writes one record, whether a daemon runs or not.

    While one runs, it does all that is written, and this asks it by its socket. Without one, each call
    writes by itself, under the lock that a daemon would hold, and lets go of it at its end. A record that
    is not there is made with the first write.

    May be used from several threads: writes each go their own way, reads go through one connection, one
    after the other. Not in a child process after a fork: open it there again.

    ``where`` is {column: value}, and a row is like it when all of them are equal. A value may be a list, of
    which the column has one, or None for null. ``since_ms`` and ``until_ms`` are moments in milliseconds
    since 1970, from and before. Every method raises CollectorError, whose ``hint`` says what to do:
    Refused for what does not fit, with all ``faults``; DatabaseError for a file that cannot be used.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._process = os.getpid()
        self._reader: Reader | None = Reader(settings)

    def create_many(self, kind: str, rows: Iterable[Mapping[str, Any]]) -> bulk.Answer:
        """Store any number of records, in constant memory; those that do not fit are told and left out.

        Not one transaction: what is stored when an error is raised stays. Give each record an ``id``
        (``run_id`` of a benchmark), and doing it again stores none of them twice.
        """
        with refusing():
            kind_of({"kind": kind})
        self._before_writing()
        return bulk.create_many(self._settings, kind, rows)

    def read(
        self,
        kind: str,
        where: Mapping[str, Any] | None = None,
        *,
        since_ms: Moment | None = None,
        until_ms: Moment | None = None,
        limit: int | None = MOST_ROWS,
        newest_first: bool = True,
    ) -> list[Row]:
        """Rows of any kind in the order of their moments, at most ``limit``; None: all there are.

        A row has every column, flags as booleans, JSON as objects, parts as objects in it.
        """
        with refusing():
            found = kind_named(kind)
            wanted = where_of(found, asked(where, since_ms, until_ms))
        if limit is not None and limit < 0:
            raise UsageError(f"limit: must be 0 or more, or None for all, not {limit}")
        return self._ask(lambda database: rows.read(database, wanted, limit, newest_first=newest_first))

    def get(self, kind: str, key: str | int) -> Row | None:
        """One row with its parts in it, None when there is none.

        ``key`` is what `create` gave back, or the number in the column ``id``.
        """
        with refusing():
            found = kind_named(kind)
        name = rows.key_column(found, key)
        read = self.read(kind, {name: key}, limit=1)
        return read[0] if read else None

    def update(
        self,
        kind: str,
        *,
        where: Mapping[str, Any] | None = None,
        set: Mapping[str, Any],  # noqa: A002  # what SQL calls it
        since_ms: Moment | None = None,
        until_ms: Moment | None = None,
    ) -> int:
        """Give other values to the rows that are like ``where``; how many there were.

        Only what applications report can be changed, and runs; not what a row is known by. More than 10,000
        rows at once are refused, and so are all rows: there has to be a condition.
        """
        return self._change(updating(kind, where, set, since_ms, until_ms))

    def delete(
        self,
        kind: str,
        *,
        where: Mapping[str, Any] | None = None,
        since_ms: Moment | None = None,
        until_ms: Moment | None = None,
    ) -> int:
        """Delete the rows that are like ``where``, with their parts; how many there were. As `update`."""
        return self._change(deleting(kind, where, since_ms, until_ms))

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Changes that are done together at the end of the block, or not at all.

        An exception in the block drops them. At most 1,000, a megabyte as JSON, 10,000 rows, two seconds.
        What is read inside the block does not see them yet.
        """
        self._refuse_when_closed()
        made = Transaction()
        try:
            yield made
        except BaseException:
            made.end()
            raise
        if steps := made.end():
            self._before_writing()
            made.changed = change(self._settings, steps)

    def skills(self) -> list[str]:
        """All skills that ever ran."""
        return self._ask(skills.skills)

    def skill_metrics(
        self, skill_id: str, *, since_ms: Moment | None = None, until_ms: Moment | None = None
    ) -> list[Row]:
        """All runs of a skill, newest first."""
        return self.read("skill", {"skill_id": skill_id}, since_ms=since_ms, until_ms=until_ms, limit=None)

    def skill_averages(self, skill_id: str) -> SkillAverages:
        """Mean time and tokens of a skill, how often it ran, and the share of runs that failed."""
        return self._ask(lambda database: skills.averages(database, skill_id))

    def close(self) -> None:
        """Let go of the file; closing twice is fine."""
        reader, self._reader = self._reader, None
        if reader is not None and os.getpid() == self._process:
            reader.close()

    def __enter__(self) -> Recording:
        self._refuse_when_closed()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _create(self, kind: str, columns: dict[str, Any]) -> str:
        record, key = plain.keyed(kind, columns)
        self._before_writing()
        try:
            with sink(self._settings) as send:
                answer = send([record])
        except TypeError as error:
            raise plain.untellable(record, error) from None
        for one in answer["rejected"]:
            faults = [(fault["path"], fault["fault"]) for fault in one.get("faults", [])]
            raise Refused(one["reason"], faults)
        return key

    def _change(self, step: dict[str, Any]) -> int:
        look(step)
        self._before_writing()
        (changed,) = change(self._settings, [step])
        return changed

    def _ask(self, question: Question[T]) -> T:
        return self._refuse_when_closed().ask(question)

    def _before_writing(self) -> None:
        """Where nobody runs, a writer's connection is to be the last one that closes.

        Only then does SQLite put its write-ahead log into the file; one that only reads leaves it there.
        """
        reader = self._refuse_when_closed()
        if holder(self._settings.database) is None:
            reader.rest()

    def _refuse_when_closed(self) -> Reader:
        if self._reader is None:
            raise CollectorError("this record is closed", hint="open it again with `collector.open(path)`")
        if os.getpid() != self._process:
            raise CollectorError(
                "this record was opened by another process", hint="open it again after the fork"
            )
        return self._reader
