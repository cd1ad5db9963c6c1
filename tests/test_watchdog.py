"""The watchdog pings only while everything moves."""

from __future__ import annotations

import json
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector import log
from collector.store import schema
from collector.store.buffer import Buffer
from collector.store.database import open_writer, raw
from collector.store.writer import Writer
from collector.watchdog import Watchdog, stacks


@pytest.fixture
def systemd(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The other end of NOTIFY_SOCKET."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(f"{folder}/notify")
        sock.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", f"{folder}/notify")
        yield sock


def received(sock: socket.socket) -> list[bytes]:
    """Everything that was sent so far."""
    found = []
    while True:
        try:
            found.append(sock.recv(4096))
        except BlockingIOError:
            return found


def test_it_pings_while_all_parts_move(systemd: socket.socket) -> None:
    """One WATCHDOG=1 a turn."""
    dog = Watchdog({"writer": lambda: 100.0, "scheduler": lambda: 99.0}, period=60)
    assert dog.step(101.0)
    assert dog.step(102.0)
    assert received(systemd) == [b"WATCHDOG=1", b"WATCHDOG=1"]


def test_a_part_that_hangs_stops_the_pings_and_its_stack_is_in_the_log(
    systemd: socket.socket, tmp_path: Path
) -> None:
    """Half the watchdog's period is its patience, so the stacks are logged before systemd acts."""
    with (tmp_path / "log").open("w", encoding="utf-8") as out:
        log.configure("info", style="json", stream=out)
        dog = Watchdog({"writer": lambda: 100.0, "scheduler": lambda: 131.0}, period=60)
        assert not dog.step(131.0)
        assert not dog.step(132.0)
    (event,) = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert (event["event"], event["part"], dog.stalled) == ("watchdog.stall", "writer", ["writer"])
    assert any("test_watchdog" in line for line in event["stacks"]["MainThread"])
    assert received(systemd) == []


def test_a_writer_that_hangs_stops_the_pings(systemd: socket.socket, tmp_path: Path) -> None:
    """The real writer, caught in a step that does not end; its stack tells where."""
    database = open_writer(tmp_path / "c.db")
    schema.prepare(database, tmp_path / "c.db")
    writer, gate, caught = Writer(raw(database), Buffer()), threading.Event(), threading.Event()
    writer.start()

    def hang(_: object) -> None:
        caught.set()
        gate.wait(30)

    writer.ask("hang", hang)
    assert caught.wait(10)
    dog = Watchdog({"writer": lambda: writer.progress}, period=60)
    assert dog.step(writer.progress + 29)
    with (tmp_path / "log").open("w", encoding="utf-8") as out:
        log.configure("info", style="json", stream=out)
        assert not dog.step(writer.progress + 31)
    gate.set()
    assert writer.close(10)
    (event,) = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert any(line.endswith(" hang") for line in event["stacks"]["writer"])
    assert received(systemd) == [b"WATCHDOG=1"]


def test_it_pings_again_when_the_part_moves_again(systemd: socket.socket) -> None:
    """A stall that ends is told, and over."""
    moved = [0.0]
    dog = Watchdog({"writer": lambda: moved[0]}, period=None)
    assert not dog.step(31.0)
    moved[0] = 31.5
    assert dog.step(32.0)
    assert received(systemd) == [b"WATCHDOG=1"]


def test_the_stacks_name_every_thread() -> None:
    """Innermost call last, as file:line function."""
    assert stacks()["MainThread"][-1].endswith(" stacks")
