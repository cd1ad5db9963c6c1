"""``collector time``: what it says of several runs, of failures and of names."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from collector.cli import time as command
from collector.errors import NotRunning
from collector.opened import reading_settings
from collector.submit import submit
from tests.cli.conftest import Said

pytestmark = pytest.mark.long


def timed(config: Path, *words: str) -> Said:
    """Runs it as a real process; its own options come before the command."""
    done = subprocess.run(
        [sys.executable, "-m", "collector", "time", "--config", str(config), *words],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return Said(done.returncode, done.stdout, done.stderr)


def test_failures_are_counted(config: Path) -> None:
    """With how they ended, once each."""
    said = timed(config, "--runs", "3", "--", "sh", "-c", "exit 2")
    assert said.code == 2
    assert said.err.splitlines()[-1].endswith("in 3 runs · 3 of 3 failed: exit 2")


def test_what_is_not_there_is_named_once(config: Path) -> None:
    """And tried once only."""
    said = timed(config, "--runs", "3", "--", "nosuch")
    assert said.code == 127
    assert said.err.count("nosuch") == 1


@pytest.mark.parametrize("name", ["", "a b", "-x", "\x1b[31m", "n" * 81])
def test_a_name_is_one_that_a_config_could_give(config: Path, name: str) -> None:
    """Else nothing is run."""
    said = timed(config, f"--name={name}", "--", "echo", "ran")
    assert (said.code, said.out) == (2, "")
    assert "is no name for a run" in said.err
    assert "--name" in said.err


def test_an_interrupt_after_some_runs_leaves_their_summary(config: Path) -> None:
    """The one that was cut short does not count."""
    script = f'n=$(cat {config}.n 2>/dev/null); echo x$n > {config}.n; [ "$n" = xx ] && kill -INT $$; true'
    said = timed(config, "--runs", "9", "--", "sh", "-c", script)
    assert said.code == 130
    assert "in 2 runs" in said.err.splitlines()[-1]


def test_an_interrupt_between_runs_leaves_the_summary(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It strikes while the second is being kept."""
    kept = list[Any]()

    def keep(*words: Any) -> None:
        kept.append(words)
        if len(kept) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(command, "submit", keep)
    words = ["--config", str(config), "--runs", "9", "true"]
    assert command.command.main(words, standalone_mode=False) == 130
    assert "in 2 runs" in capsys.readouterr().err.splitlines()[-1]


def test_a_silent_recorder_is_not_waited_for_long(
    config: Path, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What became of the record is not known then."""
    import socket
    import tempfile

    from tests.cli.daemon import holding

    monkeypatch.setattr("collector.submit._LONGEST_SECONDS", 0.2)
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{folder}/s")
        server.listen()
        with (
            holding(database, "collector run", Path(folder) / "s"),
            pytest.raises(NotRunning, match="not known whether it was kept"),
        ):
            submit(reading_settings(config), [{"kind": "run"}])
