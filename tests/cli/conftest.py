"""Runs commands in this process, on a record and a config of the test's own."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from collector import clock
from collector.commands import main
from tests.answers.made import Made


class Said(NamedTuple):
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its output as the one JSON document that it is."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        """Its output by lines."""
        return self.out.splitlines()


Call = Callable[..., Said]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Where the config says that the record is; nothing is there yet."""
    return tmp_path / "c.db"


@pytest.fixture
def made(database: Path) -> Iterator[Made]:
    """An empty record of this moment; tests add to it."""
    record = Made(database, clock.now().wall_ms)
    yield record
    record.close()


@pytest.fixture
def config(tmp_path: Path, database: Path) -> Path:
    """A config that names the database; tests may write another one."""
    path = tmp_path / "c.toml"
    path.write_text(f'[collector]\ndatabase = "{database}"\n', encoding="utf-8")
    return path


@pytest.fixture
def call(config: Path, capsys: pytest.CaptureFixture[str]) -> Call:
    """Runs a command in this process with the test's config."""

    def run(*words: str) -> Said:
        capsys.readouterr()
        code = main([*words, "--config", str(config)])
        out, err = capsys.readouterr()
        return Said(code, out, err)

    return run


@pytest.fixture
def process(config: Path) -> Call:
    """Runs a command as a real process, its output going into pipes."""

    def run(*words: str, **environment: str) -> Said:
        done = subprocess.run(
            [sys.executable, "-m", "collector", *words, "--config", str(config)],
            capture_output=True, text=True, timeout=30, check=False, env={**os.environ, **environment},
        )  # fmt: skip
        return Said(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def terminal(config: Path) -> Call:
    """Runs a command as a real process on a terminal of 80 columns."""

    def run(*words: str, **environment: str) -> Said:
        mine, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (24, 80))
        given = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "COLUMNS")}
        with subprocess.Popen(
            [sys.executable, "-m", "collector", *words, "--config", str(config)],
            stdin=theirs, stdout=theirs, stderr=subprocess.PIPE,
            env={**given, "TERM": "xterm-256color", **environment},
        ) as child:  # fmt: skip
            os.close(theirs)
            out = b"".join(iter(lambda: _read(mine), b""))
            assert child.stderr is not None
            err = child.stderr.read()
        os.close(mine)
        return Said(child.returncode, out.decode().replace("\r\n", "\n"), err.decode())

    return run


def _read(terminal: int) -> bytes:
    """What came; nothing once the other side is closed, which Linux tells by EIO."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


def plain(text: str) -> str:
    """``text`` without its colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
