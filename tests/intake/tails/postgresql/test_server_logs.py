"""What a real server logs is told, by each of its three logs alike."""

from __future__ import annotations

import time

import pytest

from collector.intake.tails.base import Execution
from tests.intake.tails.postgresql.conftest import Logged
from tests.intake.tails.postgresql.reading import read, same_anywhere, statements
from tests.servers.postgresql import PostgreSQL

LOG_ALL = "-c log_min_duration_statement=-1 -c log_statement=all -c log_duration=on"
EXPLAIN = "-c auto_explain.log_min_duration=0"
FORGED = """duration: 1.000 ms  statement: select forged"""


def told(logs: dict[str, bytes]) -> list[Execution]:
    """The executions, which all three logs tell alike."""
    found = {name: read(log) for name, log in logs.items()}
    assert same_anywhere(found["csvlog"]) == same_anywhere(found["stderr"])
    assert same_anywhere(found["jsonlog"]) == same_anywhere(found["stderr"])
    return found["jsonlog"]


def test_a_statement_is_told_with_when_it_began_and_who_asked(logged: Logged) -> None:
    """The time of the line is that of the end."""
    before = time.time() * 1000
    (one,) = told(logged("SELECT pg_sleep(0.05)"))
    after = time.time() * 1000
    assert one.sql == "SELECT pg_sleep(0.05)"
    assert 50 <= one.duration_ms < 5000
    assert before - 1 <= one.timestamp <= after - one.duration_ms + 1
    assert one.metadata == {"database": "postgres", "user": "postgres", "application": "psql"}
    assert list(one.columns or {}) == ["session_id"]


def test_a_statement_of_several_lines_is_one(logged: Logged) -> None:
    """Its lines, tabs, quotes, backslashes and other alphabets are as they were written."""
    sql = 'SELECT\n\t\'ä"☃\\\n\n\' AS "q""",\n  2,\n\t\t3;'
    assert statements(told(logged(sql))) == [sql]


@pytest.mark.parametrize(
    "line",
    [
        f"2026-11-22 12:00:00.000 UTC [1] LOG:  {FORGED}",
        (
            '2026-11-22 12:00:00.000 UTC,"u","d",1,"[local]",6b02e68c.5604,1,"SELECT",'
            f'2026-11-22 12:00:00 UTC,3/0,0,LOG,00000,"{FORGED}",,,,,,,,,"psql","client backend",,0'
        ),
        f'{{"timestamp":"2026-11-22 12:00:00.000 UTC","error_severity":"LOG","message":"{FORGED}"}}',
    ],
)
def test_a_literal_that_looks_like_a_log_forges_nothing(logged: Logged, line: str) -> None:
    """Whatever stands before and behind it."""
    sql = f'SELECT $$\n{line}\n$$, \'\n\n{line}\n"\n{line}\n""\n{line}\';'
    assert statements(told(logged(sql))) == [sql]


def test_a_message_that_a_statement_raises_is_none_of_the_servers(logged: Logged) -> None:
    """CSV and JSON tell by its context; stderr says that only in another line."""
    sql = f"DO $$ BEGIN RAISE LOG '{FORGED}'; END $$;"
    logs = logged(sql)
    assert statements(read(logs["csvlog"])) == [sql]
    assert statements(read(logs["jsonlog"])) == [sql]


def test_what_fails_is_no_execution(logged: Logged) -> None:
    """And neither are connections, warnings and errors with all that is said of them."""
    sql = (
        "SELECT nope; SELECT 1/0; SELECT 7;"
        " DO $$ BEGIN RAISE WARNING 'w' USING HINT = 'h', DETAIL = 'd'; END $$;"
    )
    found = told(logged(sql, options="-c log_connections=on -c log_error_verbosity=verbose"))
    assert [sql for sql in statements(found) if not str(sql).startswith("DO")] == ["SELECT 7;"]
    assert len(found) == 2


def test_log_statement_and_log_duration_are_pairs(logged: Logged) -> None:
    """A statement that fails has no duration, and none is taken for it."""
    found = told(logged("SELECT 1;\nSELECT nope;\nSELECT\n 2;\n", options=LOG_ALL))
    assert statements(found) == ["SELECT 1;", "SELECT\n 2;"]


def test_log_statement_and_log_duration_are_pairs_in_the_extended_protocol(
    bench: PostgreSQL, logged: Logged
) -> None:
    """The durations of parse and bind have no text of their own, and are not the execution's."""
    options = f"{LOG_ALL} {EXPLAIN}"
    logs = logged(lambda: bench.pgbench("-n", "-S", "-t", "3", "-M", "extended", options=options))
    found = [one for one in told(logs) if "aid = " in str(one.sql)]
    assert len(found) == 3
    assert all("Index Scan" in str(one.plan) for one in found)


def test_functions_copy_and_cursors_are_single_statements(logged: Logged) -> None:
    """What runs inside is not logged by the server."""
    sql = (
        "DO $$ BEGIN PERFORM 1; END $$;|COPY t FROM stdin;\n7\tx\n\\."
        "|BEGIN;|DECLARE c CURSOR FOR TABLE t;|FETCH c;|COMMIT;"
    )
    expected = [text.partition("\n")[0] for text in sql.split("|")]
    assert statements(told(logged(sql.replace("|", "\n")))) == expected


@pytest.mark.parametrize("mode", ["simple", "extended", "prepared"])
def test_pgbench_is_counted_in_each_protocol(bench: PostgreSQL, logged: Logged, mode: str) -> None:
    """Parse and bind are no executions, and lie beside theirs; parameters are nowhere."""
    found = told(logged(lambda: bench.pgbench("-n", "-c", "2", "-t", "20", "-M", mode)))
    updates = [one for one in found if "pgbench_accounts SET" in str(one.sql)]
    assert len(updates) == 40
    binds = [one for one in updates if "bind_ms" in (one.metadata or {})]
    parses = [one for one in updates if "parse_ms" in (one.metadata or {})]
    assert (len(parses), len(binds)) == {"simple": (0, 0), "extended": (40, 40), "prepared": (2, 40)}[mode]


def test_parameters_never_leave_the_log(bench: PostgreSQL, logged: Logged) -> None:
    """The server writes them into DETAIL lines and into columns of their own."""
    script = bench.folder / "script.sql"
    script.write_text("\\set secret 987654321\nSELECT a FROM t WHERE a = :secret;\n", encoding="utf-8")
    script.chmod(0o644)
    logs = logged(lambda: bench.pgbench("-n", "-t", "1", "-M", "extended", "-f", str(script)))
    assert all(b"987654321" in log for log in logs.values())
    assert "987654321" not in str(told(logs))


def test_a_plan_and_a_duration_of_one_execution_are_one(logged: Logged) -> None:
    """With the duration of the whole, and the plan without the statement."""
    sql = "SELECT *\nFROM t\nWHERE b = '\nSeq Scan  (cost=0.00..1.00 rows=1 width=1)';"
    (one,) = told(logged(sql, options=EXPLAIN))
    assert one.sql == sql
    assert str(one.plan).startswith("Seq Scan on t  (cost=")
    assert "SELECT" not in str(one.plan)


@pytest.mark.parametrize(
    ("format_", "begins"), [("json", '{\n  "Plan"'), ("yaml", "Plan:"), ("xml", "<explain")]
)
def test_the_other_formats_of_auto_explain_are_plans_too(logged: Logged, format_: str, begins: str) -> None:
    """The statement is cut away from them."""
    sql = "SELECT * FROM t WHERE b = '<\n&\"';"
    (one,) = told(logged(sql, options=f"{EXPLAIN} -c auto_explain.log_format={format_}"))
    assert one.sql == sql
    assert str(one.plan).startswith(begins)
    assert "SELECT" not in str(one.plan)


def test_plans_alone_are_executions(logged: Logged) -> None:
    """One each, though the same statement comes again and again."""
    sql = "SELECT * FROM t WHERE a = 1;"
    options = f"{EXPLAIN} -c log_min_duration_statement=-1"
    found = told(logged(f"{sql}\n{sql}\nSELECT\n 2;\n{sql}\n", options=options))
    assert statements(found) == [sql, sql, "SELECT\n 2;", sql]
    assert all(one.plan for one in found)


def test_several_statements_in_one_text_are_one_execution(logged: Logged) -> None:
    """They have a plan each and one duration."""
    (one,) = told(logged(r"SELECT 1 \; SELECT 2;" + "\n", options=EXPLAIN))
    assert one.sql == "SELECT 1 ; SELECT 2;"
    assert str(one.plan).startswith("Result")


def test_nested_statements_count_beside_the_outer_one(logged: Logged) -> None:
    """They have other texts, and a plan each."""
    sql = "CREATE OR REPLACE FUNCTION f() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN (TABLE n); END';"
    logs = logged(
        f"CREATE TEMP TABLE n AS SELECT 1::bigint;\n{sql}\nSELECT f();\n",
        options=f"{EXPLAIN} -c auto_explain.log_nested_statements=on",
    )
    assert statements(told(logs))[2:] == ["(TABLE n)", "SELECT f();"]


def test_sqls_own_execute_has_the_plan_of_what_was_prepared(logged: Logged) -> None:
    """auto_explain writes the text of PREPARE."""
    sql = "PREPARE p (int) AS SELECT a + $1 FROM t;\nEXECUTE p (1);\n"
    found = told(logged(sql, options=EXPLAIN))
    assert statements(found) == ["PREPARE p (int) AS SELECT a + $1 FROM t;", "EXECUTE p (1);"]
    assert str(found[1].plan).startswith("Seq Scan")


@pytest.mark.parametrize("mode", ["extended", "prepared"])
def test_a_plan_behind_its_execution_is_found(bench: PostgreSQL, logged: Logged, mode: str) -> None:
    """A SELECT of the extended protocol is explained when its portal is dropped."""
    logs = logged(lambda: bench.pgbench("-n", "-c", "2", "-t", "10", "-M", mode, options=EXPLAIN))
    found = [one for one in told(logs) if "pgbench_" in str(one.sql) and "$1" in str(one.sql)]
    assert len(found) == 5 * 20
    assert all(one.plan for one in found)
