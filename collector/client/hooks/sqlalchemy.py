"""SQLAlchemy: each statement becomes one operation, by the events of its engine.

    undo = sqlalchemy.watch(engine)               # Engine, or AsyncEngine

The time is what the driver took to execute and to fetch: until the last row when the driver's cursor
is read as SQLAlchemy does by default, so a lazy SQLite query shows its whole cost. Results that
SQLAlchemy buffers itself (``stream_results``, ``yield_per``, the rows of an INSERT of many values) are
timed until ``execute`` returns. What the application does between two fetches never counts.

What it cannot see:

| not seen | why |
|---|---|
| BEGIN, COMMIT and ROLLBACK | the driver's connection does them, no cursor |
| the time to connect or to wait for a connection | see `collector.client.hooks.sqlalchemy_pool` |
| the time to make objects of rows, and to compile the statement | it is spent outside the driver |
| rows of results that SQLAlchemy buffers, and the time to fetch them | no event tells of them |
| literals put into the text (``literal_column``) | they are part of the text; the recorder takes them out |
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine.cursor import CursorFetchStrategy

from collector.client.hooks.base import Recorder, attempt
from collector.client.hooks.statement import Source, Statement, dialect_of

_KEPT_AS = "_collector_statements"


def watch(engine: Any, *, name: str | None = None, client: Recorder | None = None) -> Callable[[], None]:
    """Time all statements of an engine from now on; answers what undoes it.

    ``name`` says which database it is (``metadata.database``). Each call watches once more.
    """
    engine = getattr(engine, "sync_engine", engine)
    listeners = _Listeners(Source(dialect_of(engine.dialect.name), name, client))
    events = (
        ("before_cursor_execute", listeners.before),
        ("after_cursor_execute", listeners.after),
        ("handle_error", listeners.failed),
    )
    for identifier, listener in events:
        event.listen(engine, identifier, listener)

    def undo() -> None:
        for identifier, listener in events:
            if event.contains(engine, identifier, listener):
                event.remove(engine, identifier, listener)

    return undo


class _Listeners:
    """The listeners of one watch, which keep the statement under way with its execution context."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def before(
        self, _connection: Any, _cursor: Any, sql: str, _parameters: Any, context: Any, many: bool
    ) -> None:
        attempt("sqlalchemy", self._begin, sql, context, many)

    def after(
        self, _connection: Any, cursor: Any, _sql: str, _parameters: Any, context: Any, _many: bool
    ) -> None:
        now_ns = time.perf_counter_ns()
        attempt("sqlalchemy", self._executed, cursor, context, now_ns)

    def failed(self, error: Any) -> None:
        attempt("sqlalchemy", self._failed, error, time.perf_counter_ns())

    def _begin(self, sql: str, context: Any, many: bool) -> None:
        metadata = {"executemany": len(context.compiled_parameters or context.parameters)} if many else {}
        statement = Statement(self._source, sql, **metadata)
        vars(context).setdefault(_KEPT_AS, {})[self] = (statement, time.perf_counter_ns())

    def _executed(self, cursor: Any, context: Any, now_ns: int) -> None:
        statement, started_ns = vars(context)[_KEPT_AS][self]
        statement.spend(now_ns - started_ns)
        vars(context)[_KEPT_AS][self] = (statement, None)
        if cursor.description is None:
            statement.wrote(cursor.rowcount)
        elif _fetches_by_default(context):
            context.cursor_fetch_strategy = _TimedFetch(context.cursor_fetch_strategy, statement)
        else:
            statement.end()

    def _failed(self, error: Any, now_ns: int) -> None:
        kept = vars(error.execution_context).get(_KEPT_AS, {}) if error.execution_context else {}
        statement, started_ns = kept.get(self, (None, None))
        if statement is not None and started_ns is not None:  # else it was fetching, which tells by itself
            statement.spend(now_ns - started_ns)
            statement.end(error.original_exception)


def _fetches_by_default(context: Any) -> bool:
    """Whether rows will come from the driver's cursor, one fetch for one fetch."""
    options = context.execution_options
    return (
        type(context.cursor_fetch_strategy) in {CursorFetchStrategy, _TimedFetch}
        and not getattr(context, "_is_server_side", False)
        and not (options.get("stream_results") or options.get("yield_per"))
        and getattr(context.execute_style, "name", "") != "INSERTMANYVALUES"
    )


class _TimedFetch(CursorFetchStrategy):
    """SQLAlchemy's way to fetch, timed; a dropped result ends its statement as a closed one does."""

    __slots__ = ("_fetching", "_next", "_statement")

    def __init__(self, following: CursorFetchStrategy, statement: Statement) -> None:
        self._fetching = False
        self._next = following
        self._statement = statement

    def _run(self, fetch: Callable[..., Any], *args: Any) -> Any:
        self._fetching = True
        try:
            return self._statement.run(fetch, *args)
        finally:
            self._fetching = False

    def _closed(self) -> None:
        if not self._fetching:  # else by the fetch of the last row, whose time is yet to be counted
            self._statement.end()

    def fetchone(self, result: Any, dbapi_cursor: Any, hard_close: bool = False) -> Any:
        row = self._run(self._next.fetchone, result, dbapi_cursor, hard_close)
        self._statement.took(int(row is not None), last=row is None)
        return row

    def fetchmany(self, result: Any, dbapi_cursor: Any, size: int | None = None) -> Any:
        rows = self._run(self._next.fetchmany, result, dbapi_cursor, size)
        self._statement.took(len(rows), last=not rows)
        return rows

    def fetchall(self, result: Any, dbapi_cursor: Any) -> Any:
        rows = self._run(self._next.fetchall, result, dbapi_cursor)
        self._statement.took(len(rows), last=True)
        return rows

    def soft_close(self, result: Any, dbapi_cursor: Any) -> None:
        self._closed()
        self._next.soft_close(result, dbapi_cursor)

    def hard_close(self, result: Any, dbapi_cursor: Any) -> None:
        self._closed()
        self._next.hard_close(result, dbapi_cursor)

    def yield_per(self, result: Any, dbapi_cursor: Any, num: int) -> None:
        self._statement.end()
        self._next.yield_per(result, dbapi_cursor, num)

    def __del__(self) -> None:
        self._statement.end()
