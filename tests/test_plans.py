"""Plans without their literals, and what stands out in them; the texts are what the databases printed."""

from __future__ import annotations

import json
from string import Template

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.fingerprint import fingerprint
from collector.plans import advice, explainable, redacted_plan, remarks
from collector.plans.document import UNREADABLE

POSTGRESQL = """\
Sort  (cost=706.94..719.44 rows=5000 width=12) (actual time=3.771..3.776 rows=7 loops=1)
  Sort Key: (CASE WHEN (t.n = 7) THEN 'a'::text ELSE 'b'::text END)
  Sort Method: external merge  Disk: 1024kB
  Buffers: shared hit=59 read=2
  InitPlan 1 (returns $0)
    ->  Result  (cost=0.00..0.01 rows=1 width=4) (never executed)
  ->  Seq Scan on tasks_2 t  (cost=0.00..115.50 rows=1 width=109) (actual time=0.009..0.638 rows=5 loops=1)
        Filter: ((n > '-5'::integer) AND (n = ANY ('{1,2}'::integer[])) AND (status = 'it''s'::text))
        Rows Removed by Filter: 3
Planning Time: 0.120 ms"""
# A statement above its plan, as auto_explain writes it; its literal has a line that looks like a plan's.
FORGED = """\
Query Text: select * from t where a = 'x
Seq Scan on hidden  (cost=0.00..1.00 rows=1 width=1)
hidden' -- that's hidden
Seq Scan on t  (cost=0.00..115.50 rows=1 width=109)
  Filter: (status = 'x
  Rows Removed by Filter: 4711
hidden'::text)"""
YAML = """\
Query Text: "select 'hidden'"
Plan:
  Node Type: "Seq Scan"
  Plan Rows: 5000
  Output:
    - "(n + 7)"
  Filter: "(tasks.status = 'op\\"en'::text)\""""
SLOW_LOG = """\
# explain: id\tselect_type\ttable\ttype\tkey\tkey_len\trows\tr_rows\tfiltered\tr_filtered\tExtra
# explain: 1\tSIMPLE\torders\tALL\tNULL\tNULL\t3000\t3000.00\t100.00\t33.33\tUsing where; Using filesort
"""
SQLITE = """\
MATERIALIZE x
  SCAN tasks USING INDEX i_n
SCAN x
SCAN t
SEARCH u USING AUTOMATIC COVERING INDEX (a=? AND b>?)
LIST SUBQUERY 1
  SCAN 3 CONSTANT ROWS
USE TEMP B-TREE FOR ORDER BY"""


def test_a_plan_keeps_its_figures_and_loses_its_literals() -> None:
    """Costs, rows, times and buffers stay; conditions hold ``?``."""
    told = redacted_plan(POSTGRESQL, "postgresql")
    conditions = [line.strip() for line in told.splitlines() if ("Key:" in line or "Filter: (" in line)]
    assert conditions == [
        "Sort Key: (CASE WHEN (t.n = ?) THEN ?::text ELSE ?::text END)",
        "Filter: ((n > ?::integer) AND (n = ANY (?::integer[])) AND (status = ?::text))",
    ]
    others = [line for line in POSTGRESQL.splitlines() if not ("Key:" in line or "Filter: (" in line)]
    assert [line for line in told.splitlines() if line.strip() not in conditions] == others


def test_a_literal_cannot_forge_a_line_of_the_plan() -> None:
    """Neither in the statement above it, which is left out, nor in a condition."""
    assert redacted_plan(FORGED, "postgresql").splitlines() == [
        "Seq Scan on t  (cost=0.00..115.50 rows=1 width=109)",
        "  Filter: (status = ?::text)",
    ]


def test_what_is_not_worded_as_a_plan_is_not_shown() -> None:
    """Below its first node all is indented, but for a few lines that are known."""
    plan = "Result  (cost=0.00..0.01 rows=1 width=4)\nhidden is my pass\n  Filter: a\nPlanning Time: 0.120 ms"
    assert redacted_plan(plan, "postgresql") == plan.replace("hidden is my pass", "?")


@pytest.mark.parametrize("prefix", ["N", "U&", "B"])
def test_a_prefix_does_not_tell_what_a_backslash_means(prefix: str) -> None:
    """The plan ends there, as it does without one."""
    plan = f"Result  (cost=0.00..0.01 rows=1 width=4)\n  Filter: (a = {prefix}'x\\' hidden ')"
    assert "hidden" not in redacted_plan(plan, "postgresql")


def test_what_nobody_can_tell_ends_the_plan() -> None:
    """A backslash before a quote is an escape to some servers and none to others."""
    text = "Seq Scan on t  (cost=0.00..1.00 rows=1 width=1)\n  Filter: (a = 'x\\' OR b = 'hidden')"
    assert "hidden" not in redacted_plan(text, "postgresql")


@given(st.text())
def test_no_literal_gets_through(value: str) -> None:
    """Whatever it holds, quoted as PostgreSQL quotes it."""
    literal = "'" + (value + "hidden" + value).replace("'", "''") + "'"
    plan = Template(POSTGRESQL.replace("'it''s'", "$literal").replace("$0", "$$0")).substitute(
        literal=literal
    )
    assert "hidden" not in redacted_plan(plan, "postgresql")
    assert "hidden" not in redacted_plan(json.dumps([{"Plan": {"Filter": f"(a = {literal})"}}]), "postgresql")


@pytest.mark.parametrize("dialect", ["postgresql", "sqlite", "mysql", "generic", "klingon"])
@given(text=st.text())
def test_any_text_is_read(dialect: str, text: str) -> None:
    """Logs hold anything."""
    remarks(text, dialect)
    assert isinstance(redacted_plan(text, dialect), str)


def test_a_plan_in_json_is_walked() -> None:
    """Texts without their literals; the statement, its values and settings are left out."""
    node = {
        "Node Type": "Seq Scan", "Relation Name": "tasks", "Alias": "t", "Plan Rows": 5000,
        "Filter": "(status = 'hidden'::text)",
    }  # fmt: skip
    document = {"Query Text": "select 'hidden'", "Query Parameters": "$1 = 'hidden'", "Plan": node}
    told = redacted_plan(json.dumps(document), "postgresql")
    assert json.loads(told) == {"Plan": {**node, "Filter": "(status = ?::text)"}}
    assert remarks(told, "postgresql") == ["full scan of tasks (as t)"]


def test_a_document_that_is_cut_off_is_not_guessed_at() -> None:
    """The rest of it may be a literal."""
    assert redacted_plan('{"Plan": {"Filter": "(a = \'hid', "postgresql") == UNREADABLE


def test_a_plan_in_yaml_loses_its_literals() -> None:
    """And its statement."""
    told = redacted_plan(YAML, "postgresql").splitlines()
    assert told[0] == "Plan:"
    assert told[2:4] == ["  Plan Rows: 5000", "  Output:"]
    assert told[4:] == ['    - "(n + ?)"', '  Filter: "(tasks.status = ?::text)"']


def test_a_slow_log_of_mariadb_is_worded_as_explain_is() -> None:
    """Names of the columns before their values, without those that say nothing."""
    assert redacted_plan(SLOW_LOG, "mysql") == (
        "id=1 select_type=SIMPLE table=orders type=ALL rows=3000 r_rows=3000.00 filtered=100.00"
        " r_filtered=33.33 Extra=Using where; Using filesort"
    )


def test_a_pushed_condition_loses_its_literals() -> None:
    """The one place where the table of MySQL has some, and a text there may look like a column."""
    before = "id=1 table=<derived2> rows=3 Extra=Using where with pushed condition "
    told = redacted_plan(f"{before}(`a` = 'x rows=4711' and b = 42)", "mysql")
    assert told == f"{before}(`a` = ? and b = ?)"


def test_a_plan_of_sqlite_stays_as_it_is() -> None:
    """It shows no literals."""
    assert redacted_plan(SQLITE, "sqlite") == SQLITE


@pytest.mark.parametrize(
    ("plan", "dialect", "found"),
    [
        (
            POSTGRESQL,
            "postgresql",
            [
                "sort on disk (1.05 MB) by (CASE WHEN (t.n = ?) THEN ?::text ELSE ?::text END)",
                "full scan of tasks_2 (as t)",
            ],
        ),
        (SLOW_LOG, "mysql", ["full scan of orders", "temporary sort"]),
        ("id=1 select_type=INSERT table=orders type=ALL", "mysql", []),
        (
            "id=1 select_type=SIMPLE table=o type=index key=i rows=9 Extra=Using index; Using temporary",
            "mysql",
            ["full scan of the index i of o", "temporary table"],
        ),
        (
            SQLITE,
            "sqlite",
            [
                "full scan of the index i_n of tasks",
                "full scan of tasks (as t)",
                "an index built for this query alone: on users (as u) (a, b)",
                "temporary sort for ORDER BY",
            ],
        ),
        ("SEARCH tasks USING INDEX i_n (n=?)", "sqlite", []),
        ("SCAN docs VIRTUAL TABLE INDEX 0:M1", "sqlite", []),
    ],
)
def test_what_stands_out_is_said_in_words(plan: str, dialect: str, found: list[str]) -> None:
    """Only what is sure; an alias is told with its table where the statement names it."""
    assert remarks(plan, dialect, "select * from tasks t join users as u on u.a = t.a") == found


def test_an_alias_is_resolved_only_where_that_is_sure() -> None:
    """A column may be called like a table, and two tables the same in two subqueries."""
    assert remarks("SCAN tasks", "sqlite", "SELECT n, status tasks FROM tasks") == ["full scan of tasks"]
    twice = "SELECT * FROM (SELECT * FROM a t), (SELECT * FROM b t)"
    assert remarks("SCAN t", "sqlite", twice) == ["full scan of t"]


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("SELECT * FROM tasks WHERE status = 'x'", "(status)"),
        ("SELECT * FROM tasks t WHERE t.n > 1 AND t.status = 'x' ORDER BY n LIMIT 5", "(status, n)"),
        ("DELETE FROM tasks WHERE status = 'x'", "(status)"),
        ("UPDATE tasks SET n = 2 WHERE status = 'x'", "(status)"),
    ],
)
def test_the_index_for_a_plain_filter_is_named(sql: str, told: str) -> None:
    """What is compared for equality first, then one range."""
    text = fingerprint(sql, "sqlite").text
    expected = f"an index on tasks {told} would serve the filter"
    assert advice(text, "sqlite", ["full scan of tasks"]) == expected
    assert advice(text, "sqlite", []) == ""


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM tasks WHERE status = 'x' OR n = 3",
        "SELECT * FROM tasks WHERE lower(status) = 'x'",
        "SELECT * FROM tasks JOIN users USING (id) WHERE status = 'x'",
        "SELECT * FROM tasks, users WHERE status = 'x'",
        "SELECT (SELECT 1) FROM tasks WHERE status = 'x'",
    ],
)
def test_nothing_is_advised_where_it_is_not_sure(sql: str) -> None:
    """A join, a function or an OR may need something else."""
    assert advice(fingerprint(sql, "sqlite").text, "sqlite", ["full scan of tasks"]) == ""


@pytest.mark.parametrize(
    ("sql", "postgresql", "mysql"),
    [
        ("a = ? and b in (?)", "a = $1 and b in ($2)", "a = '2000-01-01' and b in ('2000-01-01')"),
        ("a in (?+) and b = any(array[?+])", "a in ($1) and b = any(array[$2])", None),
        ("a = :x or b = :x or c = %s", "a = $1 or b = $1 or c = $2", None),
        ("'?' \"?\" a::text -- ?", "'?' \"?\" a::text -- ?", None),
        ("now() - interval ?", "now() - $1::interval", None),
        ("limit ?, ?", "limit $1, $2", "limit 1000, 1000"),
        ("a ? 'k' and b ?| c and d @? e", "a ? 'k' and b ?| c and d @? e", None),
        ("$tag$ ? $tag$ = $1", "$tag$ ? $tag$ = $1", None),
    ],
)
def test_placeholders_are_put_as_the_database_takes_them(
    sql: str, postgresql: str, mysql: str | None
) -> None:
    """Numbered for PostgreSQL, as values that fit anywhere for MySQL; literals stay."""
    assert explainable(sql, "postgresql").sql == postgresql
    assert mysql is None or explainable(sql, "mysql").sql == mysql


def test_placeholders_are_counted() -> None:
    """The same name once."""
    assert explainable("a = ? and b = ? and c = :n and d = :n", "sqlite").values == 3
    assert explainable("a = ?", "generic") == ("a = ?", 0)
