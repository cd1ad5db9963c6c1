"""What a child gets of the recorder: a short list of variables, and no descriptor but its own."""

from __future__ import annotations

import os
import random
import socket
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.workloads.command import Command
from collector.workloads.environment import NAMES
from collector.workloads.python import Python
from tests.security.runs import ran
from tests.workloads.made import made

SECRET = "geheim"
NEVER = {
    *("LD_PRELOAD", "LD_AUDIT", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME", "BASH_ENV", "ENV", "IFS"),
    *("GIT_SSH_COMMAND", "PERL5LIB", "NODE_OPTIONS", "PAGER", "EDITOR", "http_proxy", "SSH_AUTH_SOCK"),
    *("DATABASE_URL", "PGPASSWORD", "PGPASSFILE", "SHOP_DSN", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN"),
}
SYSTEMD = {
    *("NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "WATCHDOG_USEC", "WATCHDOG_PID"),
    *("CREDENTIALS_DIRECTORY", "INVOCATION_ID", "JOURNAL_STREAM", "MAINPID", "FDSTORE"),
}
SEEN = "import os, sys; sys.stdout.write(' '.join(os.environ))"
# The number of the listing itself is free again by the time it is asked for.
OPEN = "fd = '/proc/self/fd/'; print(*sorted(n for n in os.listdir(fd) if os.path.exists(fd + n)))"


def strangers(count: int) -> dict[str, str]:
    """Variables by names that nobody chose, each with the secret."""
    chance = random.Random(6)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcxyz_0123456789"
    names = {"".join(chance.choices(letters, k=chance.randint(2, 24))) for _ in range(count)}
    return {name: SECRET for name in names if not name.startswith("LC_")}


@pytest.fixture
def crowded(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """A recorder whose environment is full; the names that no child may see."""
    # What would end this interpreter's own children before they are ours is told by name alone.
    harmless = {"LD_PRELOAD": "", "LD_AUDIT": "", "PYTHONHOME": ""}
    given = {**strangers(500), **dict.fromkeys(NEVER | SYSTEMD, SECRET), **harmless}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return given.keys() - NAMES


def seen(**keys: Any) -> set[str]:
    """The names of all variables that a child has."""
    record = ran(made(Command, argv=(sys.executable, "-I", "-S", "-c", SEEN), **keys))
    assert record.outcome == "ok"
    return set(record.output.split()) - {"LC_CTYPE"}  # Python itself sets it


def test_a_program_sees_only_the_list(crowded: set[str]) -> None:
    """Of hundreds of variables; whatever they are called and whoever set them."""
    assert len(crowded) > 500
    assert seen() <= NAMES
    assert seen() == set(os.environ) & NAMES


def test_a_config_passes_on_what_it_names_and_nothing_else(crowded: set[str]) -> None:
    """By name or by value; what systemd said to the recorder not even then."""
    added = seen(env=("GITHUB_TOKEN", "MODE=fast", *sorted(SYSTEMD), "NOTIFY_SOCKET=/x", "LISTEN_FDS=3"))
    assert added - seen() == {"GITHUB_TOKEN", "MODE"}


def test_a_callable_sees_no_more_than_a_program(crowded: set[str], tmp_path: Path) -> None:
    """Its interpreter is started like any program."""
    (tmp_path / "sees.py").write_text(f"def f():\n    {SEEN}\n")
    record = ran(made(Python, callable="sees:f", cwd=tmp_path))
    assert set(record.output.split()) - {"LC_CTYPE"} == seen()


@pytest.fixture
def held(tmp_path: Path) -> Iterator[set[int]]:
    """Descriptors as a recorder has them, even inheritable: a database, its lock, a socket, a pipe."""
    database = sqlite3.connect(tmp_path / "c.db")
    database.execute("CREATE TABLE t (a)")
    lock = os.open(tmp_path / "c.lock", os.O_RDWR | os.O_CREAT)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(tmp_path / "s"))
    numbers = [lock, listening.fileno(), *os.pipe()]
    for number in numbers:
        os.set_inheritable(number, True)
    yield set(numbers)
    for number in (lock, *numbers[2:]):
        os.close(number)
    listening.close()
    database.close()


def test_a_program_has_three_descriptors(held: set[int]) -> None:
    """None is the recorder's, nor the runner's."""
    assert max(held) > 2
    record = ran(made(Command, argv=(sys.executable, "-I", "-S", "-c", f"import os; {OPEN}")))
    assert record.output == "0 1 2\n"


def test_a_callable_has_the_one_of_its_report_besides(held: set[int], tmp_path: Path) -> None:
    """Which those that it starts itself do not have."""
    child = f"subprocess.run([sys.executable, '-I', '-S', '-c', {f'import os; {OPEN}'!r}], close_fds=False)"
    code = f"import os, subprocess, sys\ndef f():\n    {OPEN}\n    sys.stdout.flush()\n    {child}\n"
    (tmp_path / "holds.py").write_text(code)
    record = ran(made(Python, callable="holds:f", cwd=tmp_path))
    assert record.output == "0 1 2 3\n0 1 2\n"
