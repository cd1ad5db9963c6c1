"""Every kind of record is its table, its validator and its documentation at once."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.intake.check import value_faults
from collector.orm import peewee
from collector.records.base import KINDS, Document, Kind, forget
from collector.records.cpu import CpuSample
from collector.records.gap import Gap
from collector.records.run import Run
from collector.registry import discover
from collector.sqlite import sqlite3
from collector.store import schema
from collector.store.buffer import Buffer
from collector.store.database import open_writer, raw
from collector.store.writer import Writer
from tests.conftest import START

ALL = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))

# The end of a column's name promises its unit.
UNITS = {
    "_bytes_per_s": {"B/s"},
    "_per_s": {"1/s"},
    "_percent": {"%", "% of a core"},
    "_bytes": {"B"},
    "_ms": {"ms"},
    "timestamp": {"ms"},
    "_celsius": {"°C"},
    "_mhz": {"MHz"},
}


def given_columns(kind: Kind) -> list[Any]:
    """The columns that a record brings along."""
    return [column for column in kind.columns if not isinstance(column, peewee.AutoField)]


TEXT = st.characters(exclude_categories=["Cs"])


def values(column: Any) -> st.SearchStrategy[Any]:
    """What a column may hold."""
    rules = column.rules
    found: st.SearchStrategy[Any]
    if column.python_type is bool:
        found = st.booleans()
    elif column.python_type is int:
        found = st.integers(rules["ge"], rules["le"])
    elif column.python_type is float:
        found = st.floats(rules["ge"], rules["le"])
    elif column.python_type is bytes:
        found = st.binary(max_size=30)
    elif isinstance(column, Document):
        found = st.dictionaries(st.text(TEXT, max_size=5), st.integers(-9, 9) | st.text(TEXT, max_size=5))
    elif "pattern" in rules:
        found = st.from_regex(rules["pattern"], fullmatch=True)
    else:
        found = st.text(TEXT, min_size=rules.get("min_length", 0), max_size=min(30, rules["max_length"]))
    return st.none() | found if column.null else found


def columns(kind: Kind) -> st.SearchStrategy[dict[str, Any]]:
    """The columns of one record; those that may be left out sometimes are."""
    required = {c.column_name: values(c) for c in given_columns(kind) if c.default is None and not c.null}
    optional = {c.column_name: values(c) for c in given_columns(kind) if c.default is not None or c.null}
    return st.fixed_dictionaries(required, optional=optional)


@pytest.fixture(scope="module")
def conn() -> Iterator[sqlite3.Connection]:
    """All tables, in memory."""
    database = peewee.SqliteDatabase(":memory:")
    schema.create(database)
    yield raw(database)
    database.close()


@ALL
def test_every_column_says_what_it_is(kind: Kind) -> None:
    """The help texts are the documentation of the table."""
    assert [column.column_name for column in kind.columns if not column.help_text] == []
    assert kind.model.__doc__


@ALL
def test_a_column_that_promises_a_unit_states_it(kind: Kind) -> None:
    """The end of its name and the unit of its field say the same."""
    wrong = []
    for column in given_columns(kind):
        units = next((units for end, units in UNITS.items() if column.column_name.endswith(end)), None)
        if units is not None and column.unit not in units:
            wrong.append((column.column_name, column.unit))
    assert wrong == []


@ALL
def test_names_of_tables_and_columns_are_plain(kind: Kind) -> None:
    """They are typed by hand into queries."""
    names = [kind.table, *(column.column_name for column in kind.columns)]
    assert [name for name in names if not name.isidentifier() or name != name.lower()] == []


@ALL
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_what_is_recorded_is_what_is_read(conn: sqlite3.Connection, kind: Kind, data: st.DataObject) -> None:
    """Through struct, row, INSERT and SELECT, to the last bit."""
    given_values = data.draw(columns(kind))
    record = kind.model.record(**given_values)
    conn.execute(f"DELETE FROM {kind.table}")
    assert conn.executemany(*kind.statement([record])).rowcount == 1
    names = [column.column_name for column in given_columns(kind)]
    (row,) = conn.execute(f"SELECT {', '.join(names)} FROM {kind.table}").fetchall()
    read = {
        name: json.loads(value) if i in kind.documents and value is not None else value
        for i, (name, value) in enumerate(zip(names, row, strict=True))
    }
    kept = {name: value for name, value in msgspec.structs.asdict(record).items() if name in names}
    left_open = {
        c.column_name for c in kind.given if getattr(c, "filled_by", "") and kept[c.column_name] is None
    }
    assert {n: read[n] for n in names if n not in left_open} == {
        n: kept[n] for n in names if n not in left_open
    }
    assert {n: kept[n] for n in given_values} == given_values


@ALL
@given(data=st.data())
@settings(max_examples=10, deadline=None)
def test_what_fits_the_columns_passes_the_check_for_what_comes_from_outside(
    kind: Kind, data: st.DataObject
) -> None:
    """The validator is the table's own."""
    record = kind.model.record(**data.draw(columns(kind)))
    builtins = msgspec.to_builtins(record)
    if kind.pushed:
        assert builtins["kind"] == kind.name
    assert msgspec.convert(builtins, kind.struct) == record


@ALL
def test_an_unknown_column_is_refused(kind: Kind) -> None:
    """A slip of the pen is told where it is made."""
    with pytest.raises(TypeError, match="no_such_column"):
        kind.model.record(no_such_column=1)


@ALL
def test_a_missing_column_is_refused(kind: Kind) -> None:
    """Every kind has at least one that must be given."""
    with pytest.raises(TypeError, match="Missing required argument"):
        kind.model.record()


@ALL
def test_a_record_is_frozen(kind: Kind) -> None:
    """It travels between threads."""
    assert kind.struct.__struct_config__.frozen  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("wall_ms", -1, ">= 0"),
        ("wall_ms", float("inf"), "<= 3162"),
        ("wall_ms", "12", "Expected `float | null`, got `str`"),
        ("exit_code", 2**63, "<= 9223372036854775807"),
        ("exit_code", True, "Expected `int | null`, got `bool`"),
        ("timestamp", -1, ">= 0"),
        ("timestamp", 253_402_300_800_000, "<= 253402300799999"),
        ("timestamp", None, "Expected `int`, got `null`"),
        ("output", "x" * 70_001, "length <= 70000"),
        ("git_dirty", 1, "Expected `bool | null`, got `int`"),
        ("surprise", 1, "unknown field `surprise`"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_column_and_the_reason(
    column: str, value: object, reason: str
) -> None:
    """When it comes in, not at the flush."""
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert({"kind": "run", "workload": "w", "timestamp": 1, column: value}, KINDS["run"].struct)
    assert reason in str(caught.value)
    assert column in str(caught.value)


@pytest.mark.parametrize(
    ("name", "end"),
    [("a\x1bb", ""), ("a\n", ""), ("\x85", ""), ("x" * 201, ""), ("", ", not empty")],
    ids=["escape", "line end", "C1", "long", "empty"],
)
def test_what_a_name_of_a_workload_may_be_is_told_as_it_is(name: str, end: str) -> None:
    """Its length, and that it holds no control characters."""
    ((path, said),) = value_faults("workload", Run.workload, name)
    assert path == "workload"
    assert said.startswith(f"must be a text of at most 200 characters, without control characters{end}, not ")
    assert list(value_faults("workload", Run.workload, "x é 界" * 40)) == []


def test_columns_with_a_default_may_be_left_out() -> None:
    """They get it, and what may be null is."""
    record: Any = Run.record(workload="w", timestamp=1)
    assert (record.workload_kind, record.outcome, record.wall_ms) == ("reported", "ok", None)


def test_a_record_whose_key_is_there_already_is_left_out(conn: sqlite3.Connection) -> None:
    """That alone: what breaks NOT NULL still fails."""
    conn.execute("DELETE FROM workload_runs")
    kind = KINDS["run"]
    record = Run.record(workload="w", timestamp=1, record_id="a")
    assert conn.executemany(*kind.statement([record, record])).rowcount == 1
    with pytest.raises(sqlite3.IntegrityError, match="NOT NULL"):
        conn.executemany(*kind.statement([Run.record(workload=None, timestamp=1)]))


def test_two_kinds_of_one_name_are_refused() -> None:
    """At import, where the second file is."""
    with pytest.raises(ValueError, match="two of record kind 'gap'"):
        KINDS.add("gap", KINDS["gap"])
    assert KINDS["gap"].model is Gap
    assert KINDS["cpu"].model is CpuSample


WEATHER = '''\
"""Weather samples."""

from collector.records.base import Flag, Real, Record, Text, Timestamp, Whole, kind


@kind("weather", "reported", pushed=True)
class WeatherSample(Record):
    """How it was outside."""

    timestamp = Timestamp(primary_key=True)
    place = Text("where", longest=80)
    temperature_celsius = Real("of the air", unit="°C", null=True)
    humidity_percent = Whole("relative", unit="%", minimum=0, maximum=100, default=50)
    raining = Flag("whether it rained", null=True)

    class Meta:
        table_name = "weather_samples"
'''


def test_a_kind_of_record_is_one_new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dropped into a package, it has its table in a new database, and is written like all others."""
    package = tmp_path / "more_records"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "weather.py").write_text(WEATHER, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    import more_records  # type: ignore[import-not-found]

    discover(more_records)
    try:
        path = tmp_path / "c.db"
        database = open_writer(path, "normal")
        schema.prepare(database, path)
        assert schema.differences(database) == []
        buffer = Buffer()
        writer = Writer(raw(database), buffer)
        sent = {"kind": "weather", "timestamp": 1, "place": "Kiel", "raining": True}
        buffer.put(START.monotonic, [msgspec.convert(sent, KINDS["weather"].struct)])
        writer.step(START.later(2))
        rows = raw(database).execute("SELECT * FROM weather_samples").fetchall()
        assert rows == [(1, "Kiel", None, 50, 1)]
        database.close()
    finally:
        forget("weather")
        for name in ("more_records", "more_records.weather"):
            sys.modules.pop(name, None)
    assert "weather" not in KINDS
