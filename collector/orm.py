"""Peewee, loaded without the drivers it would never use here, on the SQLite of `collector.sqlite`."""

from __future__ import annotations

from typing import Any

from collector.lean import CRYPTO, without
from collector.sqlite import sqlite3

DRIVERS = ("psycopg2cffi", "psycopg2", "psycopg", "MySQLdb", "pymysql", "mysql")
# Where pysqlite3 serves, the interpreter's own sqlite3 stays out: Peewee takes the newer of the two
# it finds, and one process must never hold both.
_OTHER_SQLITE = ("sqlite3",) if sqlite3.__name__.startswith("pysqlite3") else ("pysqlite3",)

with without(*DRIVERS, *_OTHER_SQLITE, *CRYPTO):
    import peewee

__all__ = ["DRIVERS", "peewee", "select", "sqlite3"]


def select(database: peewee.Database, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """All rows of one statement written by hand; values are bound, never formatted in."""
    execute: Any = database.execute_sql  # Peewee's stubs leave it untyped
    return list(execute(sql, values).fetchall())
