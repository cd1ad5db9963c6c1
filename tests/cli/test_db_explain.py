"""``collector db explain``: queries typed, stored and registered, against real files."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.fingerprint import fingerprint
from collector.records.query import Query
from collector.records.query_plan import QueryPlan
from collector.sqlite import sqlite3
from collector.terminal import display_width
from tests.answers.made import Made
from tests.cli.conftest import Call, plain

QUERY = "SELECT * FROM tasks WHERE status = 'hidden' ORDER BY n"
KEYS = {"query", "query_hash", "database", "dialect", "plan", "remarks", "stored"}


@pytest.fixture
def app(tmp_path: Path) -> str:
    """The URL of a database of an application."""
    conn = sqlite3.connect(tmp_path / "app.db")
    conn.executescript("CREATE TABLE tasks (id INTEGER PRIMARY KEY, status TEXT, n INT)")
    conn.close()
    return f"sqlite:///{tmp_path}/app.db"


@pytest.fixture
def workload(config: Path, app: str) -> None:
    """A config with a sql workload and one that is none."""
    with config.open("a", encoding="utf-8") as file:
        file.write(
            f'[[workloads]]\nname = "open"\nkind = "sql"\nevery = "1m"\ndatabase = "{app}"\n'
            f'query = "{QUERY}"\n'
            '[[workloads]]\nname = "tests"\nkind = "command"\nevery = "1m"\nargv = ["true"]\n'
        )


def stored(made: Made, sql: str = QUERY, plan: str | None = None, **columns: str) -> str:
    """Store a statement as an application or a log brought it; its fingerprint."""
    found = fingerprint(sql, "sqlite")
    given = {"query_hash": found.hash, "dialect": "sqlite", "text": found.text, **columns}
    made.add(Query.record(fp_version=1, first_seen=1, **given))
    if plan:
        made.add(
            QueryPlan.record(
                query_hash=given["query_hash"], dialect=given["dialect"], source="shop-log",
                duration_ms=812.0, timestamp=made.now_ms, plan=plan,
            )
        )  # fmt: skip
    return given["query_hash"]


def test_a_query_is_explained_with_what_stands_out(call: Call, app: str) -> None:
    """Without its literal, and with the index that would help; no record is needed."""
    said = call("db", "explain", QUERY, "--database", app)
    assert (said.code, said.err) == (0, "")
    assert said.lines[0] == "  query       SELECT * FROM tasks WHERE status = ? ORDER BY n"
    assert said.lines[-4:] == [
        "",
        "→ full scan of tasks",
        "→ temporary sort for ORDER BY",
        "→ an index on tasks (status) would serve the filter",
    ]
    assert "  SCAN tasks" in said.lines
    assert "hidden" not in said.out


def test_the_document_has_always_the_same_keys(made: Made, call: Call, app: str) -> None:
    """Whether a plan is new, stored or unknown."""
    new = call("db", "explain", QUERY, "--database", app, "--json").json
    assert new.keys() == KEYS
    assert new["plan"].splitlines() == ["SCAN tasks", "USE TEMP B-TREE FOR ORDER BY"]
    assert (new["database"], new["stored"]) == (app, None)
    unknown = call("db", "explain", stored(made), "--json").json
    assert unknown.keys() == KEYS
    assert (unknown["plan"], unknown["database"], unknown["remarks"]) == (None, None, [])
    assert unknown["query_hash"] == new["query_hash"]


def test_a_registered_query_needs_only_its_name(call: Call, workload: None, app: str) -> None:
    """Another query is asked of its database, too."""
    assert call("db", "explain", "--workload", "open", "--json").json["database"] == app
    other = call("db", "explain", "SELECT * FROM tasks WHERE id = 5", "--workload", "open")
    assert "nothing stands out" in other.lines[-1]


def test_a_query_without_a_database_is_about_our_own_file(made: Made, call: Call) -> None:
    """Which is only read."""
    made.run("unit-tests", 5)
    document = call("db", "explain", "DELETE FROM workload_runs WHERE wall_ms > 5", "--json").json
    assert document["plan"].startswith("SCAN workload_runs")
    assert made.conn.execute("SELECT count(*) FROM workload_runs").fetchone() == (1,)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("DELETE FROM tasks", "every row of tasks, which is emptied at once"),
        ('delete from "tasks" as t;', "every row of tasks, which is emptied at once"),
        ('DELETE FROM "my tasks"', "every row of the table, which is emptied at once"),
        ("INSERT INTO tasks VALUES (1, 'open', 2)", "it looks for no rows"),
    ],
)
def test_a_plan_without_steps_is_told_as_what_it_is(call: Call, app: str, sql: str, said: str) -> None:
    """SQLite plans none to empty a table, which stands out all the same."""
    with sqlite3.connect(app.removeprefix("sqlite:///")) as conn:
        conn.execute('CREATE TABLE IF NOT EXISTS "my tasks" (id INT)')
    conn.close()
    answer = call("db", "explain", sql, "--database", app)
    assert "  no steps" in answer.lines
    assert answer.lines[-1] == f"→ {said}"
    assert call("db", "explain", sql, "--database", app, "--json").json["remarks"] == [said]


def test_a_plan_that_says_nothing_is_told_as_unreadable(made: Made, call: Call) -> None:
    """Never as one in which nothing stands out."""
    query_hash = stored(made, plan="?\n  ?", dialect="postgresql")
    assert call("db", "explain", query_hash).lines[-1] == "→ the plan could not be read"


def test_a_fingerprint_brings_the_plan_that_was_seen(made: Made, call: Call) -> None:
    """With when and from where; six digits do."""
    query_hash = stored(
        made, plan="Seq Scan on tasks  (cost=0.00..9.00 rows=1 width=4)", dialect="postgresql"
    )
    said = call("db", "explain", query_hash[:6])
    assert (said.code, said.err) == (0, "")
    assert any(
        line.startswith("plan seen ") and "by shop-log, of a run that took 812 ms" in line
        for line in said.lines
    )
    assert "→ full scan of tasks" in said.lines
    assert "if tasks has no index on (status), one would serve the filter" in said.lines[-1]


def test_a_fingerprint_is_explained_anew_where_a_database_is_named(made: Made, call: Call, app: str) -> None:
    """Its marks stand for whatever values; the plan that was seen stands below."""
    query_hash = stored(made, "SELECT * FROM tasks WHERE id IN (1, 2) LIMIT 3", plan="SCAN tasks")
    document = call("db", "explain", query_hash, "--database", app, "--json").json
    assert document["plan"] == "SEARCH tasks USING INTEGER PRIMARY KEY (rowid=?)"
    assert document["remarks"] == []
    assert (document["stored"]["plan"], document["stored"]["source"]) == ("SCAN tasks", "shop-log")
    said = call("db", "explain", query_hash, "--database", app)
    assert said.lines.index("plan now:") < said.lines.index("  SCAN tasks")


def test_a_fingerprint_of_our_own_tables_needs_no_database(made: Made, call: Call) -> None:
    """One of other tables says where to ask."""
    ours = stored(made, "SELECT * FROM workload_runs WHERE wall_ms > 5")
    assert "→ full scan of workload_runs" in call("db", "explain", ours).lines
    assert "ask its database with --database URL" in call("db", "explain", stored(made)).out


def test_hashes_that_applications_gave_are_fingerprints_too(made: Made, call: Call) -> None:
    """Whatever they look like."""
    stored(made, plan="SCAN tasks", query_hash="orders.by-state")
    assert call("db", "explain", "orders.by-state", "--json").json["query_hash"] == "orders.by-state"


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("{0}0", "did you mean '{1}'?"),
        ("abcdef", "no statement is stored as 'abcdef'"),
        ("abc", "6 digits or more of a fingerprint"),
        ("nonsense", "give a query in quotes"),
    ],
)
def test_an_unknown_fingerprint_is_told_with_what_to_do(made: Made, call: Call, word: str, said: str) -> None:
    """The nearest is named."""
    known = stored(made)
    answer = call("db", "explain", word.format(known[:12]))
    assert (answer.code, answer.out) == (2, "")
    assert said.format("", known) in answer.err


def test_digits_that_fit_several_are_refused(made: Made, call: Call) -> None:
    """With those that they fit."""
    for end in "01":
        stored(made, query_hash=f"abcdef123456789{end}")
    answer = call("db", "explain", "abcdef")
    assert answer.code == 2
    assert "could be any of abcdef1234567890, abcdef1234567891" in answer.err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "which query?"),
        (("SELECT 1", "--database", "oracle://x"), 2, "--database: must begin with sqlite:///"),
        (("SELECT 1", "--database", "sqlite:////nowhere/x.db"), 1, "there is no file /nowhere/x.db"),
        (("SELECT 1", "--database", "mysql://me@h/d", "--password-env", "NOT_SET"), 1, "NOT_SET"),
        (("SELECT 1", "--database", "mysql://me@h/d", "--password-file", "/nowhere"), 2, "--password-file"),
        (("--workload", "open", "--password-env", "X"), 2, "a password goes with --database"),
        (("--workload", "opne"), 2, "did you mean 'open'?"),
        (("--workload", "tests"), 2, "it has no database"),
        (("SELECT 1", "--workload", "open", "--database", "mysql://h/d"), 2, "only one of"),
        (("SELECT * FROM nosuch", "--workload", "open"), 1, "no such table: nosuch"),
        (("DROP TABLE tasks", "--workload", "open"), 2, "only one statement can be explained"),
        (("SELECT 1; SELECT 2", "--workload", "open"), 2, "give it without what follows the ;"),
        (("SELEC 1", "--workload", "open"), 2, "only one statement can be explained"),
        (("SELECT 1", "--timeout", "soon"), 2, "a length of time"),
    ],
)
def test_what_cannot_be_explained_is_told(
    call: Call, workload: None, words: tuple[str, ...], code: int, said: str
) -> None:
    """In a sentence."""
    answer = call("db", "explain", *words)
    assert (answer.code, answer.out) == (code, "")
    assert said in answer.err


def test_on_a_terminal_a_plan_fits_eighty_columns(made: Made, terminal: Call) -> None:
    """What is longer goes on below."""
    plan = "  Filter: (" + " AND ".join(f"(column_{n} = ?)" for n in range(20)) + ")"
    query_hash = stored(made, plan=f"Seq Scan on tasks  (cost=0.00..9.00 rows=1 width=4)\n{plan}")
    lines = plain(terminal("db", "explain", query_hash).out).splitlines()
    assert max(map(display_width, lines)) <= 80
    assert "(column_19 = ?))" in " ".join(lines)
