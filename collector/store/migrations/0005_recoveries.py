"""What became of databases that were damaged, deleted or replaced."""

from typing import Any

UP = (
    """
    CREATE TABLE "recoveries" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "timestamp" INTEGER NOT NULL,
        "reason" TEXT NOT NULL,
        "detail" TEXT NOT NULL,
        "aside" TEXT NOT NULL,
        "aside_bytes" INTEGER NOT NULL,
        "rows_saved" INTEGER NOT NULL,
        "finished_ms" INTEGER,
        "left" TEXT,
        "progress" TEXT
    ) STRICT
    """,
)


def up(migrator: Any, db: Any) -> None:
    for statement in UP:
        db.execute_sql(statement)


def down(migrator: Any, db: Any) -> None:
    db.execute_sql('DROP TABLE "recoveries"')
