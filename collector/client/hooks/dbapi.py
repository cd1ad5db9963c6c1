"""Any DB-API 2 driver, and ``sqlite3``: each statement becomes one operation.

    with closing(dbapi.connect(psycopg, "dbname=shop")) as connection: ...
    connection = dbapi.timed_connection(already_open)
    connection = sqlite3.connect("shop.db", factory=dbapi.connection_class(sqlite3.Connection))

The time is what was spent inside ``execute`` and the fetches, summed: SQLite computes rows while they are
fetched, so the clock stops after the last row, and what the application does between two fetches does not
count. ``rows`` are the rows fetched, or the driver's ``rowcount`` for a statement without a result. An
error of the driver passes through unchanged and makes the operation a failed one. The first two give a
proxy, which is not of the driver's own type; the third gives real connections.

What it cannot see:

| not seen | why |
|---|---|
| ``commit()`` and ``rollback()`` of the connection | only cursors are timed |
| the time to connect | it is over before there is anything to time |
| ``callproc``, ``nextset``, ``copy``, ``stream`` of a driver | they go to the real cursor, untimed |
| the text of statements made of objects (``psycopg.sql``) | they may hold literals; timed all the same |
| later results of a statement with several | the first one is counted |
| rows that are never fetched | neither counted nor computed |
| cursors of a ``factory`` that is a function | they are not ours to change |
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar, cast

from collector.client.hooks.base import Recorder
from collector.client.hooks.cursor import CursorProxy, TimedCursor
from collector.client.hooks.forward import Forward
from collector.client.hooks.statement import Source, dialect_of

C = TypeVar("C")
_SHORTCUTS = frozenset({"execute", "executemany", "executescript"})

if TYPE_CHECKING:

    class _Connection:
        """What ``sqlite3`` promises of the class that is mixed in behind `_TimedConnection`."""

        def cursor(self, *args: Any, **kwargs: Any) -> Any:
            raise NotImplementedError
else:
    _Connection = object


def connect(
    driver: ModuleType | Callable[..., Any],
    /,
    *args: Any,
    name: str | None = None,
    dialect: str | None = None,
    client: Recorder | None = None,
    **kwargs: Any,
) -> Any:
    """Connect with a driver's module or its connect function, and time what the connection does.

    ``name``, ``dialect`` and ``client`` are as in `timed_connection`; all else goes to the driver, whose
    errors pass through.
    """
    opening = driver.connect if isinstance(driver, ModuleType) else driver
    return timed_connection(opening(*args, **kwargs), name=name, dialect=dialect, client=client)


def timed_connection(
    connection: Any, *, name: str | None = None, dialect: str | None = None, client: Recorder | None = None
) -> Any:
    """A proxy of an open DB-API 2 connection whose cursors are timed.

    ``name`` says which database it is (``metadata.database``); ``dialect`` is sqlite, postgresql, mysql
    or generic, and follows from the driver when it is a well-known one.
    """
    known = dialect or dialect_of(type(connection).__module__)
    return ConnectionProxy(connection, Source(known, name, client))


def connection_class(base: type[C], *, name: str | None = None, client: Recorder | None = None) -> type[C]:
    """A subclass of ``sqlite3.Connection`` (or of pysqlite3's) to give to ``connect`` as ``factory``.

    Its connections and cursors are real ones, for code that insists on the type.
    """
    source = Source("sqlite", name, client)
    return cast("type[C]", type(f"Timed{base.__name__}", (_TimedConnection, base), {"_source": source}))


class ConnectionProxy(Forward):
    """A connection of any DB-API 2 driver whose cursors are timed; everything else goes to the real one."""

    def __init__(self, real: Any, source: Source) -> None:
        super().__init__(real)
        self._source = source

    def cursor(self, *args: Any, **kwargs: Any) -> CursorProxy:
        """A timed cursor."""
        return CursorProxy(self._real.cursor(*args, **kwargs), self._source)

    def __getattr__(self, name: str) -> Any:
        real = super().__getattr__(name)
        return _through_cursor(self, name) if name in _SHORTCUTS else real


def _through_cursor(connection: ConnectionProxy, name: str) -> Callable[..., Any]:
    """A connection's own ``execute`` (sqlite3, psycopg 3) by way of a timed cursor."""

    def shortcut(*args: Any, **kwargs: Any) -> Any:
        return getattr(connection.cursor(), name)(*args, **kwargs)

    return shortcut


class _TimedConnection(_Connection):
    """Mixed in before ``sqlite3.Connection``: its cursors are timed."""

    _source = Source()

    def cursor(self, *args: Any, **kwargs: Any) -> Any:
        driver = type(self).__mro__[-2]  # the last before object: not a subclass of the application
        factory = args[0] if args else kwargs.get("factory", _cursor_of(driver))
        if not isinstance(factory, type):
            return super().cursor(*args, **kwargs)
        cursor = super().cursor(_timed(factory))
        cursor._source = self._source
        return cursor

    def execute(self, *args: Any) -> Any:
        return self.cursor().execute(*args)

    def executemany(self, *args: Any) -> Any:
        return self.cursor().executemany(*args)

    def executescript(self, *args: Any) -> Any:
        return self.cursor().executescript(*args)


@lru_cache(maxsize=64)
def _cursor_of(driver: Any) -> type:
    """The cursor class beside a driver's own connection class."""
    return cast("type", import_module(driver.__module__).Cursor)


@lru_cache(maxsize=64)
def _timed(cursor: type) -> type:
    return type(f"Timed{cursor.__name__}", (TimedCursor, cursor), {})
