"""Rows of any kind: which come, in which order, and by which index."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from itertools import chain
from typing import Any

import pytest

from collector.answers import benchmark_runs, rows, wanted
from collector.answers.indexed import filters, indexes, is_bound, is_one, key
from collector.orm import peewee, select
from collector.records.base import KINDS
from collector.records.skill import Skill
from tests.answers.made import HOUR, MINUTE, Made
from tests.answers.sample import add_all, sample

pytestmark = pytest.mark.long

# Their few rows are sorted: only their keys can be asked for.
SMALL = {"gap", "session", "workload", "query", "cache", "query_summary", "user_summary"}


@pytest.fixture
def full(made: Made) -> Made:
    """Three rows of every kind."""
    add_all(made)
    return made


def skills(made: Made, *minutes: int, **columns: Any) -> None:
    """One skill for each of the minutes before now."""
    given = {"skill_id": "s", "execution_ms": 1.0, "tokens_in": 1, "tokens_out": 1, "success": True}
    made.add(*(Skill.record(**(given | columns), timestamp=made.now_ms - ago * MINUTE) for ago in minutes))


def ago(made: Made, found: list[dict[str, Any]]) -> list[int]:
    """How many minutes before now each began."""
    return [(made.now_ms - row["timestamp"]) // MINUTE for row in found]


def streamed(reader: peewee.SqliteDatabase, name: str, **wanted: Any) -> Iterator[dict[str, Any]]:
    """The rows of all pages, one by one."""
    return chain.from_iterable(rows.pages(reader, KINDS[name], **wanted))


@pytest.mark.parametrize("name", list(KINDS))
def test_rows_of_every_kind_have_all_columns(full: Made, reader: peewee.SqliteDatabase, name: str) -> None:
    """In table order, with what came in as it was; the families of a benchmark inside."""
    kind = KINDS[name]
    found = rows.rows(reader, kind)
    parts = [part.field for part in kind.parts if part.key]
    assert list(found[0]) == [*(column.column_name for column in kind.columns), *parts]
    assert len(found) == rows.count(reader, kind) == 3
    if not name.startswith("benchmark_"):
        sent = sample(kind, 0, full.now_ms)
        mark = kind.moment or kind.given[0].column_name
        (row,) = (r for r in found if r[mark] == getattr(sent, mark))
        assert {column: row[column] for column in row if hasattr(sent, column) and column not in parts} == {
            column: getattr(sent, column) for column in row if hasattr(sent, column) and column not in parts
        }


def test_the_newest_come_first_whenever_they_were_stored(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Or the oldest, when asked for; a limit cuts at the far end."""
    skills(made, 5, 1, 9, 3)
    assert ago(made, rows.rows(reader, KINDS["skill"])) == [1, 3, 5, 9]
    assert ago(made, rows.rows(reader, KINDS["skill"], limit=2)) == [1, 3]
    assert ago(made, rows.rows(reader, KINDS["skill"], limit=2, newest_first=False)) == [9, 5]
    assert [row["timestamp"] for row in streamed(reader, "skill", size=3)] == [
        made.now_ms - minutes * MINUTE for minutes in (9, 5, 3, 1)
    ]


def test_runs_of_all_workloads_are_merged(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Their moment has no index of its own: the newest of each workload are taken."""
    for n, name in enumerate(["b", "a", "c", "a", "b"]):
        made.run(name, (n * 7 % 5) * HOUR, 10.0 + n, outcome="failed" if n == 2 else "ok")
    found = rows.rows(reader, KINDS["run"])
    assert [row["timestamp"] for row in found] == sorted((row["timestamp"] for row in found), reverse=True)
    assert [row["workload"] for row in rows.rows(reader, KINDS["run"], where={"outcome": "failed"})] == ["c"]
    assert len(rows.rows(reader, KINDS["run"], where={"outcome": "ok"}, limit=3)) == 3
    assert {row["wall_ms"] for row in rows.rows(reader, KINDS["run"], where={"wall_ms": 13.0})} == {
        13.0,
        14.0,
    }


def test_runs_that_did_not_go_well_have_an_index_of_each_workload(reader: peewee.SqliteDatabase) -> None:
    """However few they are among those that did; the others are found by their workload."""
    kind = KINDS["run"]
    failed = wanted.serving_group(wanted.Wanted(kind, {"outcome": "failed"}), "workload")
    assert failed is not None
    assert failed.columns == ("outcome", "workload", "timestamp")
    assert wanted.serving_group(wanted.Wanted(kind, {"outcome": "ok"}), "workload") is None


def test_time_is_from_the_first_moment_to_before_the_last(made: Made, reader: peewee.SqliteDatabase) -> None:
    """For rows, their number and their stream alike."""
    skills(made, 1, 2, 3, 4)
    asked = {"since_ms": made.now_ms - 3 * MINUTE, "until_ms": made.now_ms - MINUTE}
    assert ago(made, rows.rows(reader, KINDS["skill"], **asked)) == [2, 3]  # type: ignore[arg-type]
    assert rows.count(reader, KINDS["skill"], **asked) == 2  # type: ignore[arg-type]
    assert ago(made, list(streamed(reader, "skill", **asked))) == [3, 2]


CASES = [(name, column.column_name) for name in KINDS for column in filters(KINDS[name])]


@pytest.mark.parametrize(("name", "column"), CASES)
def test_every_indexed_column_narrows_them(
    full: Made, reader: peewee.SqliteDatabase, name: str, column: str
) -> None:
    """To those that hold the value, and that or more for moments and measured figures."""
    kind = KINDS[name]
    field = next(f for f in filters(kind) if f.column_name == column)
    every = rows.rows(reader, kind)
    stored = every[1][column]
    asked = str(stored) if isinstance(stored, dict) else stored
    if isinstance(stored, dict):
        ((asked,),) = select(reader, f"SELECT {column} FROM {kind.table} WHERE id = ?", every[1]["id"])
    found = rows.rows(reader, kind, where={column: asked})
    if is_bound(field):
        assert {row[column] for row in found} == {r[column] for r in every if r[column] >= stored}
    else:
        assert {str(row[column]) for row in found} == {str(stored)}
    assert rows.count(reader, kind, where={column: asked}) == len(found)
    assert len(list(streamed(reader, name, where={column: asked}, size=1))) == len(found)


def test_values_are_bound_and_names_are_those_of_the_model(made: Made, reader: peewee.SqliteDatabase) -> None:
    """A quote in a value is only a quote; a column that is none is refused."""
    skills(made, 1)
    assert rows.rows(reader, KINDS["skill"], where={"skill_id": "s' OR 1=1 --"}) == []
    with pytest.raises(ValueError, match="skill has no column 1=1"):
        rows.rows(reader, KINDS["skill"], where={"1=1": "x"})


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[Any, ...]]]:
    """Every statement that `rows` asks, beside its answer."""
    said: list[tuple[str, tuple[Any, ...]]] = []
    for module in (rows, wanted):
        ask = module.ask_sql

        def noted(database: Any, name: str, sql: str, *values: Any, ask: Any = ask) -> Any:
            said.append((sql, values))
            return ask(database, name, sql, *values)

        monkeypatch.setattr(module, "ask_sql", noted)
    return said


LEADING = [
    (name, index.columns[0])
    for name in KINDS
    for index in indexes(KINDS[name])
    if index.columns[0] != KINDS[name].moment and name not in SMALL
]


@pytest.mark.parametrize(("name", "column"), LEADING)
def test_an_index_serves_every_column_that_leads_one(
    full: Made,
    reader: peewee.SqliteDatabase,
    statements: list[tuple[str, tuple[Any, ...]]],
    name: str,
    column: str,
) -> None:
    """SQLite itself says so: it searches, and scans no table."""
    kind = KINDS[name]
    value = {"outcome": "failed", "duration_ms": 2000.0}.get(column) or rows.rows(reader, kind)[0][column]
    statements.clear()
    rows.rows(reader, kind, where={column: value})
    for sql, values in statements:
        steps = [step for *_, step in select(reader, f"EXPLAIN QUERY PLAN {sql}", *values)]
        walks = [step for step in steps if step.startswith("SCAN") and kind.table in step]
        assert walks == [], steps
        assert any(f"SEARCH {part}" in " ".join(steps) for part in (kind.table, "benchmark_")), steps


def test_what_many_rows_have_is_looked_for_newest_first(
    made: Made, reader: peewee.SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index without the moment would have to sort them all; the answer is the same."""
    kind = KINDS["benchmark"]
    made.add(*(sample(kind, n, made.now_ms, project_name="a" if n % 2 else "b") for n in range(9)))
    by_index = rows.rows(reader, kind, where={"project_name": "a"}, limit=3)
    monkeypatch.setattr(wanted, "FEW", 2)
    assert wanted.serving(reader, wanted.Wanted(kind, {"project_name": "a"}), most=2) is None
    assert rows.rows(reader, kind, where={"project_name": "a"}, limit=3) == by_index


def test_only_a_whole_key_is_one_row() -> None:
    """A part of a key is not, nor an index of many."""
    assert is_one(KINDS["skill"], {"record_id": "x"})
    assert is_one(KINDS["benchmark_quality"], {"run_id": "x"})
    assert not is_one(KINDS["skill"], {"skill_id": "x"})
    assert not is_one(KINDS["disk"], {"device": "x"})
    assert key(KINDS["disk"]) == ("timestamp", "device")


def test_a_benchmark_run_is_read_with_its_families(full: Made, reader: peewee.SqliteDatabase) -> None:
    """As it was sent; what was not sent is None."""
    sent = sample(KINDS["benchmark"], 1, full.now_ms)
    row = benchmark_runs.one(reader, "x1")
    assert row is not None
    assert row["performance"]["phase_times"] == {"n": 1, "none": None, "list": ["a", "ü"]}
    assert row["quality"]["code_coverage_percentage"] == sent.quality.code_coverage_percentage  # type: ignore[attr-defined]
    assert benchmark_runs.one(reader, "nobody") is None
    full.add(sample(KINDS["benchmark"], 7, full.now_ms, workflow=None))
    bare = benchmark_runs.one(reader, "x7")
    assert bare is not None
    assert bare["workflow"] is None


def test_a_page_ends_where_its_texts_take_too_much_memory(made: Made, reader: peewee.SqliteDatabase) -> None:
    """However few rows that are; none is left out."""
    for n in range(200):
        made.run("noisy", n * MINUTE, output="x" * 60_000)
    sizes = [len(page) for page in rows.pages(reader, KINDS["run"])]
    assert sum(sizes) == 200
    assert max(sizes) * 60_000 <= rows.PAGE_CHARACTERS + 60_000


def test_a_stream_holds_no_more_than_a_page(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Four times as many rows take no more memory."""
    peaks = []
    for count in (5_000, 20_000):
        skills(made, *range(count))
        tracemalloc.start()
        assert sum(1 for _ in streamed(reader, "skill")) >= count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.2


def test_between_pages_nothing_holds_up_the_write_ahead_log(
    made: Made, reader: peewee.SqliteDatabase
) -> None:
    """The writer can empty it while a stream is read."""
    skills(made, *range(10))
    stream = rows.pages(reader, KINDS["skill"], size=4)
    next(stream)
    skills(made, 1, 2)
    assert made.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() == (0, 0, 0)
    assert sum(len(page) for page in stream) >= 6
