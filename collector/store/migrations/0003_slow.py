"""Slow queries: plans of statements, and how far each followed log is read."""

from typing import Any

UP = (
    """
    CREATE TABLE "query_plans" (
        "query_hash" TEXT NOT NULL PRIMARY KEY,
        "dialect" TEXT NOT NULL,
        "source" TEXT NOT NULL,
        "duration_ms" REAL,
        "timestamp" INTEGER NOT NULL,
        "plan" TEXT NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE "tail_positions" (
        "path" TEXT NOT NULL PRIMARY KEY,
        "name" TEXT NOT NULL,
        "format" TEXT NOT NULL,
        "inode" INTEGER NOT NULL,
        "mark" TEXT NOT NULL,
        "offset_bytes" INTEGER NOT NULL,
        "timestamp" INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    """ALTER TABLE "connection_pool_stats" ADD COLUMN "max_connections" INTEGER""",
)

TABLES = ("query_plans", "tail_positions")


def up(migrator: Any, db: Any) -> None:
    for statement in UP:
        db.execute_sql(statement)


def down(migrator: Any, db: Any) -> None:
    db.execute_sql('ALTER TABLE "connection_pool_stats" DROP COLUMN "max_connections"')
    for table in reversed(TABLES):
        db.execute_sql(f'DROP TABLE "{table}"')
