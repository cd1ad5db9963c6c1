"""The schema: one truth in the models, migrations that arrive at the same, and refusal of anything else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.errors import DatabaseError
from collector.orm import peewee, select
from collector.records.base import KINDS
from collector.sqlite import sqlite3
from collector.store import schema
from collector.store.database import APPLICATION_ID, open_writer
from tests.conftest import Store, cpu


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[peewee.SqliteDatabase]:
    """A file with nothing in it but its pragmas."""
    database = open_writer(tmp_path / "empty.db", "normal")
    yield database
    database.close()


def path_of(database: peewee.SqliteDatabase) -> Path:
    """Where its file is."""
    return Path(str(database.database))


def sql_of(database: peewee.SqliteDatabase) -> dict[str, str]:
    """Every table, index, trigger and view, its SQL with blanks made alike; the history's own aside."""
    rows = select(
        database,
        "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name <> 'schema_migration'",
    )
    return {name: re.sub(r"\s+", " ", re.sub(r"\s*([(),])\s*", r"\1", sql)).strip() for name, sql in rows}


def pages(database: peewee.SqliteDatabase) -> list[tuple[Any, ...]]:
    """All of the schema as SQLite keeps it, history included."""
    return select(database, "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY 1, 2")


def migration(folder: Path, name: str, up: str, down: str = "pass") -> None:
    """Write one more migration."""
    (folder / f"{name}.py").write_text(
        f"def up(migrator, db):\n    {up}\n\ndef down(migrator, db):\n    {down}\n"
    )


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    """A copy of our own migrations, to which a test adds its own."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    for path in schema.MIGRATIONS.glob("[0-9]*.py"):
        (folder / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    return folder


# Made and moved -----------------------------------------------------------------------------------


def test_a_file_that_says_it_is_newer_is_refused(empty: peewee.SqliteDatabase) -> None:
    """By its number too, whatever names it holds."""
    path = path_of(empty)
    schema.prepare(empty, path)
    empty.pragma("user_version", 99)
    with pytest.raises(DatabaseError, match=r"written by a newer collector \(it holds schema 99\)"):
        schema.prepare(empty, path)


def test_a_fresh_file_has_the_same_schema_as_one_that_was_migrated_all_the_way(
    store: Store, empty: peewee.SqliteDatabase
) -> None:
    """The models and the migrations say the same, word for word."""
    schema.runner(empty).up()
    assert sql_of(empty) == sql_of(store.database)
    assert schema.differences(empty) == []


def test_a_fresh_file_is_marked_as_ours_with_every_migration_noted(store: Store) -> None:
    """So that the next start has nothing to do."""
    assert store.database.pragma("application_id") == APPLICATION_ID
    assert store.database.pragma("user_version") == int(schema.known()[-1].split("_")[0])
    assert schema.applied_names(store.database) == {*schema.known()}
    assert schema.pending(store.database) == []
    assert schema.prepare(store.database, store.path) == []


def test_every_table_is_strict(store: Store) -> None:
    """SQLite would else store a text in a REAL column without a word."""
    tables = select(store.database, "SELECT name, strict FROM pragma_table_list WHERE schema = 'main'")
    ours = {
        name: strict for name, strict in tables if not name.startswith("sqlite_") and name != schema.HISTORY
    }
    assert ours.keys() == {kind.table for kind in KINDS.values()}
    assert {name for name, strict in ours.items() if not strict} == set()


def test_down_after_up_leaves_an_empty_schema_exactly(empty: peewee.SqliteDatabase) -> None:
    """And up again makes the whole of it again."""
    runner = schema.runner(empty)
    runner.History.create_table()
    before = pages(empty)
    runner.up()
    after = pages(empty)
    for _ in schema.known():
        runner.down()
    assert pages(empty) == before
    assert schema.applied_names(empty) == set()
    runner.up()
    assert pages(empty) == after


def test_each_migration_down_restores_the_schema_before_it(empty: peewee.SqliteDatabase) -> None:
    """Not only all of them together."""
    runner = schema.runner(empty)
    runner.History.create_table()
    states = [pages(empty)]
    for name in schema.known():
        runner.up(name)
        states.append(pages(empty))
    for expected in reversed(states[:-1]):
        runner.down()
        assert pages(empty) == expected


def test_an_older_file_is_brought_up_to_date(store: Store, migrations: Path) -> None:
    """What ran is told; rows stay."""
    store.put(cpu(1))
    store.flush()
    migration(migrations, "0098_nothing", "pass")
    migration(migrations, "0099_rows", 'db.execute_sql("UPDATE cpu_samples SET busy_percent = 7")')
    assert schema.prepare(store.database, store.path, migrations) == ["0098_nothing", "0099_rows"]
    assert store.rows("SELECT timestamp, busy_percent FROM cpu_samples") == [(1, 7.0)]
    assert store.database.pragma("user_version") == 99
    assert schema.prepare(store.database, store.path, migrations) == []


def test_a_migration_that_fails_half_way_leaves_the_old_schema(store: Store, migrations: Path) -> None:
    """Its tables, its rows and its note in the history are undone together, with all that ran before it."""
    store.put(cpu(1))
    store.flush()
    migration(migrations, "0098_good", "pass")
    migration(
        migrations,
        "0099_bad",
        "db.execute_sql('CREATE TABLE half (a) STRICT'.replace('(a)', '(a INTEGER)'));"
        " db.execute_sql('DELETE FROM cpu_samples'); db.execute_sql('DROP TABLE nowhere')",
    )
    before = pages(store.database)
    with pytest.raises(DatabaseError, match="the database refuses") as caught:
        schema.prepare(store.database, store.path, migrations)
    assert "no such table: nowhere" in caught.value.hint
    assert pages(store.database) == before
    assert store.count("cpu_samples") == 1
    assert schema.pending(store.database, migrations) == ["0098_good", "0099_bad"]
    (migrations / "0099_bad.py").unlink()
    assert schema.prepare(store.database, store.path, migrations) == ["0098_good"]


def test_a_migration_that_makes_a_table_anew_keeps_what_refers_to_it(store: Store, migrations: Path) -> None:
    """References are not looked at while it runs, and are afterwards."""
    for statement in ("CREATE TABLE whole (id INTEGER PRIMARY KEY)", "INSERT INTO whole VALUES (1)",
                      "CREATE TABLE part (whole REFERENCES whole (id) ON DELETE CASCADE)",
                      "INSERT INTO part VALUES (1)"):  # fmt: skip
        store.conn.execute(statement)
    anew = "CREATE TABLE whole (id INTEGER PRIMARY KEY, more)"
    migration(migrations, "0099_anew", f"db.execute_sql('DROP TABLE whole'); db.execute_sql('{anew}')")
    schema.prepare(store.database, store.path, migrations)
    assert store.rows("SELECT * FROM part") == [(1,)]
    assert store.database.pragma("foreign_keys") == 1


def test_a_first_start_that_fails_half_way_leaves_nothing(
    empty: peewee.SqliteDatabase, migrations: Path
) -> None:
    """The next one begins as the first."""
    select(empty, "PRAGMA max_page_count = 8")
    with pytest.raises(DatabaseError, match="the disk is full"):
        schema.prepare(empty, path_of(empty), migrations)
    assert pages(empty) == []
    assert empty.pragma("application_id") == 0
    select(empty, "PRAGMA max_page_count = 100000")
    assert schema.prepare(empty, path_of(empty), migrations) == []


# Refused ------------------------------------------------------------------------------------------


def test_a_newer_file_is_refused_and_says_what_to_do(store: Store) -> None:
    """It is never guessed at."""
    store.conn.execute("INSERT INTO schema_migration (name, applied) VALUES ('9999_future', '2030-01-01')")
    before = pages(store.database)
    with pytest.raises(
        DatabaseError, match=r"written by a newer collector \(it holds 9999_future\)"
    ) as caught:
        schema.prepare(store.database, store.path)
    assert "collector db downgrade" in caught.value.hint
    assert pages(store.database) == before


@pytest.mark.parametrize("statement", ["PRAGMA application_id = 7", "DROP TABLE schema_migration"])
def test_a_file_without_our_mark_or_our_history_is_refused(store: Store, statement: str) -> None:
    """However much its tables look like ours."""
    store.conn.execute(statement)
    with pytest.raises(DatabaseError, match="of another program"):
        schema.prepare(store.database, store.path)


@pytest.mark.parametrize(
    ("statement", "difference"),
    [
        ("DROP TABLE cpu_samples", "table cpu_samples is missing"),
        ("DROP INDEX workload_runs_workload_timestamp", "index workload_runs_workload_timestamp is missing"),
        ("CREATE UNIQUE INDEX mine ON gaps (reason)", "index mine is not known to this version"),
        (
            "CREATE TRIGGER mine AFTER INSERT ON gaps BEGIN SELECT 1; END",
            "trigger mine is not known to this version",
        ),
        ("ALTER TABLE gaps ADD COLUMN note TEXT", "table gaps is\n"),
    ],
)
def test_tables_that_differ_are_listed(store: Store, statement: str, difference: str) -> None:
    """Each with what it is and what it should be."""
    store.conn.execute(statement)
    (found,) = schema.differences(store.database)
    assert found.startswith(difference)
    with pytest.raises(DatabaseError, match="its tables are not what this version made") as caught:
        schema.prepare(store.database, store.path)
    assert difference in caught.value.message


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("CREATE TABLE notes (a INTEGER)", "table notes"),
        ("CREATE INDEX mine ON gaps (reason)", "index mine"),
        ("CREATE VIEW mine AS SELECT 1", "view mine"),
    ],
)
def test_what_somebody_added_is_told_and_does_no_harm(store: Store, statement: str, name: str) -> None:
    """An index for a question of one's own must not keep the recorder from starting."""
    store.conn.execute(statement)
    assert schema.prepare(store.database, store.path) == []
    assert (schema.differences(store.database), schema.additions(store.database)) == ([], [name])


def test_a_table_that_lost_its_strictness_is_told(store: Store) -> None:
    """As Peewee's own table rebuilds do without a word."""
    (sql,) = store.rows("SELECT sql FROM sqlite_master WHERE name = 'gaps'")[0]
    store.conn.execute("DROP TABLE gaps")
    store.conn.execute(sql.replace(" STRICT", ""))
    (found,) = schema.differences(store.database)
    assert found.startswith("table gaps is\n")
    assert found.endswith("STRICT")


def test_what_sqlite_keeps_for_itself_is_no_difference(store: Store) -> None:
    """Statistics of its planner."""
    store.put(cpu(1))
    store.flush()
    store.conn.execute("ANALYZE")
    assert schema.differences(store.database) == []


def test_looking_for_differences_changes_nothing(store: Store) -> None:
    """Neither the file nor the models, which are bound to no database."""
    before = pages(store.database)
    schema.differences(store.database)
    assert pages(store.database) == before
    assert all(kind.model._meta.database is None for kind in KINDS.values())


def test_a_reader_can_be_compared_too(store: Store) -> None:
    """`collector db verify` only reads."""
    conn = sqlite3.connect(str(store.path))
    conn.execute("PRAGMA query_only = 1")
    conn.close()
    reader = peewee.SqliteDatabase(f"file:{store.path}?mode=ro", uri=True)
    assert schema.differences(reader) == []
    reader.close()
