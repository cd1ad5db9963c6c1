"""The statement and its parameters are cut away from what auto_explain writes."""

from __future__ import annotations

import pytest

from collector.intake.tails.postgresql.plans import plan_of, query_of, tells_of

ROOT = "Seq Scan on t  (cost=0.00..25.88 rows=6 width=36)\n  Filter: (a = 1)"
SQL = "SELECT *\nFROM t WHERE b = '\"<'"
# With log_parameter_max_length, PostgreSQL 16 and later write what the parameters were.
BODIES = {
    "text": f"Query Text: {SQL}\nQuery Parameters: $1 = 'geheim\nstreng'\n{ROOT}",
    "json": (
        '{\n  "Query Text": "SELECT *\\nFROM t WHERE b = \'\\"<\'",\n'
        '  "Query Parameters": "$1 = \'geheim\\"\'",\n  "Plan": {\n  }\n}'
    ),
    "yaml": (
        'Query Text: "SELECT *\\nFROM t WHERE b = \'\\"<\'"\n'
        'Query Parameters: "$1 = \'geheim\'"\nPlan: \n  Node Type: "Seq Scan"'
    ),
    "xml": (
        '<explain xmlns="http://www.postgresql.org/2009/explain">\n'
        "  <Query-Text>SELECT *\nFROM t WHERE b = '&quot;&lt;'</Query-Text>\n"
        "  <Query-Parameters>$1 = 'geheim'</Query-Parameters>\n  <Plan>\n  </Plan>\n</explain>"
    ),
}
PLANS = {
    "text": ROOT,
    "json": '{\n  "Plan": {\n  }\n}',
    "yaml": 'Plan: \n  Node Type: "Seq Scan"',
    "xml": '<explain xmlns="http://www.postgresql.org/2009/explain">\n  <Plan>\n  </Plan>\n</explain>',
}


@pytest.mark.parametrize("format_", BODIES)
def test_statement_and_plan_are_parted(format_: str) -> None:
    """Whether the statement is known from elsewhere or not."""
    body = BODIES[format_]
    assert query_of(body) == SQL
    assert tells_of(body, SQL)
    assert not tells_of(body, SQL + " ")
    assert plan_of(body, None) == plan_of(body, SQL) == PLANS[format_]


def test_what_has_no_plan_has_none() -> None:
    """A body that was cut, or is of another make."""
    assert plan_of(f"Query Text: {SQL}", None) == ""
    assert query_of(f"Query Text: {SQL}") == SQL


@pytest.mark.parametrize(
    ("text", "sql", "expected"),
    [
        ("PREPARE p AS SELECT 1", "EXECUTE p", True),
        ("prepare P(int) as select $1", "  execute p(1);", True),
        ("PREPARE q AS SELECT 1", "EXECUTE p", False),
        ("SELECT 1", "EXECUTE p", False),
    ],
)
def test_execute_is_explained_by_its_prepare(text: str, sql: str, *, expected: bool) -> None:
    """By the name of what was prepared."""
    assert tells_of(f"Query Text: {text}\n{ROOT}", sql) is expected
