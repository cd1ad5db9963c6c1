"""``collector show``: rows of any kind, for people, scripts and spreadsheets."""

from __future__ import annotations

import csv
import io
import json

import click
import pytest

from collector.answers import rows
from collector.answers.indexed import filters
from collector.by_kind import named
from collector.cli import show
from collector.layout import as_table
from collector.records.base import KINDS
from collector.records.columns import Document
from collector.records.skill import Skill
from collector.tables import Cell, table_lines
from collector.terminal import display_width
from tests.answers.made import DAY, MINUTE, Made
from tests.answers.sample import add_all, sample
from tests.cli.conftest import Call, plain

pytestmark = pytest.mark.long

everywhere = pytest.mark.parametrize("name", list(KINDS))


@pytest.fixture
def full(made: Made) -> Made:
    """Three rows of every kind."""
    add_all(made)
    return made


@pytest.fixture
def skills(made: Made) -> Made:
    """Twenty-five executions of two skills, the newest a failure."""
    for n in range(25):
        made.add(
            Skill.record(
                record_id=f"r{n}", skill_id=f"skill-{n % 2}", execution_ms=41_800.0 if n == 0 else 3.1,
                tokens_in=1_204 + n, tokens_out=n, success=n > 0, timestamp=made.now_ms - n * MINUTE,
            )
        )  # fmt: skip
    return made


def test_the_newest_are_an_aligned_table_when_piped(skills: Made, process: Call) -> None:
    """Figures with their units to the right, nothing cut, no colour."""
    said = process("show", "skill", "--limit", "2")
    assert (said.code, said.err) == (0, "")
    titles, newest, older = said.lines
    assert " ".join(titles.split()) == "id when skill id execution tokens in tokens out success record id"
    assert newest.split()[0] == "1"
    assert newest.endswith("41.8 s      1,204           0  no       r0")
    assert older.endswith("3.10 ms      1,205           1  yes      r1")
    assert "\x1b" not in said.out


def test_on_a_terminal_the_rows_left_out_are_counted(skills: Made, terminal: Call) -> None:
    """And the way to them is told."""
    said = terminal("show", "skill")
    lines = plain(said.out).splitlines()
    assert (said.code, said.err, len(lines)) == (0, "", 22)
    assert max(map(display_width, lines)) <= 80
    assert lines[-1] == "20 of 25 rows: --limit N shows more, --json all columns"


@pytest.mark.parametrize("width", [80, 120])
@everywhere
def test_every_kind_fits_the_terminal(made: Made, name: str, width: int) -> None:
    """Columns that matter less are left out; the moment and how it went stay."""
    kind = KINDS[name]
    add_all(made)
    with made.reader() as database:
        columns, cells = as_table(kind, rows.rows(database, kind), made.now_ms)
    titles, *lines = table_lines(columns, [[Cell(cell) for cell in row] for row in cells], width)
    assert len(lines) == 3
    assert max(map(display_width, (titles, *lines))) <= width
    assert ("when" in titles) == (kind.moment in ("timestamp", "recorded_at"))
    assert ("  success" in titles) == any(column.column_name == "success" for column in kind.columns)


@everywhere
def test_json_has_the_columns_of_the_table(full: Made, call: Call, name: str) -> None:
    """A list of rows; flags are booleans, JSON columns objects, families inside their run."""
    kind = KINDS[name]
    parts = [part.field for part in kind.parts if part.key]
    found = call("show", name, "--json").json
    assert len(found) == 3
    assert list(found[0]) == [*(column.column_name for column in kind.columns), *parts]
    assert all(isinstance(found[0][part], dict) for part in parts)
    assert call("show", kind.table, "--json").json == found
    for column in kind.columns:
        if isinstance(column, Document):
            assert isinstance(found[0][column.column_name], dict)


@everywhere
def test_csv_can_be_read_by_any_reader_of_it(full: Made, call: Call, name: str) -> None:
    """A header, then the same values as text."""
    kind = KINDS[name]
    found = call("show", name, "--json").json
    read = list(csv.DictReader(io.StringIO(call("show", name, "--csv").out, newline="")))
    assert len(read) == len(found) == 3
    for row, line in zip(found, read, strict=True):
        for column in kind.columns:
            stored, text = row[column.column_name], line[column.column_name]
            if isinstance(stored, (dict, list, bool)):
                assert json.loads(text) == stored
            else:
                assert text == ("" if stored is None else str(stored))


def test_csv_keeps_texts_of_several_lines_and_quotes(skills: Made, process: Call) -> None:
    """As RFC 4180 has them; and a formula stays what it is."""
    skills.add(sample(KINDS["skill"], 0, skills.now_ms + 9, skill_id='=1+1,"two"\nlines', record_id=None))
    out = process("show", "skill", "--csv", "--limit", "1").out
    (_, row) = csv.reader(io.StringIO(out, newline=""))
    assert row[1:3] == ["", '=1+1,"two"\nlines']


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--skill", "skill-1"], 12),
        (["--skill-id", "skill-0"], 13),
        (["--since", "10m"], 10),
        (["--since", "2d", "--until", "10m"], 15),
        (["--skill", "nobody"], 0),
        (["--skill", "x' OR 1=1 --"], 0),
    ],
)
def test_filters_narrow_it(skills: Made, call: Call, words: list[str], expected: int) -> None:
    """Alone and together, before and behind the kind."""
    assert abs(len(call("show", "skill", *words, "--limit", "99", "--json").json) - expected) <= 1
    assert call("show", *words, "--json", "skill").json == call("show", "skill", *words, "--json").json


def test_measured_figures_are_asked_for_from_a_value_on(made: Made, call: Call) -> None:
    """Nobody knows a duration to the microsecond."""
    for duration in (50.0, 150.0, 812.0):
        made.add(sample(KINDS["operation"], 0, made.now_ms, duration_ms=duration, record_id=None))
    said = call("show", "operation", "--duration-ms", "150", "--json")
    assert sorted(row["duration_ms"] for row in said.json) == [150.0, 812.0]


def test_one_row_is_printed_whole(full: Made, call: Call) -> None:
    """By its number or another key: one column a line, JSON and families below."""
    lines = call("show", "benchmark", "--run-id", "x1").lines
    assert lines[0].split() == ["run_id", "x1"]
    assert "performance:" in lines
    assert "  total_time_seconds    7.25 s" in lines
    assert call("show", "operation", "--id", "2").lines[4].split() == ["duration_ms", "7.25", "ms"]
    assert call("show", "skill", "--record-id", "x2", "--json").json[0]["id"] == 3


def test_a_row_that_is_not_there_is_refused(skills: Made, call: Call) -> None:
    """With what to do."""
    said = call("show", "skill", "--id", "99")
    assert (said.code, said.out) == (2, "")
    assert said.err.splitlines() == [
        "error: there is no skill with id 99", "  → `collector show skill` tells the newest",
    ]  # fmt: skip


def test_columns_that_nobody_filled_are_left_out(made: Made, call: Call) -> None:
    """Of the table, and of a row that is printed whole."""
    made.run("health", 0)
    assert "http" not in call("show", "run").out
    assert "http_status" not in call("show", "run", "--id", "1").out


def test_nothing_found_says_what_to_do_next(made: Made, call: Call) -> None:
    """For what applications send, for what the recorder samples or finds, and for filters."""
    assert call("show", "alert").out == (
        "no alert is recorded yet: the recorder tells when something becomes slow, fails, or takes more than"
        " its budget\n"
    )
    assert call("show", "change").out == (
        "no change is recorded yet: `collector changes` looks for what got slower or faster\n"
    )
    assert call("show", "inference").out == (
        "no inference is recorded yet: applications send them, see `collector record --help`\n"
    )
    assert "`collector status`" in call("show", "cpu").out
    assert call("show", "skill", "--skill", "x").out.startswith("no skill is like that: ")
    assert call("show", "skill", "--json").out == "[]\n"
    assert call("show", "gap", "--csv").out == "id,from_ms,to_ms,reason\r\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["skil"], "no kind of record is named 'skil' (did you mean 'skill'?)"),
        (["skill_metric"], "no kind of record is named 'skill_metric' (did you mean 'skill_metrics'?)"),
        ([], "which kind of record?"),
        (["skill", "--model", "x"], "skill has no option --model"),
        (["cpu", "--user", "x"], "cpu has no option --user"),
        (["skill", "--json", "--csv"], "--json and --csv exclude each other"),
    ],
)
def test_what_there_is_not_is_refused(made: Made, call: Call, words: list[str], told: str) -> None:
    """With what there is instead."""
    said = call("show", *words)
    assert (said.code, said.out) == (2, "")
    assert said.err.splitlines()[0] == f"error: {told}"


def test_a_filter_of_another_kind_is_answered_with_those_there_are(made: Made, call: Call) -> None:
    """All of them."""
    assert call("show", "skill", "--model", "x").err.splitlines()[1] == (
        "  → it has --id, --record-id, --skill-id"
    )


@pytest.mark.parametrize(
    "words",
    [
        ["operation", "--type", "song"],
        ["operation", "--duration-ms", "long"],
        ["operation", "--duration-ms", "nan"],
        ["operation", "--duration-ms", "-1"],
        ["skill", "--id", "0"],
        ["skill", "--id", "9" * 30],
        ["skill", "--skill", "\udcff"],
        ["process", "--pid", "x"],
        ["skill", "--limit", "0"],
        ["skill", "--until", "soon"],
    ],
)
def test_values_are_checked_as_their_columns_are(made: Made, call: Call, words: list[str]) -> None:
    """What is allowed is told."""
    said = call("show", *words)
    assert (said.code, said.out) == (2, "")
    assert said.err.splitlines()[-1].startswith("Error: Invalid value for '--")


def test_a_hostile_text_cannot_steer_the_terminal(made: Made, terminal: Call, call: Call) -> None:
    """In the table, in a row printed whole, and as CSV on a terminal."""
    made.add(sample(KINDS["skill"], 0, made.now_ms, skill_id="\x1b]0;owned\x07\u202e"))
    for words in (["show", "skill"], ["show", "skill", "--id", "1"]):
        assert r"\x1b]0;owned\x07\u202e" in call(*words).out
    for words in (["--csv"], ["--json"], []):
        assert "\x1b]" not in terminal("show", "skill", *words).out


def test_the_help_lists_the_kinds_and_that_of_a_kind_its_columns(call: Call) -> None:
    """With units."""
    general = call("show", "--help").out
    assert all(f"  {name} " in general for name in KINDS)
    of_one = call("show", "skill", "--help").out
    assert "--skill-id, --skill TEXT" in of_one
    assert "execution_ms  from start to end [ms]" in of_one


@everywhere
def test_every_indexed_column_has_an_option_of_its_own(name: str) -> None:
    """And no two options have one name."""
    context = show.command.make_context("show", [name])
    words = [word for option in context.command.params for word in option.opts]
    assert len(words) == len(set(words))
    for column in filters(KINDS[name]):
        assert f"--{column.column_name.replace('_', '-')}" in words


def test_a_kind_is_found_by_its_table_too() -> None:
    """As the documents call it."""
    assert named("inference_metrics") is KINDS["inference"]
    assert isinstance(show.command, click.Command)


def test_moments_are_told_as_the_reader_writes_them(made: Made, call: Call) -> None:
    """The date only where it is not today."""
    made.gap(3 * DAY, 2 * DAY, "suspend")
    (_, line) = call("show", "gap").lines
    assert line.endswith("suspend")
    assert line.split()[1] in ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
