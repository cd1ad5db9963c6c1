"""What `collector run` will not take: one clear sentence, what to do, and nothing started."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.daemon.conftest import Recorder

Collector = Callable[..., "subprocess.CompletedProcess[str]"]

FIVE_FAULTS = """\
[collector]
databse = "x.db"

[sampling]
every = 5

[[workloads]]
name = "tests"
kind = "command"
argv = ["true"]
every = "-5s"

[[workloads]]
name = "tests"
kind = "command"
argv = ["no-such-program-here"]
every = "1m"
"""


@pytest.mark.parametrize("command", ["run", "check"])
def test_five_faults_are_told_at_once(recorder: Recorder, collector: Collector, command: str) -> None:
    """Each with its line, key, value, and what is allowed or the nearest valid name."""
    recorder.config.write_text(FIVE_FAULTS, encoding="utf-8")
    refused = collector(command, "--config", recorder.config)
    assert refused.returncode == 2
    for expected in (
        "line 2: collector.databse = \"x.db\": unknown key (did you mean 'database'?)",
        "line 5: sampling.every = 5: not a length of time",
        'line 11: workloads[1].every = "-5s": not a length of time',
        'line 14: workloads[2].name = "tests": this name is taken by the workload of line 8',
        'line 16: workloads[2].argv = ["no-such-program-here"]:',
    ):
        assert expected in refused.stderr
    assert "5 faults" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (recorder.folder / "x.db").exists()


def refused(recorder: Recorder, collector: Collector) -> str:
    """Start on the recorder's config, expecting a refusal; what was said."""
    said = collector("run", "--config", recorder.config)
    assert said.returncode == 1
    assert "Traceback" not in said.stderr
    assert said.stderr.startswith("error: ")
    assert "\n  → " in said.stderr
    return said.stderr


def test_a_folder_that_cannot_be_made(recorder: Recorder, collector: Collector) -> None:
    """Here a file stands where the folder should be."""
    (recorder.folder / "file").write_text("")
    recorder.config.write_text(f'[collector]\ndatabase = "{recorder.folder}/file/c.db"\n')
    assert "set `database`" in refused(recorder, collector)


def test_a_directory_as_database(recorder: Recorder, collector: Collector) -> None:
    """The path names a folder."""
    recorder.database.mkdir()
    assert "is a directory" in refused(recorder, collector)


def test_a_sqlite_file_of_another_program(recorder: Recorder, collector: Collector) -> None:
    """It is left as it is."""
    with sqlite3.connect(recorder.database) as other:
        other.execute("CREATE TABLE bookmarks (url)")
    before = recorder.database.read_bytes()
    assert "of another program" in refused(recorder, collector)
    assert recorder.database.read_bytes() == before


def test_a_newer_schema(recorder: Recorder, collector: Collector) -> None:
    """A database of a later version is not guessed at."""
    recorder.start()
    recorder.stop()
    with sqlite3.connect(recorder.database) as newer:
        newer.execute("INSERT INTO schema_migration (name, applied) VALUES ('9999_future', '2030-01-01')")
    assert "newer collector (it holds 9999_future)" in refused(recorder, collector)


def test_a_file_that_is_no_database(recorder: Recorder, collector: Collector) -> None:
    """Text, for example."""
    recorder.database.write_text("this is a diary\n" * 100)
    assert "not a SQLite database" in refused(recorder, collector)
    assert recorder.database.read_text().startswith("this is a diary")


def test_a_config_that_others_can_write(recorder: Recorder, collector: Collector) -> None:
    """It names commands that run as this user."""
    recorder.config.chmod(0o666)
    said = collector("run", "--config", recorder.config)
    assert (said.returncode, "everybody can write it" in said.stderr) == (2, True)


def test_a_config_in_a_folder_that_others_can_write(
    tmp_path: Path, recorder: Recorder, collector: Collector
) -> None:
    """Whoever can write the folder can replace the file."""
    open_folder = tmp_path / "open"
    open_folder.mkdir()
    config = open_folder / "c.toml"
    config.write_text("")
    open_folder.chmod(0o777)
    said = collector("run", "--config", config)
    assert (said.returncode, "chmod o-w" in said.stderr) == (2, True)


def test_a_config_that_is_not_there(collector: Collector, tmp_path: Path) -> None:
    """One sentence with the path."""
    said = collector("run", "--config", tmp_path / "none.toml")
    assert (said.returncode, "there is no such file" in said.stderr) == (2, True)


def test_an_option_that_does_not_exist(collector: Collector) -> None:
    """Usage, and exit status 2."""
    said = collector("run", "--confg", "x")
    assert (said.returncode, "No such option" in said.stderr) == (2, True)
