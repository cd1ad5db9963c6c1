"""What no reading command will take: one sentence, what to do, exit status not 0, no traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.sqlite import sqlite3
from tests.answers.made import Made
from tests.cli.conftest import Call, Said

READING = [["runs"], ["runs", "--json"], ["workloads"], ["db", "verify"], ["db", "stats"], ["db", "upgrade"]]
MOVING = [["db", "downgrade", "--to", "nothing"]]

everywhere = pytest.mark.parametrize("words", READING + MOVING, ids=" ".join)


def sentence(said: Said) -> str:
    """The one sentence on stderr; the line below it says what to do."""
    assert said.code == 1
    assert said.out == ""
    first, hint = said.err.splitlines()
    assert first.startswith("error: ")
    assert hint.startswith("  → ")
    return first


@everywhere
def test_without_a_database(call: Call, database: Path, words: list[str]) -> None:
    """Nothing is made by asking."""
    assert f"nothing is recorded yet: there is no {database}" in sentence(call(*words))
    assert not database.exists()


@everywhere
def test_with_a_directory(call: Call, database: Path, words: list[str]) -> None:
    """In the place of the file."""
    database.mkdir()
    assert f"{database} is a directory" in sentence(call(*words))


@everywhere
def test_with_a_file_of_another_program(call: Call, database: Path, words: list[str]) -> None:
    """It stays as it is, down to its journal mode."""
    with sqlite3.connect(database) as other:
        other.execute("CREATE TABLE theirs (x)")
    other.close()
    before = database.read_bytes()
    assert f"{database} is a SQLite database of another program" in sentence(call(*words))
    assert before == database.read_bytes()


@everywhere
def test_with_no_database_at_all(call: Call, database: Path, words: list[str]) -> None:
    """A text file, for example."""
    database.write_text("hello " * 1000)
    assert str(database) in sentence(call(*words))


@everywhere
def test_with_an_empty_file(call: Call, database: Path, words: list[str]) -> None:
    """As it is for an instant while the recorder starts."""
    database.touch()
    assert f"nothing is recorded yet: {database} is empty" in sentence(call(*words))


@pytest.mark.parametrize(
    "words", [["runs"], ["workloads"], ["db", "upgrade"], ["db", "downgrade"]], ids=" ".join
)
def test_with_a_newer_schema(made: Made, call: Call, words: list[str]) -> None:
    """Refused, never guessed at."""
    made.conn.execute("INSERT INTO schema_migration (name, applied) VALUES ('9999_future', '2099-01-01')")
    made.close()
    assert "was written by a newer collector (it holds 9999_future)" in sentence(call(*words))


def test_with_a_schema_that_was_changed(made: Made, call: Call) -> None:
    """A statement that finds no table is a sentence, too."""
    made.conn.execute("DROP TABLE workload_runs")
    made.close()
    assert str(made.path) in sentence(call("runs"))


@pytest.mark.parametrize("words", [["status"], ["runs"], ["db", "stats"], ["check"]], ids=" ".join)
def test_with_a_config_that_does_not_say_where(config: Path, call: Call, words: list[str]) -> None:
    """Every fault of the section, with its line."""
    config.write_text('[collector]\ndatbase = "x"\n', encoding="utf-8")
    said = call(*words)
    assert (said.code, said.out) == (2, "")
    assert "line 2: collector.datbase" in said.err


def test_with_a_config_that_is_not_there(config: Path, call: Call) -> None:
    """It was named, so the defaults will not do."""
    config.unlink()
    said = call("status")
    assert said.code == 2
    assert "there is no such file" in said.err


def test_as_a_real_process_there_is_no_traceback(process: Call, database: Path) -> None:
    """What the others show in this process holds for the installed command."""
    assert f"there is no {database}" in sentence(process("runs"))
