"""What somebody who reads sees of a table: its first and last row, and how often rows of it were changed.

Rows are only ever added, so the ends tell of new ones; updates and deletes are counted in the query cache.
"""

from __future__ import annotations

from typing import NamedTuple

from collector.orm import peewee, select
from collector.store.cache import changes_key, key_hash, stretches_key


class Ends(NamedTuple):
    """The numbers of the first and the last row of a table."""

    low: int
    high: int


def ends(database: peewee.SqliteDatabase, table: str) -> Ends | None:
    """The ends of a table; None when it is empty."""
    # Each asked for alone is one step into the table, both at once would be a walk through all of it.
    ((low, high),) = select(
        database,
        f"SELECT (SELECT min(rowid) FROM {table}), (SELECT max(rowid) FROM {table})",  # noqa: S608  # only words of ours
    )
    return None if low is None else Ends(low, high)


def changes(database: peewee.SqliteDatabase, *tables: str) -> int:
    """How often rows of these tables were updated or deleted. To be asked before they are read."""
    hashes = [key_hash(changes_key(table)) for table in tables]
    marks = ", ".join("?" for _ in hashes)
    ((count,),) = select(
        database,
        f"SELECT coalesce(sum(access_count), 0) FROM query_cache WHERE cache_key_hash IN ({marks})",  # noqa: S608  # only words of ours
        *hashes,
    )
    return int(count)


def changes_by_stretch(database: peewee.SqliteDatabase, table: str) -> dict[int, int]:
    """How often rows of each stretch of a table were updated or deleted; those where none was are left out.

    To be asked before the ends of the table are. The counts stay for ever, one for some 30,000 rows that
    went: row numbers begin anew when a table has become empty, and old digests must not come true again.
    """
    first = stretches_key(table)
    found = select(
        database,
        "SELECT cache_key, access_count FROM query_cache WHERE cache_key >= ? AND cache_key < ?",
        first,
        first + "~",
    )
    return {int(key.removeprefix(first)): count for key, count in found}
