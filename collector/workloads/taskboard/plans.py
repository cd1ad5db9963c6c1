"""Which indexes SQLite would use for a query."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from collector.orm import peewee, select

_INDEX = re.compile(r"USING (?:COVERING )?INDEX (\S+)")


def used(database: peewee.SqliteDatabase, sql: str, values: Sequence[object] = ()) -> set[str]:
    """The names in the plan of a statement. Source: sqlite.org/eqp.html."""
    # The connection keeps prepared statements, and alone EXPLAIN does not notice when the schema changes:
    # it would go on telling of an index that was dropped. With the schema's version it is another text.
    version = database.pragma("schema_version")
    steps = select(database, f"EXPLAIN QUERY PLAN {sql} -- {version}", *values)
    return {name for *_, step in steps for name in _INDEX.findall(step)}


def unused(
    database: peewee.SqliteDatabase, wanted: Iterable[str], queries: Iterable[peewee.Select]
) -> list[str]:
    """Those of the ``wanted`` indexes that are in the plan of none of the queries."""
    found = {name for query in queries for name in used(database, *query.sql())}
    return [name for name in wanted if name not in found]
