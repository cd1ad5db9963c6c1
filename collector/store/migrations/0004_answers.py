"""Rollups and how far upkeep has come; what got slower, and alerts."""

from typing import Any

UP = (
    """
    CREATE TABLE "series" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "subject" TEXT NOT NULL,
        "column" TEXT NOT NULL,
        "key" TEXT NOT NULL
    ) STRICT
    """,
    """CREATE UNIQUE INDEX "series_subject" ON "series" ("subject", "column", "key")""",
    """
    CREATE TABLE "rollups" (
        "series_id" INTEGER NOT NULL,
        "tier_s" INTEGER NOT NULL,
        "timestamp" INTEGER NOT NULL,
        "count" INTEGER NOT NULL,
        "sum" REAL NOT NULL,
        "min" REAL,
        "max" REAL,
        "sketch" BLOB,
        PRIMARY KEY ("tier_s", "timestamp", "series_id")
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE "upkeep_positions" (
        "name" TEXT NOT NULL PRIMARY KEY,
        "position" INTEGER NOT NULL,
        "timestamp" INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE "rollup_stale" (
        "subject" TEXT NOT NULL,
        "timestamp" INTEGER NOT NULL,
        "changes" INTEGER NOT NULL,
        PRIMARY KEY ("timestamp", "subject")
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE "changes" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "subject_kind" TEXT NOT NULL,
        "subject" TEXT NOT NULL,
        "metric" TEXT NOT NULL,
        "timestamp" INTEGER NOT NULL,
        "last_before_ms" INTEGER NOT NULL,
        "before" REAL NOT NULL,
        "after" REAL NOT NULL,
        "before_p95" REAL NOT NULL,
        "after_p95" REAL NOT NULL,
        "ratio" REAL,
        "ratio_low" REAL,
        "ratio_high" REAL,
        "runs_before" INTEGER NOT NULL,
        "runs_after" INTEGER NOT NULL,
        "noisy_left_out" INTEGER NOT NULL,
        "state" TEXT NOT NULL,
        "first_commit" TEXT,
        "cause" TEXT NOT NULL,
        "sentence" TEXT NOT NULL,
        "evidence" TEXT,
        "trend" TEXT,
        "found_ms" INTEGER NOT NULL,
        "told_ms" INTEGER,
        "doubted_ms" INTEGER,
        "accepted_ms" INTEGER,
        "note" TEXT
    ) STRICT
    """,
    """CREATE INDEX "changes_subject" ON "changes" ("subject_kind", "subject", "metric", "timestamp")""",
    """CREATE INDEX "changes_timestamp" ON "changes" ("timestamp")""",
    """
    CREATE TABLE "alerts" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "timestamp" INTEGER NOT NULL,
        "subject_kind" TEXT NOT NULL,
        "subject" TEXT NOT NULL,
        "concern" TEXT NOT NULL,
        "from_state" TEXT NOT NULL,
        "to_state" TEXT NOT NULL,
        "details" TEXT
    ) STRICT
    """,
    """CREATE INDEX "alerts_timestamp" ON "alerts" ("timestamp")""",
    """CREATE INDEX "alerts_subject" ON "alerts" ("subject_kind", "subject", "concern")""",
    """ALTER TABLE "recorder_sessions" ADD COLUMN "kernel" TEXT""",
)

TABLES = ("series", "rollups", "upkeep_positions", "rollup_stale", "changes", "alerts")


def up(migrator: Any, db: Any) -> None:
    for statement in UP:
        db.execute_sql(statement)


def down(migrator: Any, db: Any) -> None:
    db.execute_sql('ALTER TABLE "recorder_sessions" DROP COLUMN "kernel"')
    for table in reversed(TABLES):
        db.execute_sql(f'DROP TABLE "{table}"')
