"""SQL fingerprints: one text and one hash for statements that differ only in their literals."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.fingerprint import (
    FP_VERSION,
    OTHER_HASH,
    TEXT_CHARACTERS,
    Dialect,
    Seen,
    fingerprint,
    redacted,
)
from collector.fingerprint.outline import outline

DIALECTS: tuple[Dialect, ...] = ("generic", "sqlite", "postgresql", "mysql")
RULES: list[tuple[str, Dialect, str]] = [
    ("select 1", "generic", "SELECT ?"),
    ("SELECT  a ,b\n\tFROM  T", "generic", "SELECT a, b FROM t"),
    ("select * from Tasks where status='x' order by priority;", "generic",
     "SELECT * FROM tasks WHERE status = ? ORDER BY priority"),
    ("a = 'it''s'", "generic", "a = ?"),
    (r"a = 'it\'s' and b", "mysql", "a = ? AND b"),
    (r"a = E'it\'s' and b", "postgresql", "a = ? AND b"),
    (r"a = 'it\' and b", "postgresql", "a = ? AND b"),
    ("a = $$x'y$$ and b", "postgresql", "a = ? AND b"),
    ("a = $q$x $$ y$q$ and b", "postgresql", "a = ? AND b"),
    ("select $$ select 1, 'x', 2 $$, 5", "postgresql", "SELECT ?, ?"),
    ("a = N'x'", "generic", "a = ?"),
    ("a = X'AB'", "sqlite", "a = ?"),
    ("a = b'01'", "mysql", "a = ?"),
    ("a = U&'d'", "postgresql", "a = ?"),
    ('a = "x y"', "generic", "a = ?"),
    ('a = "x"', "sqlite", "a = ?"),
    ('select "a b", "c"', "generic", 'SELECT ?, "c"'),
    ('select "a b"."c d", e . "f g"', "generic", 'SELECT "a b"."c d", e."f g"'),
    ('SELECT "t1"."id" FROM "users" AS "t1" WHERE "t1"."name" = "t2"."name"', "generic",
     'SELECT "t1"."id" FROM "users" AS "t1" WHERE "t1"."name" = "t2"."name"'),
    ('insert into "t" ("a") values ("x"), ("y") on conflict ("a") do update set "a" = "z", "b" = 1', "sqlite",
     'INSERT INTO "t"("a") VALUES (?) ON CONFLICT ("a") DO UPDATE SET "a" = ?, "b" = ?'),
    ('"a" in ("b", "c") and "d" in (select "id" from "t")', "generic",
     '"a" IN (?+) AND "d" IN (SELECT "id" FROM "t")'),
    ('"a" between "b" and "c" and "d"', "generic", '"a" BETWEEN ? AND ? AND "d"'),
    ('a is not "x" or b = /* c */ "y" or c = lower("z")', "generic",
     "a IS NOT ? OR b = ? OR c = lower(?)"),
    (r"a = 'it\'s' and b", "generic", "a = ? AND b"),
    (r"a = E'it\'s' and b", "generic", "a = ? AND b"),
    (r"a = 'C:\' and b = 'x' and c", "generic", "a = ? AND c"),
    ("a # b 'c'\n= 1", "generic", "a = ?"),
    ("#b\nselect a", "generic", "SELECT a"),
    ("a #> b #>> c #- d", "generic", "a #> b #>> c #- d"),
    ("pragma key = x; select a", "sqlite", "PRAGMA key = ?; SELECT a"),
    ("pragma key('x')", "sqlite", "PRAGMA key(?)"),
    ("set a = x, b = y; select c", "generic", "SET a = ?; SELECT c"),
    ("set a to 'x'", "postgresql", "SET a TO ?"),
    ('set a = "x"', "postgresql", "SET a = ?"),
    ("set password for b = x", "mysql", "SET password FOR b = ?"),
    ("create user b identified by x", "mysql", "CREATE user b identified BY ?"),
    ('alter role b with password "x" createdb', "postgresql", "ALTER role b WITH password ? createdb"),
    ("select password from t where password = c", "generic", "SELECT password FROM t WHERE password = c"),
    ("copy t (a) from stdin;\n1\tx\n", "postgresql", "copy t(a) FROM stdin"),
    ('a = "x"', "postgresql", 'a = "x"'),
    ('a = "x"', "mysql", "a = ?"),
    (r'a = "x\"y" and b', "mysql", "a = ? AND b"),
    ("select `Order`.`b` from t", "mysql", 'SELECT "Order"."b" FROM t'),
    ("select `a`` b`", "sqlite", 'SELECT "a` b"'),
    ("select [a b]", "sqlite", 'SELECT "a b"'),
    ("select a[1]", "postgresql", "SELECT a[?]"),
    ("select a[1:2]", "postgresql", "SELECT a[? : ?]"),
    ("x = 1.5e-3", "generic", "x = ?"),
    ("x = .5", "generic", "x = ?"),
    ("x = 0xFF", "generic", "x = ?"),
    ("x = -5", "generic", "x = ?"),
    ("x + -5", "generic", "x + ?"),
    ("x + 5", "generic", "x + ?"),
    ("a-5", "generic", "a - ?"),
    ("a - 5", "generic", "a - ?"),
    ("a - -5", "generic", "a - ?"),
    ("f(-1, +2)", "generic", "f(?, ?)"),
    ("select -1", "generic", "SELECT ?"),
    ("case when a then b end -1", "generic", "CASE WHEN a THEN b END - ?"),
    ("a is null and b = null", "generic", "a IS NULL AND b = ?"),
    ("a is not true and b = true", "generic", "a IS NOT TRUE AND b = ?"),
    ("create table t(a int not null)", "generic", "CREATE TABLE t(a int NOT NULL)"),
    ("a = ? and b = $1 and c = :name", "generic", "a = ? AND b = ? AND c = ?"),
    ("a = @name and b = ?2", "sqlite", "a = ? AND b = ?"),
    ("a = %s and b = %(n)s", "mysql", "a = ? AND b = ?"),
    ("a % s", "generic", "a % s"),
    ("'2024-01-01' :: date", "postgresql", "?::date"),
    ("a > DATE '2024-01-01'", "generic", "a > ?"),
    ("a > now() - interval '1 day'", "postgresql", "a > now() - ?"),
    ("a > now() - interval 1 day", "mysql", "a > now() - interval ? day"),
    ("a in (1,2,3)", "generic", "a IN (?+)"),
    ("a in (?)", "generic", "a IN (?+)"),
    ("a not in ('x', -2, null)", "generic", "a NOT IN (?+)"),
    ("a in ($1::int, $2::int)", "postgresql", "a IN (?+)"),
    ("a in (select 1)", "generic", "a IN (SELECT ?)"),
    ("(a,b) in ((1,2),(3,4))", "generic", "(a, b) IN ((?, ?))"),
    ("a = any(array[1,2,3])", "postgresql", "a = ANY (ARRAY[?+])"),
    ("insert into t values (1,'a,b'),(2,null)", "generic", "INSERT INTO t VALUES (?, ?)"),
    ("values (1, f(2)), (3, f(4)), (5, a)", "generic", "VALUES (?, f(?)), (?, a)"),
    ("a -- b 'c'\n= 1", "generic", "a = ?"),
    ("a # b 'c'\n= 1", "mysql", "a = ?"),
    ("a /* x /* y */ 'z' */ = 1", "postgresql", "a = ?"),
    ("select /*! STRAIGHT_JOIN */ a", "mysql", "SELECT a"),
    ("select 5--3", "mysql", "SELECT ? - ?"),
    ("a;b;;", "generic", "a; b"),
    ("SAVEPOINT sa_savepoint_12", "generic", "SAVEPOINT ?"),
    ("rollback to savepoint x; release x", "generic", "ROLLBACK TO SAVEPOINT ?; RELEASE ?"),
    ("select * from tmp_12 limit 5 offset 10", "generic", "SELECT * FROM tmp_12 LIMIT ? OFFSET ?"),
    ("select t . id, u.* , count( * )", "generic", "SELECT t.id, u.*, count(*)"),
    ("a->>'k' @> b || c<>d", "postgresql", "a ->> ? @> b || c <> d"),
    ("a = 'open", "generic", "a = ?"),
    ('a = "open', "generic", "a = ?"),
    ("a /* open", "generic", "a"),
    ("a\0b", "generic", "ab"),
    ("", "generic", ""),
]  # fmt: skip
HASHES = [
    ("SELECT 1", "20ce4a165e0d6b22"),
    ("select * from Tasks where status='open' order by priority;", "28ac9f3d06411a65"),
    ("insert into t (a, b) values (1, 'x'), (2, null)", "de6cf7ed6c4d056a"),
    ("a in (1, 2) and b is not null", "1b8ad79e02ed741f"),
    ("update `T` set a = -1", "fda72bb1f6f83796"),
    ("a = any(array[1]) -- c", "43de001aa0be78aa"),
    ("savepoint x", "1d2ca828dd9a211e"),
    ('select t . id, count( * ) from "A b".t', "6caad7ebd084feec"),
]


@pytest.mark.parametrize(("sql", "dialect", "text"), RULES)
def test_a_statement_becomes_its_text(sql: str, dialect: Dialect, text: str) -> None:
    """Each rule, and the text is its own fingerprint, unless a quoted name could be a text in generic SQL."""
    assert fingerprint(sql, dialect).text == text
    if dialect == "generic" or '"' not in text:
        assert fingerprint(text).text == text


@pytest.mark.parametrize(("sql", "digest"), HASHES)
def test_hashes_stay_while_the_version_does(sql: str, digest: str) -> None:
    """Whoever changes a rule raises FP_VERSION and this table."""
    assert (fingerprint(sql).hash, FP_VERSION) == (digest, 1)


SECRET = "s3cr3tt0k3n"
AROUND = st.text(alphabet="ab ,()?;-$:%/*#", max_size=8)
FORMS: dict[Dialect, list[str]] = {
    "generic": ["'{}'", "N'{}'", "DATE '{}'", "'it''s {}'"],
    "sqlite": ["'{}'", "x'{}'", "'it''s {}'"],
    "postgresql": ["'{}'", r"E'\'{}'", "$${}$$", "$q$'{}$q$", "U&'{}'", "interval '{}'"],
    "mysql": ["'{}'", r"'\'{}'", '"{}"', r'"\"{}"', "N'{}'"],
}
TEMPLATES = [
    "select {} from t where a={}",
    "insert into t values ({}, 1), (2,{})",
    "a in ({},{}) -- x",
    "/* c */ f({})",
]


DOUBLE: dict[Dialect, list[str]] = {
    "generic": ['"{}"', r'"it\"s {}"', '"it""s {}"', r"'it\'s {}'", r"E'it\'s {}'"],
    "sqlite": ['"{}"', '"it""s {}"'],
    "postgresql": [r"E'it\'s {}'"],
    "mysql": ['"{}"', r'"it\"s {}"', '"it""s {}"'],
}
SECRETS = [SECRET, f"{SECRET} two words", "4111-7777", "41117777", "it's " + SECRET, "a.b " + SECRET]
VALUE_PLACES = [
    *(f"select a from t where b {operator} {{}}" for operator in (
        "=", "==", "<", ">", "<=", ">=", "<>", "!=", "||", "like", "not like", "ilike", "glob", "regexp",
        "match", "is", "is not", "is distinct from", "= binary", "between 1 and", "= /* c */", "= -- c\n",
    )),
    'select "a" from "t" where "t"."b" = {} and "c"', "insert into t (a, b) values ({}, {}), (1, {})",
    "a in ({}, {})", "(a, b) in ((1, {}), ({}, 2))", "a between {} and {}", 'update "t" set "a" = {}, b = {}',
    "set a = {}", "set password for b = {}", "set a to {}", "select a limit {}", "pragma key = {}",
    "pragma key({})", "create user b identified by {}", "alter user b password {}", "a = (({}))",
    "a = lower({})", "case when a then {} else {} end", "call f({})", "copy t from stdin;\n{}",
]  # fmt: skip


@pytest.mark.parametrize("place", VALUE_PLACES)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_value_in_double_quotes_is_never_told(dialect: Dialect, place: str) -> None:
    """Words, sentences and numbers, with escaped quotes in them."""
    for form, secret in itertools.product(DOUBLE[dialect], SECRETS):
        if "'" not in form or "'" not in secret:
            sql = place.replace("{}", form.format(secret))
            for told in (fingerprint(sql, dialect).text.lower(), redacted(sql, dialect).lower()):
                assert SECRET not in told, sql
                assert "7777" not in told, sql


BARE = [
    "set a = {}", "set a = 1, b = {}", "set password = {}", "pragma key = {}", "pragma main.key({})",
    "create user b identified by {}", "create user b identified with x by {}", "alter user b password {}",
    'alter role b with encrypted password "{}"', "alter system set a = {}", "copy t from stdin;\n{}\n",
    "select 1; /* c */ set a = {}", "COPY t (a) FROM STDIN WITH (FORMAT csv);\n1,{}\n'x",
]  # fmt: skip


@pytest.mark.parametrize("place", BARE)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_setting_or_password_without_quotes_is_never_told(dialect: Dialect, place: str) -> None:
    """Nor the data that follow a COPY."""
    sql = place.format(SECRET)
    assert SECRET not in fingerprint(sql, dialect).text
    assert SECRET not in redacted(sql, dialect)


@given(st.data(), st.sampled_from(DIALECTS), st.sampled_from(TEMPLATES))
@settings(max_examples=80, deadline=None)
def test_a_literal_is_never_told(data: st.DataObject, dialect: Dialect, template: str) -> None:
    """Whatever its form, wherever it stands."""

    def literal() -> str:
        around = data.draw(AROUND).replace("$", "")
        return data.draw(st.sampled_from(FORMS[dialect])).format(around + SECRET)

    sql = template.format(*(literal() for _ in range(template.count("{}"))))
    assert SECRET not in fingerprint(sql, dialect).text.lower()
    assert SECRET not in redacted(sql, dialect).lower()


OPEN = ["'{}", "E'{}", "'{}, '' 5", "$q${}", "$${}$", "`{}", "/* {}", "-- {}"]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("form", OPEN)
def test_an_open_literal_reaches_to_the_end(form: str, dialect: Dialect) -> None:
    """What follows an opening quote without its end is never told."""
    sql = "select a from t where b = " + form.format(SECRET)
    assert SECRET not in fingerprint(sql, dialect).text
    assert SECRET not in redacted(sql, dialect)


@given(st.data(), st.sampled_from(DIALECTS), st.sampled_from((" ", "; ", " and ", ", ")))
@settings(max_examples=80, deadline=None)
def test_a_text_is_its_own_fingerprint(data: st.DataObject, dialect: Dialect, between: str) -> None:
    """Also where statements and parts of them follow each other."""
    parts = st.sampled_from(
        [sql for sql, its, text in RULES if its in {"generic", dialect} and not {'"', "#"} & {*sql, *text}]
    )
    once = fingerprint(between.join(data.draw(st.lists(parts, max_size=8))), dialect)
    assert fingerprint(once.text) == once


@given(st.text(st.characters(), max_size=60), st.sampled_from(DIALECTS))
@settings(deadline=None)
def test_any_text_has_a_fingerprint(sql: str, dialect: Dialect) -> None:
    """Nothing raises, surrogates included, and the text can be stored."""
    assert fingerprint(sql + "\ud800", dialect).text.encode() is not None
    redacted(sql + "\ud800", dialect).encode()


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "piece",
    [
        "'",
        '"',
        "(",
        "IN (",
        "IN (1,",
        "1",
        "1 ",
        "$a$",
        "$a$b",
        "/*",
        "- ",
        " .",
        "\\",
        "[",
        "VALUES (",
        "\\'",
        '\\"',
        '"a" ',
        '= "a"',
        "#",
        "# ",
        "set ",
        "set a;",
        "password ",
        "from stdin ",
        "copy ",
        "alter user ",
        "identified with ",
        "pragma a",
        "pragma a(",
    ],
)
def test_hostile_text_takes_linear_time(piece: str, dialect: Dialect) -> None:
    """Twice as much as the daemon takes ends well before the timeout of a test."""
    sql = piece * (200_000 // len(piece))
    assert len(fingerprint(sql, dialect).text) <= TEXT_CHARACTERS
    redacted(sql, dialect)


def test_a_sample_keeps_its_looks() -> None:
    """Case, spaces and line breaks stay; literals and comments go."""
    sql = "Select  a, /* c */ 'x', E'\\'y'\nFROM T -- d\nWHERE b = -5.5 AND \"C\" = TRUE"
    assert redacted(sql, "postgresql") == 'Select  a,  ?, ?\nFROM T \nWHERE b = -? AND "C" = ?'


def test_a_long_text_is_cut_and_its_hash_is_not() -> None:
    """Two that differ after the cut differ."""
    long = "a, " * TEXT_CHARACTERS
    one, two = fingerprint(long + "b"), fingerprint(long + "c")
    assert (len(one.text), one.text[-1], one.text == two.text) == (TEXT_CHARACTERS, "…", True)
    assert one.hash != two.hash


def test_a_text_is_not_taken_for_the_outline_of_another() -> None:
    """A quote that is never closed, where the outline of the other one had lost a quote."""
    seen = Seen()
    for sql in ("delete from t where a = '0 and b = 0", "delete from t where a = 'x' and b = 1"):
        assert seen.of(sql) == fingerprint(sql)


@pytest.mark.parametrize("sign", ["+", "-"])
def test_an_exponent_is_a_part_of_its_number(sign: str) -> None:
    """What follows it is not: `1e+5.5` are two numbers."""
    seen = Seen()
    for sql in (f"select 1e{sign}5", f"select 1e{sign}5.5", f"select 1.E{sign}12", f"select 1.E{sign}12.5"):
        assert seen.of(sql) == fingerprint(sql)


ODD_AND_EVEN = st.lists(st.text("aeE0'1 =.-+(,5", max_size=7), min_size=40, max_size=60)
NUMBERS = st.from_regex(r"[05a]?[05_.]{0,2}[eE]?[-+]?[05]{1,2}(?:\.[05])?(?: '|'0'|')?", fullmatch=True)


@pytest.mark.long
@given(st.one_of(ODD_AND_EVEN, st.lists(NUMBERS, min_size=40, max_size=60)), st.sampled_from(DIALECTS))
@settings(max_examples=100, deadline=None)
def test_statements_of_one_outline_have_one_fingerprint(sqls: list[str], dialect: Dialect) -> None:
    """Short texts of few characters, so that many share one; whoever came first does not matter.

    Each also without its last quote, and as the outline of the others.
    """
    seen = Seen()
    more = [sql[::-1].replace("'", "", 1)[::-1] for sql in sqls]
    outlines = [found for sql in sqls if (found := outline(sql)) is not None]
    for sql in [*sqls, *more, *outlines, "a = '1' and b = 5", "a = '2' and b = 7"]:
        assert seen.of(sql, dialect) == fingerprint(sql, dialect), sql


def test_statements_over_the_cap_are_other() -> None:
    """New ones are counted; known ones stay themselves."""
    seen = Seen(most=2)
    known = seen.of("select a")
    seen.of("select b")
    assert [seen.of("select c").hash, seen.of("select c").hash] == [OTHER_HASH, OTHER_HASH]
    assert (seen.others, len(seen), seen.of("SELECT a"), seen.of("select a")) == (2, 2, known, known)
    assert seen.other.text == "other: more than 2 distinct statements"


def test_the_memory_of_texts_is_bounded() -> None:
    """By number and by bytes; what is forgotten is worked out again."""
    seen = Seen(texts=10, size_bytes=20_000)
    for n in range(1_000):
        assert seen.of(f"select a{n % 3} from t where x = {n} /* {'c' * n * 20} */").hash != OTHER_HASH
    assert len(seen._young) + len(seen._old) <= 10
    assert len(seen) == 3
