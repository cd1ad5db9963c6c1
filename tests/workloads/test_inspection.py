"""Plans and statistics of a real SQLite file, a real PostgreSQL and a real MariaDB."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from collector import inspection, targets
from collector.commands import main
from collector.errors import CollectorError, UsageError
from collector.inspection import Target
from collector.plans import redacted_plan, remarks
from collector.sqlite import sqlite3
from collector.workloads.spawn import Children
from collector.workloads.sql_child import sqlite, sqlite_stats
from collector.workloads.sql_child.job import Job, Refused, Rows
from tests.servers.mariadb import MariaDB
from tests.servers.postgresql import PostgreSQL

pytestmark = pytest.mark.long

PLAIN = "SELECT * FROM tasks t WHERE status = ? ORDER BY n LIMIT ?"
LISTED = "SELECT * FROM tasks WHERE id IN (?+)"
DELETE = "DELETE FROM tasks WHERE status = 'hidden'"


@pytest.fixture
def file(tmp_path: Path) -> Target:
    """A SQLite file with tasks, an index and a trigger."""
    path = tmp_path / "app.db"
    conn = sqlite3.connect(path)
    conn.executescript(
        "PRAGMA journal_mode=wal; CREATE TABLE tasks (id INTEGER PRIMARY KEY, status TEXT, n INT);"
        'CREATE TABLE gone (task INT); CREATE TABLE "o\'clock" (a INT); CREATE INDEX tasks_n ON tasks (n);'
        "CREATE TRIGGER note AFTER DELETE ON tasks BEGIN INSERT INTO gone VALUES (old.id); END;"
        "WITH RECURSIVE g(v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM g WHERE v < 300)"
        "INSERT INTO tasks SELECT v, 'open', v % 7 FROM g;"
    )
    conn.close()
    return Target(f"sqlite:///{path}")


@pytest.fixture(scope="module")
def server(postgresql: PostgreSQL) -> str:
    """A database of PostgreSQL with tasks; its URL."""
    postgresql.psql("CREATE DATABASE inspected")
    url = postgresql.url.replace("/postgres?", "/inspected?")
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("CREATE TABLE tasks (id int PRIMARY KEY, status text, n int)")
        conn.execute("CREATE INDEX tasks_n ON tasks (n)")
        conn.execute("INSERT INTO tasks SELECT i, 'open', i % 7 FROM generate_series(1, 3000) i")
        conn.execute("DELETE FROM tasks WHERE id > 2900")
        conn.execute("VACUUM ANALYZE tasks")
        conn.execute("SELECT count(*) FROM tasks WHERE id = 5")
        conn.execute("SELECT pg_stat_force_next_flush()")
    return url


@pytest.fixture(scope="module")
def maria(mariadb: MariaDB) -> Iterator[str]:
    """A database of MariaDB with tasks; its URL."""
    mariadb.run(
        "CREATE DATABASE inspected",
        "USE inspected",
        "CREATE TABLE tasks (id int PRIMARY KEY, status varchar(20), n int, KEY tasks_n (n))",
        "INSERT INTO tasks SELECT seq, 'open', seq % 7 FROM seq_1_to_3000",
        "ANALYZE TABLE tasks",
    )
    yield mariadb.url.replace("localhost/?", "localhost/inspected?")
    mariadb.run("DROP DATABASE inspected")


def count(target: Target) -> int:
    """How many tasks a SQLite file holds."""
    conn = sqlite3.connect(target.database.removeprefix("sqlite:///"))
    ((found,),) = conn.execute("SELECT count(*) FROM tasks").fetchall()
    conn.close()
    return int(found)


def test_sqlite_explains_normalised_texts(file: Target, children: Children) -> None:
    """Without a value for any of their marks."""
    plan = inspection.explain(file, PLAIN, children)
    assert remarks(plan, "sqlite", PLAIN) == ["full scan of the index tasks_n of tasks (as t)"]
    assert inspection.explain(file, LISTED, children).startswith("SEARCH tasks USING INTEGER PRIMARY KEY")
    assert "tasks_n" in inspection.explain(file, "SELECT * FROM tasks WHERE n = :n OR n = @m", children)


@pytest.mark.parametrize("sql", [DELETE, "UPDATE tasks SET n = ?", "REPLACE INTO tasks VALUES (?, ?, ?)"])
def test_what_is_explained_in_sqlite_is_not_run(file: Target, children: Children, sql: str) -> None:
    """Triggers are planned with it."""
    inspection.explain(file, sql, children)
    assert count(file) == 300


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT * FROM nosuch", "no such table: nosuch"),
        ("SELECT * FRM tasks", "syntax error"),
    ],
)
def test_sqlite_refuses_in_one_sentence(file: Target, children: Children, sql: str, said: str) -> None:
    """In its own words, with the name of the database."""
    with pytest.raises(CollectorError, match=said) as caught:
        inspection.explain(file, sql, children)
    assert caught.value.message.startswith(file.database)
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    "sql",
    ["EXPLAIN ANALYZE DELETE FROM tasks", "(ANALYZE) DELETE FROM tasks", "/* x */ ANALYZE SELECT 1",
     "SELECT 1; DELETE FROM tasks", "SELECT ';' ; SELECT 2",
     "DROP TABLE tasks", "PRAGMA user_version = 3", "VACUUM", "-- only a comment", ""],
)  # fmt: skip
@pytest.mark.parametrize("url", ["sqlite:////nowhere", "postgresql://h/d", "mysql://h/d"])
def test_only_what_can_be_planned_without_being_run_is_asked(children: Children, url: str, sql: str) -> None:
    """Before any database hears of it."""
    with pytest.raises(UsageError, match="only one statement can be explained"):
        inspection.explain(Target(url), sql, children)


@pytest.mark.parametrize("sql", ["SELECT ';', \";\" FROM tasks -- ; no\n ; ;", "SELECT 1 /* ; */ ;"])
def test_a_semicolon_within_or_at_the_end_is_no_second_statement(
    file: Target, children: Children, sql: str
) -> None:
    """In a text, a name or a comment it ends nothing."""
    assert "SCAN" in inspection.explain(file, sql, children)


def test_a_file_that_is_none_is_told(tmp_path: Path, children: Children) -> None:
    """One that is missing, too."""
    (tmp_path / "text").write_text("no database at all, but long enough to be read as one" * 9)
    with pytest.raises(CollectorError, match="file is not a database"):
        inspection.stats(Target(f"sqlite:///{tmp_path}/text"), children)
    with pytest.raises(CollectorError, match="there is no file"):
        inspection.stats(Target(f"sqlite:///{tmp_path}/none"), children)


def test_sqlite_tells_what_its_file_is_made_of(file: Target, children: Children) -> None:
    """Sizes, pages, rows of every table, bytes of tables and indexes."""
    found = inspection.stats(file, children)
    objects = {row["name"]: row for row in found["objects"]}
    assert {name: row["rows"] for name, row in objects.items()} == {
        "tasks": 300, "gone": 0, "o'clock": 0, "tasks_n": None,
    }  # fmt: skip
    assert found["bytes"] == found["pages"] * found["page_bytes"]
    assert (found["journal_mode"], found["late"]) == ("wal", False)
    assert objects["tasks_n"]["table"] == "tasks"
    sizes = [row["bytes"] for row in objects.values()]
    assert None in sizes or sum(sizes) <= found["bytes"]


def test_a_file_that_takes_too_long_is_told(file: Target, children: Children) -> None:
    """With the time that it had, and how to give it more."""
    with pytest.raises(CollectorError, match=r"took longer than 0\.001ms") as caught:
        inspection.stats(file, children, seconds=0.000001)
    assert "--timeout" in caught.value.hint


class SlowToCount(sqlite.Database):
    """A database whose time is up as soon as rows are counted."""

    def rows(self, query: str) -> Rows:
        """As it does, until then."""
        if "count(*)" in query:
            raise Refused("interrupted", late=True)
        return super().rows(query)


def test_what_there_was_no_time_to_count_is_told(file: Target) -> None:
    """The rest is there."""
    job = Job(targets.child_url(file.database, None), "", 30.0, ask="stats")
    database = SlowToCount(job)
    database.connect()
    found = sqlite_stats.stats(database, job)
    assert found["late"]
    assert found["pages"] > 0
    assert {row["rows"] for row in found["objects"]} == {None}


def test_postgresql_explains_normalised_texts(server: str, children: Children) -> None:
    """By a generic plan, with as many marks as there are."""
    sql = PLAIN.replace("BY n", "BY n + 1")
    plan = redacted_plan(inspection.explain(Target(server), sql, children), "postgresql")
    assert remarks(plan, "postgresql") == ["sort by ((n + ?))", "full scan of tasks (as t)"]
    assert "rows=" in plan
    assert "tasks_pkey" in inspection.explain(Target(server), "SELECT n FROM tasks WHERE id = ?", children)
    interval = "SELECT n FROM tasks WHERE now() - interval ? > now()"
    assert "Filter" in inspection.explain(Target(server), interval, children)


def test_what_is_explained_in_postgresql_is_not_run(server: str, children: Children) -> None:
    """With and without marks; no literal is shown."""
    told = redacted_plan(inspection.explain(Target(server), DELETE, children), "postgresql")
    assert told.startswith("Delete on tasks")
    assert "Filter: (status = ?::text)" in told
    assert "hidden" not in told
    inspection.explain(Target(server), "DELETE FROM tasks WHERE id > $1", children)
    with psycopg.connect(server) as conn:
        assert conn.execute("SELECT count(*) FROM tasks").fetchone() == (2900,)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT * FROM nosuch WHERE a = ?", 'relation "nosuch" does not exist'),
        ("SELECT * FRM tasks", "syntax error"),
    ],
)
def test_postgresql_refuses_in_one_sentence(server: str, children: Children, sql: str, said: str) -> None:
    """In the server's own words."""
    with pytest.raises(CollectorError, match=said) as caught:
        inspection.explain(Target(server), sql, children)
    assert "\n" not in caught.value.message


def test_a_function_that_planning_evaluates_can_write_nothing(server: str, children: Children) -> None:
    """PostgreSQL runs one that is marked IMMUTABLE, of constants; within a transaction that only reads."""
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(
            "CREATE FUNCTION inserts() RETURNS void LANGUAGE sql AS 'INSERT INTO tasks VALUES (5000)';"
            "CREATE FUNCTION writes(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS"
            " 'BEGIN PERFORM inserts(); RETURN $1; END'"
        )
        for sql in ("SELECT * FROM tasks WHERE id = writes(1)", "DELETE FROM tasks WHERE id = writes(1)"):
            with pytest.raises(CollectorError, match="cannot execute INSERT in a read-only transaction"):
                inspection.explain(Target(server), sql, children)
        assert conn.execute("SELECT count(*) FROM tasks WHERE id = 5000").fetchone() == (0,)


def test_a_process_that_dies_is_told_with_its_last_words(
    file: Target, children: Children, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the password nor our folders are in them."""
    monkeypatch.setenv("SHOP_PASSWORD", "sehr geheim")
    words = f"{inspection.__file__} of sehr geheim, pwd=1234"
    dying = [sys.executable, "-c", f"raise TypeError({words!r})"]
    monkeypatch.setattr(inspection, "interpreter", lambda *_: dying)
    with pytest.raises(CollectorError) as caught:
        inspection.stats(file._replace(password_env="SHOP_PASSWORD"), children)
    ending = "exit status 1: TypeError: collector/inspection.py of ***, pwd=***"
    assert caught.value.message == f"{file.database}: {ending}"


def test_postgresql_tells_how_its_tables_are_used(server: str, children: Children) -> None:
    """Estimated rows, sizes, scans, dead rows, cache hits, connections, the write-ahead log."""
    found = inspection.stats(Target(server), children)
    objects = {row["name"]: row for row in found["objects"]}
    assert objects.keys() == {"tasks", "tasks_n", "tasks_pkey"}
    assert objects["tasks"]["rows"] == 2900
    assert objects["tasks"]["sequential_scans"] >= 1
    assert (objects["tasks_n"]["scans"], objects["tasks_n"]["is_rule"]) == (0, False)
    assert objects["tasks_pkey"]["scans"] >= 1
    assert 0 < found["cache_hit_percent"] <= 100
    assert 1 <= found["connections"] <= found["max_connections"] == 100
    assert found["wal_bytes"] >= 16 << 20
    assert found["rows_are"] == "estimated"


def test_an_index_that_is_never_used_is_marked(
    server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As `collector db stats` shows it, unless the index serves a rule; rows are told as estimated."""
    (tmp_path / "c.toml").touch()
    assert main(["db", "stats", "--database", server, "--config", str(tmp_path / "c.toml")]) == 0
    lines = capsys.readouterr().out.splitlines()
    (never,) = [line for line in lines if "never used" in line]
    assert never.split()[0] == "tasks_n"
    assert any("estimated by the server" in line for line in lines)
    assert any(line.endswith(" of 100") for line in lines)


def test_a_refused_connection_is_told_without_the_password(tmp_path: Path, children: Children) -> None:
    """The URL's own is left out, too."""
    for url in (
        f"postgresql://me:geheim@/x?host={tmp_path}",
        f"mysql://me:geheim@localhost/x?socket={tmp_path}/s",
    ):
        with pytest.raises(CollectorError) as caught:
            inspection.explain(Target(url), "SELECT 1", children)
        assert "geheim" not in caught.value.message
        assert "//me@" in caught.value.message


def test_mariadb_explains_normalised_texts(maria: str, children: Children) -> None:
    """With values of ours, for it plans for values only."""
    told = inspection.explain(Target(maria), PLAIN, children)
    assert remarks(told, "mysql", PLAIN) == ["full scan of tasks (as t)", "temporary sort"]
    assert "key=PRIMARY" in inspection.explain(Target(maria), LISTED, children)
    assert "key=tasks_n" in inspection.explain(Target(maria), "SELECT * FROM tasks WHERE n = ?", children)


def test_what_is_explained_in_mariadb_is_not_run(maria: str, mariadb: MariaDB, children: Children) -> None:
    """Though it could not be explained in a transaction that only reads."""
    assert "table=tasks" in inspection.explain(Target(maria), DELETE, children)
    inspection.explain(Target(maria), "UPDATE tasks SET n = ? WHERE id > ?", children)
    assert mariadb.run("SELECT count(*), sum(n < 7) FROM inspected.tasks") == [(3000, 3000)]


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT * FROM nosuch", "nosuch' doesn't exist"),
        ("SELECT * FRM tasks", "error in your SQL syntax"),
    ],
)
def test_mariadb_refuses_in_one_sentence(maria: str, children: Children, sql: str, said: str) -> None:
    """In the server's own words."""
    with pytest.raises(CollectorError, match=said):
        inspection.explain(Target(maria), sql, children)


def test_mariadb_tells_sizes_and_cache_hits(maria: str, children: Children) -> None:
    """Of the tables and indexes of the one database."""
    found: dict[str, Any] = inspection.stats(Target(maria), children)
    assert [(row["name"], row["type"]) for row in found["objects"]] == [
        ("tasks", "table"),
        ("tasks_n", "index"),
    ]
    assert all(row["bytes"] > 0 for row in found["objects"])
    assert 0 < found["cache_hit_percent"] <= 100
    assert found["max_connections"] == 151
