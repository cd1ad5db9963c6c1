"""Names of statements: the word and the table, never a literal."""

from __future__ import annotations

import pytest

from collector.client.hooks.base import Kept
from collector.client.hooks.statement import LONGEST_SQL, Source, Statement, dialect_of, name_of, text_of


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("SELECT * FROM users WHERE id = ?", "SELECT users"),
        ('select "t1"."id" from "users" as "t1"', "SELECT users"),
        ("SELECT a FROM `shop`.`orders`", "SELECT shop.orders"),
        ("SELECT extract(year FROM day) FROM visits", "SELECT visits"),
        ("SELECT count(*) FROM (SELECT 1 FROM users) AS x", "SELECT users"),
        ("INSERT OR IGNORE INTO users (a) VALUES (?)", "INSERT users"),
        ("UPDATE users SET a = ?", "UPDATE users"),
        ("DELETE FROM users", "DELETE users"),
        ("CREATE TABLE IF NOT EXISTS users (a)", "CREATE users"),
        ("WITH n AS (SELECT 1 FROM a) SELECT * FROM b", "WITH b"),
        ("-- from secret\nSELECT 1 FROM /* the */ users", "SELECT users"),
        ("SELECT 1", "SELECT"),
        ("BEGIN IMMEDIATE", "BEGIN"),
        ("PRAGMA user_version", "PRAGMA"),
        ("  ;", "query"),
        ("'from secret'", "query"),
    ],
)
def test_a_statement_is_called_by_its_word_and_its_table(sql: str, name: str) -> None:
    """As a person would."""
    assert name_of(sql) == name


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 'a from secret'",
        "SELECT 'it''s from secret'",
        "SELECT 'cut off from secret",
        'SELECT "cut off from secret',
        r"SELECT 'it\'s from secret'",
        r"SELECT 'a\' || ' from secret'",
        "SELECT $$ from secret $$",
        "SELECT $tag$ from secret $tag$",
        "SELECT 1 # it's from secret\n",
        "SELECT 1 /* from secret */",
        "SELECT 1 FROM 'secret'",
        'SELECT 1 FROM "se cr et"',
    ],
)
def test_no_literal_becomes_a_name(sql: str) -> None:
    """Whatever the dialect says about quotes."""
    assert "secret" not in name_of(sql).replace(" ", "")
    assert name_of(sql) == "SELECT"


def test_a_name_fits_its_column() -> None:
    """Whatever a table is called."""
    assert len(name_of(f"SELECT 1 FROM {'x' * 300}")) == 100


def test_the_text_of_a_statement_is_cut_and_clean() -> None:
    """Objects are not asked for theirs: they hold literals."""
    assert text_of("x" * 30_000) == "x" * LONGEST_SQL
    assert text_of(b"SELECT 1") == "SELECT 1"
    assert text_of("a\x00\ud800") == "a ?"
    assert (text_of(object()), text_of("  ")) == (None, None)


def test_the_dialect_follows_from_the_driver() -> None:
    """Or from SQLAlchemy's name of it."""
    modules = ("sqlite3", "psycopg.connection", "pymysql.connections", "mssql")
    assert [dialect_of(m) for m in modules] == ["sqlite", "postgresql", "mysql", "generic"]


def test_half_a_word_at_the_end_of_what_is_read_names_nothing() -> None:
    """A long statement is read for its name as far as it needs."""
    kept = Kept()
    for columns in (f"a{' ' * 900}", f"a{' ' * 977}"):
        Statement(Source(client=kept), f"SELECT {columns} FROM users_and_more {'x' * 100}").end()
    assert [o["metric_name"] for o in kept.operations] == ["SELECT users_and_more", "SELECT"]
