"""Peewee: each statement becomes one operation, the transaction's own among them.

    undo = peewee.watch(database)

Peewee's own ``query_hooks`` measure without the fetch (0.03 ms told for a query of 250 ms) and see no
BEGIN or COMMIT. All its statements go through ``Database.cursor``, so the cursors are timed instead, as
in `collector.client.hooks.dbapi`: until the last row, without what the application does in between.

What it cannot see:

| not seen | why |
|---|---|
| the time to connect, and the pragmas set then | they use the driver's connection |
| ``database.connection()`` used by hand | the same |
| the time to make models of rows | it is spent between the fetches |
| rows that are never fetched | neither counted nor computed |
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from collector.client.hooks.base import Recorder
from collector.client.hooks.cursor import CursorProxy
from collector.client.hooks.statement import Source

# By the class that Peewee's documentation names; those of playhouse derive from them.
_DIALECTS = {"SqliteDatabase": "sqlite", "PostgresqlDatabase": "postgresql", "MySQLDatabase": "mysql"}


def watch(database: Any, *, name: str | None = None, client: Recorder | None = None) -> Callable[[], None]:
    """Time all statements of a ``peewee.Database`` from now on; answers what undoes it.

    ``name`` says which database it is (``metadata.database``). Each call watches once more: undo in the
    reverse order. Raises ValueError for a ``DatabaseProxy`` that nothing stands behind yet.
    """
    database = getattr(database, "obj", database)
    if database is None:
        raise ValueError("this DatabaseProxy has no database yet: initialize() it before it is watched")
    source = Source(_dialect(database), name, client)
    before = vars(database).get("cursor")
    real = database.cursor

    def cursor(*args: Any, **kwargs: Any) -> CursorProxy:
        return CursorProxy(real(*args, **kwargs), source)

    def undo() -> None:
        if vars(database).get("cursor") is cursor:
            del database.cursor
            vars(database).update({} if before is None else {"cursor": before})

    database.cursor = cursor
    return undo


def _dialect(database: Any) -> str:
    """Which SQL a database speaks."""
    classes = [base.__name__ for base in type(database).__mro__]
    return next((_DIALECTS[name] for name in classes if name in _DIALECTS), "generic")
