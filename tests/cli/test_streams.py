"""Streams that are closed, full, of few characters or no longer read: a sentence or silence, no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from collector.errors import ConfigError, Problem
from collector.tell import tell
from tests.answers.made import Made
from tests.cli.conftest import Call

pytestmark = pytest.mark.long


def shell(line: str) -> subprocess.CompletedProcess[str]:
    """What bash says to ``line``, where C stands for the program."""
    line = line.replace("C ", f"{sys.executable} -m collector ", 1)
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", line], capture_output=True, text=True, timeout=30, check=False
    )


@pytest.mark.parametrize("words", ["runs", "runs --json", "status", "--help", "nosuch", "runs nosuch"])
@pytest.mark.parametrize("streams", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-", ">/dev/full", "2>/dev/full"])
def test_no_stream_brings_a_traceback(made: Made, config: Path, words: str, streams: str) -> None:
    """Whatever becomes of the streams."""
    made.run("health", 0)
    where = "" if words in ("--help", "nosuch") else f"--config {config}"
    done = shell(f"C {words} {where} {streams}")
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert done.returncode in (0, 1, 2)


def test_a_full_disk_is_told(made: Made, config: Path) -> None:
    """In one sentence, with exit status 1."""
    made.run("health", 0)
    done = shell(f"C runs --config {config} >/dev/full")
    assert (done.returncode, done.stderr) == (
        1, "error: the output could not be written: No space left on device\n",
    )  # fmt: skip


def test_a_reader_that_leaves_is_no_failure(made: Made, config: Path) -> None:
    """`| head -1` under pipefail is exit status 0."""
    for n in range(300):
        made.run("health", n, detail="x" * 2000)
    done = shell(f"C runs --limit 1000 --config {config} | head -c 1")
    assert (done.returncode, done.stderr) == (0, "")


def test_few_characters_are_enough(made: Made, config: Path) -> None:
    """What a stream cannot hold becomes a question mark."""
    words = [sys.executable, "-m", "collector", "status", "--config", str(config)]
    latin = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run(words, capture_output=True, timeout=30, check=False, env=latin)
    assert done.stdout.startswith(b"? not recording")
    assert done.stderr == b""


def test_errors_cannot_steer_the_terminal(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither message, problems and hint, nor what click says."""
    error = ConfigError("/c\x1b[31m", [Problem("a\x07", "\x9b", value="\u202e")])
    error.hint = "\x1b]0;owned\x07"
    tell(error)
    err = capsys.readouterr().err
    assert r"/c\x1b[31m" in err
    assert err.replace("\n", "").isprintable()
    assert call("runs", "a", "b\x1b[31m").err.replace("\n", "").isprintable()
