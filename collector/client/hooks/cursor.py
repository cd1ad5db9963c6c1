"""A DB-API 2 cursor that times its statements, fetching included; as a subclass and as a proxy.

SQLite computes rows while they are fetched, other databases send them then, so a statement is over after
its last row: when a fetch finds no more, or when the cursor is closed, used again or dropped, whichever
comes first. A statement without a result is over when ``execute`` returns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from collector.client.hooks.base import attempt
from collector.client.hooks.forward import Forward
from collector.client.hooks.statement import Source, Statement

_END = object()

if TYPE_CHECKING:

    class _Cursor:
        """What DB-API 2 promises of the class that is mixed in behind `TimedCursor`."""

        arraysize: int
        description: Any
        rowcount: int

        def execute(self, sql: Any, *args: Any, **kwargs: Any) -> Any:
            raise NotImplementedError

        def executemany(self, sql: Any, *args: Any, **kwargs: Any) -> Any:
            raise NotImplementedError

        def executescript(self, sql: Any, *args: Any, **kwargs: Any) -> Any:
            raise NotImplementedError

        def fetchone(self) -> Any:
            raise NotImplementedError

        def fetchmany(self, *args: Any, **kwargs: Any) -> Any:
            raise NotImplementedError

        def fetchall(self) -> Any:
            raise NotImplementedError

        def __next__(self) -> Any:
            raise NotImplementedError

        def close(self) -> Any:
            raise NotImplementedError
else:
    _Cursor = object


class TimedCursor(_Cursor):
    """Mixed in before a cursor's class: times what that one does."""

    _source = Source()
    _statement: Statement | None = None

    def execute(self, sql: Any, *args: Any, **kwargs: Any) -> Any:
        """Run a statement; its time goes on while rows are fetched."""
        statement = self._begin(sql)
        answer = statement.run(super().execute, sql, *args, **kwargs)
        attempt("cursor", self._executed, statement)
        return answer

    def executemany(self, sql: Any, *args: Any, **kwargs: Any) -> Any:
        """Run a statement with many sets of parameters: one record, over when this returns."""
        statement = self._begin(sql)
        answer = statement.run(super().executemany, sql, *args, **kwargs)
        attempt("cursor", self._written, statement)
        return answer

    def executescript(self, sql: Any, *args: Any, **kwargs: Any) -> Any:
        """Run several statements (sqlite3 only): one record, over when this returns."""
        statement = self._begin(sql)
        answer = statement.run(super().executescript, sql, *args, **kwargs)
        statement.end()
        return answer

    def fetchone(self) -> Any:
        """The next row or None."""
        statement = self._statement
        if statement is None:
            return super().fetchone()
        row = statement.run(super().fetchone)
        statement.took(int(row is not None), last=row is None)
        return row

    def fetchmany(self, *args: Any, **kwargs: Any) -> Any:
        """Some rows."""
        statement = self._statement
        if statement is None:
            return super().fetchmany(*args, **kwargs)
        rows = statement.run(super().fetchmany, *args, **kwargs)
        attempt("cursor", self._fetched, statement, rows, *args, **kwargs)
        return rows

    def fetchall(self) -> Any:
        """All rows that are left."""
        statement = self._statement
        if statement is None:
            return super().fetchall()
        rows = statement.run(super().fetchall)
        statement.took(len(rows), last=True)
        return rows

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        statement = self._statement
        if statement is None:
            return super().__next__()
        row = statement.run(_next, super().__next__)
        statement.took(int(row is not _END), last=row is _END)
        if row is _END:
            raise StopIteration
        return row

    def close(self) -> Any:
        """Close the cursor; a statement under way is over."""
        self._over()
        return super().close()

    def __del__(self) -> None:
        self._over()

    def _begin(self, sql: object) -> Statement:
        self._over()
        self._statement = statement = Statement(self._source, sql)
        return statement

    def _executed(self, statement: Statement) -> None:
        if self.description is None:
            statement.wrote(self.rowcount)

    def _written(self, statement: Statement) -> None:
        statement.wrote(self.rowcount)

    def _fetched(self, statement: Statement, rows: Sequence[object], size: int | None = None) -> None:
        statement.took(len(rows), last=len(rows) < (size or self.arraysize))

    def _over(self) -> None:
        statement, self._statement = self._statement, None
        if statement is not None:
            statement.end()


def _next(step: Callable[[], Any]) -> Any:
    """A row, or the mark of the end: the end of an iteration is no error of the statement."""
    try:
        return step()
    except StopIteration:
        return _END


class _Forwarded(Forward):
    """A cursor of any driver behind a proxy."""

    def execute(self, sql: Any, *args: Any, **kwargs: Any) -> Any:
        return self._own(self._real.execute(sql, *args, **kwargs))

    def executemany(self, sql: Any, *args: Any, **kwargs: Any) -> Any:
        return self._own(self._real.executemany(sql, *args, **kwargs))

    def executescript(self, sql: Any, *args: Any, **kwargs: Any) -> Any:
        return self._own(self._real.executescript(sql, *args, **kwargs))

    def fetchone(self) -> Any:
        return self._real.fetchone()

    def fetchmany(self, *args: Any, **kwargs: Any) -> Any:
        return self._real.fetchmany(*args, **kwargs)

    def fetchall(self) -> Any:
        return self._real.fetchall()

    def __next__(self) -> Any:
        """DB-API 2 leaves iteration to the driver; where it has none, `fetchone` says the same."""
        if hasattr(self._real, "__next__"):
            return next(self._real)
        row = self._real.fetchone()
        if row is None:
            raise StopIteration
        return row

    def close(self) -> Any:
        return self._real.close()


class CursorProxy(TimedCursor, _Forwarded):
    """A cursor of any DB-API 2 driver, timed; everything else goes to the real one."""

    def __init__(self, real: Any, source: Source) -> None:
        super().__init__(real)
        self._source = source

    def __exit__(self, *error: Any) -> Any:
        self._over()
        return super().__exit__(*error)
