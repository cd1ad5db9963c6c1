"""``collector check``: is the config right, and what would run when?"""

from __future__ import annotations

from pathlib import Path

import pytest

from collector import clock
from collector.sqlite import sqlite3
from collector.terminal import display_width
from tests.answers.made import Made
from tests.cli.conftest import Call, plain

TWO_WORKLOADS = """
[sampling]
every = "2s"
on_battery = "10s"
off = ["sensor"]

[[workloads]]
name = "unit-tests"
kind = "command"
argv = ["true", "--with", "a word"]
every = "30m"
timeout = "10m"
budget = "90s"

[[workloads]]
name = "nightly"
kind = "command"
argv = ["true"]
cron = "0 3 * * *"
"""


@pytest.fixture
def two(config: Path) -> Path:
    """A config with two workloads."""
    config.write_text(config.read_text() + TWO_WORKLOADS, encoding="utf-8")
    return config


def test_it_lists_what_would_run_and_when(two: Path, call: Call, database: Path) -> None:
    """The place, the samplers by their interval, and each workload with its next three times."""
    said = call("check")
    assert (said.code, said.err) == (0, "")
    assert said.lines[0] == f"  config      {two}: no faults"
    assert f"{database} · durability full" in said.lines[1]
    assert "every 2s (10s on battery): cpu, disk, filesystem, memory" in said.out
    assert "every 30s: process" in said.out
    assert "  left out    sensor" in said.out
    titles, tests, nightly = said.lines[-3:]
    assert titles.split() == ["name", "kind", "when", "next", "timeout", "budget", "what"]
    assert "every 30m" in tests
    assert tests.endswith("  10m   1m30s  true --with 'a word'")
    assert "0 3 * * *" in nightly
    assert nightly.count("03:00") == 3
    assert not database.exists()


def test_json_tells_the_same(two: Path, call: Call) -> None:
    """Times in milliseconds since the epoch, on the grid of their interval."""
    plan = call("check", "--json").json
    tests, nightly = plan["workloads"]
    assert plan["problems"] == []
    assert (tests["every"], tests["timeout_ms"], tests["budget_ms"]) == ("30m", 600_000, 90_000)
    first, second, third = tests["next"]
    assert first > clock.now().wall_ms - 1000
    assert (first % 1_800_000, second - first, third - second) == (0, 1_800_000, 1_800_000)
    assert (nightly["every"], nightly["cron"], len(nightly["next"])) == (None, "0 3 * * *", 3)


def test_without_workloads_it_says_how_to_add_one(call: Call) -> None:
    """The defaults record the machine, which is fine."""
    said = call("check")
    assert said.code == 0
    assert said.lines[-1] == "  workloads   none: add [[workloads]] to the config to time something"


def test_every_fault_is_told_at_once(config: Path, call: Call) -> None:
    """With line, key, value and what is allowed; nothing is listed."""
    config.write_text('[sampling]\nevry = "5s"\n[log]\nlevel = "loud"\n', encoding="utf-8")
    said = call("check")
    assert (said.code, said.out) == (2, "")
    assert said.err.splitlines()[0] == f"error: {config}: 2 faults"
    assert "line 2: sampling.evry" in said.err
    assert "line 4: log.level" in said.err


def test_faults_as_json(config: Path, call: Call) -> None:
    """One document on stdout, the sentences on stderr as ever."""
    config.write_text('[[workloads]]\nname = "a"\nkind = "command"\nargv = ["true"]\ncron = "61 * * * *"\n')
    said = call("check", "--json")
    assert said.code == 2
    (fault,) = said.json["problems"]
    assert (fault["key"], fault["line"]) == ("workloads[1].cron", 5)
    assert "cron expression" in fault["message"]
    assert "1 fault" in said.err


def test_a_database_that_could_not_be_used_is_refused(call: Call, database: Path) -> None:
    """A config may be right and still name a place where recording cannot begin."""
    database.mkdir()
    assert "is a directory" in call("check").err
    database.rmdir()
    with sqlite3.connect(database) as other:
        other.execute("CREATE TABLE theirs (x)")
    other.close()
    said = call("check")
    assert (said.code, said.out) == (1, "")
    assert "another program" in said.err


def test_the_database_and_its_folder_may_come_later(config: Path, call: Call, tmp_path: Path) -> None:
    """The reference workload runs in a folder that the recorder makes; one that is said must be there."""
    workload = '[[workloads]]\nname = "machine"\nkind = "reference"\nevery = "1h"\n'
    config.write_text(f'[collector]\ndatabase = "{tmp_path}/new/c.db"\n{workload}', encoding="utf-8")
    assert call("check").code == 0
    assert not (tmp_path / "new").exists()
    config.write_text(f'{workload}cwd = "{tmp_path}/new"\n', encoding="utf-8")
    assert "there is no such folder" in call("check").err


def test_a_record_that_is_there_is_fine(made: Made, call: Call) -> None:
    """It is only looked at."""
    assert call("check").code == 0


def test_on_a_terminal_it_fits_eighty_columns(two: Path, terminal: Call) -> None:
    """The temporary folder's long name breaks, tables do not."""
    lines = plain(terminal("check").out).splitlines()
    assert [line for line in lines if display_width(line) > 80] == []
