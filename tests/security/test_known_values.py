"""Values that the recorder knows to be secrets, and literals of statements: in no column of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from collector.commands import main
from collector.intake.check import checked
from collector.readings.state import Meter
from collector.records.base import Arrival
from collector.settings import WorkloadSettings
from collector.sqlite import sqlite3
from collector.workloads.command import Command
from collector.workloads.execute import Runs
from collector.workloads.literals import without_literals
from collector.workloads.python import Python
from collector.workloads.spawn import Children
from collector.workloads.sql import Sql
from tests.intake.made import complete
from tests.workloads.made import made

SECRET = "CANARYca1"


def ran(workload: WorkloadSettings) -> Any:
    """The record of one run."""
    kept: list[Any] = []
    Runs(lambda _, records: kept.extend(records), Children(), Meter(), "boot", 1.0).run(workload)
    return kept[0]


@pytest.mark.parametrize(
    "item", [f"SHOP_TOKEN={SECRET}", f"DATABASE_URL=postgresql://me:{SECRET}@h/d", "PASSED_PASSWORD"]
)
def test_a_child_that_prints_a_known_secret_is_kept_without_it(
    item: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Set or passed on, alone in its line or inside another word."""
    monkeypatch.setenv("PASSED_PASSWORD", SECRET)
    monkeypatch.setenv("SECRET_OF_NOBODY", "other")
    text = f"echo {SECRET[:4]}''{SECRET[4:]}; echo x{SECRET[:4]}''{SECRET[4:]}y; echo plain"
    record = ran(made(Command, argv=("sh", "-c", text), env=(item,)))
    assert record.output == "***\nx***y\nplain\n"


def test_the_command_is_kept_without_what_its_environment_sets() -> None:
    """The same word twice in the config: the name tells what the other is."""
    workload = made(Command, argv=("true", f"--x={SECRET}y"), env=(f"SHOP_TOKEN={SECRET}",))
    assert workload.command_line() == "true --x=***y"
    shell = made(Command, argv=(f"true {SECRET}",), shell=True, env=(f"SHOP_TOKEN={SECRET}",))
    assert shell.command_line() == "true ***"


def test_the_reason_of_a_failure_is_kept_without_known_secrets(tmp_path: Path) -> None:
    """An exception tells what it was given."""
    (tmp_path / "job.py").write_text(
        "import os\ndef work(): raise ValueError('got ' + os.environ['A_TOKEN'])\n"
    )
    record = ran(made(Python, callable="job:work", cwd=tmp_path, env=(f"A_TOKEN={SECRET}",)))
    assert record.detail == "ValueError: got ***"
    assert SECRET not in str(record)


def test_values_of_plain_names_and_short_ones_are_left() -> None:
    """A record in which every "production" is hidden tells nothing."""
    env = ("STAGE=production", "PASSWORD=abc", "TOKEN_FILE=/run/token")
    record = ran(made(Command, argv=("echo", "production abc /run/token"), env=env))
    assert record.output == "production abc /run/token\n"


def test_the_literals_of_a_query_stand_in_no_column(tmp_path: Path) -> None:
    """Neither in the command nor in the plan."""
    with sqlite3.connect(tmp_path / "a.db") as conn:
        conn.execute("CREATE TABLE t (s TEXT)")
    query = f"SELECT s /* {SECRET} */ FROM t WHERE s='{SECRET}' LIMIT 5"
    workload = made(Sql, database=f"sqlite:///{tmp_path}/a.db", query=query, slow=0.000001)
    record = ran(workload)
    assert record.command == "sqlite: SELECT s FROM t WHERE s=? LIMIT ?"
    assert (record.outcome, record.plan) == ("ok", "SCAN t")
    assert SECRET not in str(record)


@pytest.mark.parametrize(
    ("dialect", "said", "kept"),
    [
        (
            "postgresql",
            f"invalid input: \"{SECRET}\" LINE 1: ... WHERE a = '{SECRET}' ^",
            'invalid input: "***"',
        ),
        ("mysql", f"Incorrect DATE value: '{SECRET}'", "Incorrect DATE value: '***'"),
        ("sqlite", "no such table: t", "no such table: t"),
    ],
)
def test_what_a_database_says_is_kept_without_the_literals(dialect: str, said: str, kept: str) -> None:
    """It quotes what it could not read."""
    assert without_literals(said, f"SELECT 1 FROM t WHERE a = '{SECRET}'", dialect) == kept


def test_a_pushed_run_is_kept_without_secrets() -> None:
    """By whatever way it came: all of them have it checked."""
    command = f"curl -u a:{SECRET} -H 'Authorization: Bearer {SECRET}' u://me:{SECRET}@h --password {SECRET}"
    texts = {"command": command, "detail": f"password={SECRET}", "output": f"TOKEN_1={SECRET}", "plan": None}
    record: Any = checked(complete("run", **texts), Arrival(0))
    assert SECRET not in str(record)
    assert (record.detail, record.output) == ("password=***", "TOKEN_1=***")


def test_a_pushed_text_that_just_fits_still_fits_without_its_secret() -> None:
    """Stars may be longer than what they hide."""
    record: Any = checked(complete("run", command="token=x " + "y" * 992), Arrival(0))
    assert len(record.command) == 1000
    assert record.command.startswith("token=*** y")


def test_no_error_of_the_command_line_quotes_a_secret(capsys: pytest.CaptureFixture[str]) -> None:
    """People paste addresses where a name belongs."""
    assert main(["db", "stats", f"postgresql://u:{SECRET}@h/db"]) == 2
    said = capsys.readouterr().err
    assert "postgresql://u:***@h/db" in said
    assert SECRET not in said
