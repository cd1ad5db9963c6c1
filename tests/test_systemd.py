"""What systemd asks of a service, spoken to a socket of our own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector import systemd


@pytest.fixture(params=["file", "abstract"])
def listener(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A socket that hears notifications, by path or in the abstract namespace."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        name = f"{folder}/notify"
        sock.bind(f"\0{name}" if request.param == "abstract" else name)
        sock.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}" if request.param == "abstract" else name)
        yield sock


def test_lines_arrive_in_one_datagram(listener: socket.socket) -> None:
    """As sd_notify(3) has it."""
    assert systemd.notify("READY=1", "STATUS=recording into c.db") is True
    assert listener.recv(4096) == b"READY=1\nSTATUS=recording into c.db"


def test_text_that_no_encoding_holds_is_sent_all_the_same(listener: socket.socket) -> None:
    """A folder may have any name; telling of it never raises."""
    assert systemd.notify("STATUS=recording into \udcff.db") is True
    assert listener.recv(4096) == b"STATUS=recording into ?.db"


@pytest.mark.parametrize("address", ["", "/nowhere/at/all", "@nobody-listens-here", "/" + "x" * 200])
def test_nobody_listening_is_not_an_error(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """The daemon runs in a terminal as well."""
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    assert systemd.notify("READY=1") is False
    monkeypatch.delenv("NOTIFY_SOCKET")
    assert systemd.notify("READY=1") is False


@pytest.mark.parametrize(
    ("usec", "pid", "seconds"),
    [
        ("30000000", None, 30.0),
        ("500000", "own", 0.5),
        ("30000000", "1", None),
        ("30000000", "", None),
        ("0", None, None),
        ("", None, None),
        ("soon", None, None),
        ("-5", None, None),
        ("²", None, None),
    ],
)
def test_the_watchdog_period_is_read_when_it_is_meant_for_this_process(
    monkeypatch: pytest.MonkeyPatch, usec: str, pid: str | None, seconds: float | None
) -> None:
    """A child of the service inherits the variables and must not ping."""
    monkeypatch.setenv("WATCHDOG_USEC", usec)
    if pid is None:
        monkeypatch.delenv("WATCHDOG_PID", raising=False)
    else:
        monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()) if pid == "own" else pid)
    assert systemd.watchdog_seconds() == seconds


def test_no_watchdog_without_the_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody watches a daemon in a terminal."""
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    assert systemd.watchdog_seconds() is None


def says_journal(stream: str, stderr: int) -> str:
    """What a child thinks of its stderr when ``JOURNAL_STREAM`` is ``stream``."""
    done = subprocess.run(
        [sys.executable, "-c", "from collector.systemd import stderr_is_journal as s; print(s())"],
        env={**os.environ, "JOURNAL_STREAM": stream},
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_the_journal_is_recognised_by_device_and_inode_of_stderr(tmp_path: Path) -> None:
    """The variable alone is inherited by children whose stderr leads elsewhere."""
    with (tmp_path / "err").open("wb") as err:
        info = os.fstat(err.fileno())
        assert says_journal(f"{info.st_dev}:{info.st_ino}", err.fileno()) == "True"
        assert says_journal(f"{info.st_dev}:{info.st_ino + 1}", err.fileno()) == "False"


@pytest.mark.parametrize("stream", ["", ":", "1", "1:", "a:b", "1:2:3"])
def test_a_strange_journal_stream_is_no_journal(monkeypatch: pytest.MonkeyPatch, stream: str) -> None:
    """Never an error."""
    monkeypatch.setenv("JOURNAL_STREAM", stream)
    assert systemd.stderr_is_journal() is False


@pytest.mark.parametrize(
    ("value", "folder"),
    [("/var/lib/collector", Path("/var/lib/collector")), ("/a:/b", Path("/a")), ("", None), (None, None)],
)
def test_the_state_folder_is_the_first_that_systemd_names(
    monkeypatch: pytest.MonkeyPatch, value: str | None, folder: Path | None
) -> None:
    """A unit may have several."""
    if value is None:
        monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    else:
        monkeypatch.setenv("STATE_DIRECTORY", value)
    assert systemd.state_directory() == folder


def test_a_manager_that_does_not_read_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its queue is full after some messages; what does not fit is given up."""
    monkeypatch.setattr(systemd, "SEND_SECONDS", 0.01)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        sent = [systemd.notify("WATCHDOG=1") for _ in range(30)]
        assert sent[0]
        assert not sent[-1]
