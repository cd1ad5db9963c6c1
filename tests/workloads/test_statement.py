"""What gets past a transaction that cannot write is found in a statement, however it is written down."""

from __future__ import annotations

import pytest

from collector.workloads import statement

HIDDEN = "must only read: no /*! or /*M!: MySQL runs what stands in such a comment"
TO_FILE = "must only read: no INTO OUTFILE"
WRITES = "must only read: lo_import writes past the transaction"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("/*!50000 SET GLOBAL general_log=1, @a= */ (select 1)", HIDDEN),
        ("/*M!100100 SET GLOBAL general_log=1, @a= */ (select 1)", HIDDEN),
        ("select 1 /*! into outfile '/x' */", HIDDEN),
        ("select '\\' /*! into outfile '/x' */", HIDDEN),  # where a backslash is none
        ("select 'a' -- '\n/*! into outfile '/x' */", HIDDEN),
        ("select 1 --'a' /*! into outfile '/x' */", HIDDEN),  # no comment without a space
        ("select 'a'into/**/outfile '/x'", TO_FILE),
        ("select 1 into -- why\n dumpfile '/x'", TO_FILE),
        ("# why\nset global general_log = 1", "must only read: begin with select"),
    ],
)
def test_what_mysql_would_run_of_a_comment_or_write_into_a_file_is_refused(query: str, said: str) -> None:
    """In each way in which it takes quotes apart."""
    assert (statement.fault(query, "mysql") or "").startswith(said)


@pytest.mark.parametrize(
    "query",
    [
        "select '/*! */', \"/*M! */\", `/*!`, 1 -- /*! */",
        "select 'it''s /*! */'",
        "# /*! */\nselect 1",
        "select 'into outfile' from t",
        "select /*+ MAX_EXECUTION_TIME(9) */ 1",
    ],
)
def test_words_in_texts_names_and_comments_of_mysql_are_harmless(query: str) -> None:
    """Nothing runs them."""
    assert statement.fault(query, "mysql") is None


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("select lo_import('/x')", WRITES),
        ("select \"lo_import\"('/x')", WRITES),
        ("select pg_catalog.\"lo_import\" /* a /* b */ c */ ('/x')", WRITES),
        ("select lo_import/**/('/x')", WRITES),
        ("select lo_import -- why\n ('/x')", WRITES),
        ("select 1 --\rfrom lo_import('/x')", WRITES),
        ("select 'a\\', lo_import('/x')", WRITES),
        ("select €$$, lo_import('/x') as b$$", WRITES),
        ('select U&"lo\\005fimport"(1)', 'must only read: no names in U&""'),
    ],
)
def test_a_call_that_writes_past_the_transaction_of_postgresql_is_refused(query: str, said: str) -> None:
    """Quoted, and with comments before its parenthesis."""
    assert (statement.fault(query, "postgresql") or "").startswith(said)


@pytest.mark.parametrize(
    "query",
    [
        "select 'lo_import(1)', $$lo_import(1)$$, $a$ $$ lo_import(1) $a$",
        "select E'\\'lo_import(1)' -- lo_import(1)",
        "select 1 /* lo_import(/* */1) */",
        "select lo_import, \"a lo_import (\" from t",
        "select '/*! */' /*! */",
        'select U&\'a\', "u&" from t',
    ],
)  # fmt: skip
def test_words_in_texts_and_comments_of_postgresql_are_harmless(query: str) -> None:
    """Nothing calls them."""
    assert statement.fault(query, "postgresql") is None
