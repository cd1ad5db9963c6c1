"""The schema: made from the models, moved by migrations, and compared before anything is written.

A newer or foreign schema is refused, never guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from collector.errors import DatabaseError
from collector.lean import CRYPTO, without
from collector.orm import DRIVERS, peewee, select
from collector.records.base import KINDS
from collector.store.database import APPLICATION_ID, foreign, told

if TYPE_CHECKING:
    from playhouse.migrations import Runner

MIGRATIONS = Path(__file__).parent / "migrations"
HISTORY = "schema_migration"


def prepare(database: peewee.SqliteDatabase, path: Path, migrations: Path = MIGRATIONS) -> list[str]:
    """Bring the schema up to date, or make it; returns the names of the migrations that ran.

    Raises DatabaseError for a foreign or newer file, or when the result is not what the models say.
    """
    with told(path):
        if is_empty(database):
            create(database, migrations)
            return []
        refuse_foreign(database, path)
        refuse_newer(database, path, migrations)
        applied: list[str] = []
        if pending(database, migrations):
            with moving(database, migrations) as run:
                applied = run.up()
        if different := differences(database):
            raise DatabaseError(
                f"{path}: its tables are not what this version made:\n  " + "\n  ".join(different),
                hint="restore a backup, or move the file away to start a new one",
            )
        return applied


def create(database: peewee.SqliteDatabase, migrations: Path = MIGRATIONS) -> None:
    """Make every table from its model in an empty file, and note all migrations as done."""
    models = [kind.model for kind in KINDS.values()]
    with database.bind_ctx(models), database.atomic():
        database.create_tables(models, safe=False)
        runner(database, migrations).fake()
        stamp(database)


def stamp(database: peewee.SqliteDatabase) -> None:
    """Mark the file as ours; ``user_version`` is the number of the newest migration in it."""
    names = applied_names(database)
    database.pragma("application_id", APPLICATION_ID)
    database.pragma("user_version", max((_number(name) for name in names), default=0))


def runner(database: peewee.SqliteDatabase, migrations: Path = MIGRATIONS) -> Runner:
    """Peewee's migration runner. Loaded only when something has to move: it costs 30 ms and 1 MB."""
    with without(*DRIVERS, *CRYPTO):
        from playhouse.migrations import Runner  # noqa: PLC0415

    return Runner(database, str(migrations), table_name=HISTORY)


@contextmanager
def moving(database: peewee.SqliteDatabase, migrations: Path = MIGRATIONS) -> Iterator[Runner]:
    """The runner, in one transaction for all it does and the mark of the newest migration.

    Killed on the way, the file is as it was. The runner alone commits each migration, and a mark that says
    more than is there would have every older version refuse the file for good.
    """
    # Inside a transaction SQLite ignores this, and DROP TABLE would delete what refers to a row of the table.
    database.pragma("foreign_keys", 0)
    try:
        with database.atomic():
            yield runner(database, migrations)
            stamp(database)
    finally:
        database.pragma("foreign_keys", 1)


def is_empty(database: peewee.SqliteDatabase) -> bool:
    """Whether nothing was ever stored in the file."""
    ((count,),) = select(database, "SELECT count(*) FROM sqlite_master")
    return count == 0 and not database.pragma("application_id")


def refuse_foreign(database: peewee.SqliteDatabase, path: Path) -> None:
    """Raise DatabaseError when the file was made by another program."""
    if database.pragma("application_id") != APPLICATION_ID or not _has_history(database):
        raise foreign(path)


def refuse_newer(database: peewee.SqliteDatabase, path: Path, migrations: Path = MIGRATIONS) -> None:
    """Raise DatabaseError when the file holds migrations that this version does not know, or says so."""
    ours = known(migrations)
    unknown = sorted(applied_names(database) - {*ours})
    number = int(database.pragma("user_version"))
    if not unknown and number > max(map(_number, ours), default=0):
        unknown = [f"schema {number}"]
    if unknown:
        raise DatabaseError(
            f"{path} was written by a newer collector (it holds {', '.join(unknown)})",
            hint="install that version again, or have it run `collector db downgrade` first",
        )


def applied_names(database: peewee.SqliteDatabase) -> set[str]:
    """The migrations noted in the file."""
    if not _has_history(database):
        return set()
    return {name for (name,) in select(database, "SELECT name FROM schema_migration")}


def known(migrations: Path = MIGRATIONS) -> list[str]:
    """The migrations this version has, in order."""
    return sorted(path.stem for path in migrations.glob("[0-9]*.py"))


def pending(database: peewee.SqliteDatabase, migrations: Path = MIGRATIONS) -> list[str]:
    """The migrations that the file still lacks, in order."""
    done = applied_names(database)
    return [name for name in known(migrations) if name not in done]


def differences(database: peewee.SqliteDatabase) -> list[str]:
    """How the file's tables and indexes differ from the models; empty when they agree."""
    is_, should = _objects(database), _model_objects()
    return [
        *(f"{name} is missing" for name in sorted(should.keys() - is_.keys())),
        *(
            f"{name} is not known to this version"
            for name in sorted(is_.keys() - should.keys())
            if not _harmless(is_[name])
        ),
        *(
            f"{name} is\n      {is_[name]}\n    and should be\n      {should[name]}"
            for name in sorted(should.keys() & is_.keys())
            if is_[name] != should[name]
        ),
    ]


def additions(database: peewee.SqliteDatabase) -> list[str]:
    """What somebody has added to the file that does no harm: views, tables and indexes of their own."""
    is_, should = _objects(database), _model_objects()
    return [name for name in sorted(is_.keys() - should.keys()) if _harmless(is_[name])]


def _harmless(sql: str) -> bool:
    """Whether an object cannot change what is stored, as a trigger or a UNIQUE index could."""
    return sql.startswith(("CREATE TABLE", "CREATE VIEW", "CREATE INDEX"))


def _model_objects() -> dict[str, str]:
    memory = peewee.SqliteDatabase(":memory:")
    models = [kind.model for kind in KINDS.values()]
    with memory, memory.bind_ctx(models):
        memory.create_tables(models)
        return _objects(memory)


def _objects(database: peewee.SqliteDatabase) -> dict[str, str]:
    """Name → SQL of every table and index, spelled alike however it was written."""
    rows = select(
        database,
        "SELECT type || ' ' || name, sql FROM sqlite_master"
        " WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' AND tbl_name <> 'schema_migration'",
    )
    return {name: re.sub(r"\s+", " ", re.sub(r"\s*([(),])\s*", r"\1", sql)).strip() for name, sql in rows}


def _has_history(database: peewee.SqliteDatabase) -> bool:
    return bool(
        select(database, "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_migration'")
    )


def _number(name: str) -> int:
    match = re.match(r"\d+", name)
    return int(match[0]) if match else 0
