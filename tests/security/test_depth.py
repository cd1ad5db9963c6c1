"""Size is looked at before parsing and depth before use: a real daemon under lines made to hurt it."""

from __future__ import annotations

import json
import socket
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psutil
import pytest

from collector.client import short
from collector.intake.connection import MOST_SKIPPED
from tests.daemon.conftest import Recorder
from tests.intake.made import complete, text_of

LONGEST_LINE = 1 << 20  # as docs/socket.md has it
GIGABYTE = 1 << 30
PATIENCE_SECONDS = 30
GROWTH_BYTES = 4 << 20

FULL = LONGEST_LINE - 1
# Each is as long as a line may be. What is nested is never walked down further than it may be.
DEEP = {
    "lists": b"[" * FULL,
    "closed lists": b"[" * (FULL // 2) + b"]" * (FULL // 2),
    "objects": b'{"a":' * (FULL // 5),
    "a record's document": b'{"kind":"operation","metric_type":"q","metric_name":"n","metadata":'
    + b'{"a":' * 170_000 + b"1" + b"}" * 170_000 + b"}",
    "a number": b'{"kind":"skill","skill_id":"a","execution_ms":' + b"9" * (FULL - 60) + b"}",
    "an exponent": b'{"kind":"skill","skill_id":"a","execution_ms":1e' + b"9" * 5_000 + b"}",
    "a text": b'{"kind":"skill","execution_ms":1,"skill_id":"' + b"x" * (FULL - 60) + b'"}',
    "quotes": b'"' * FULL,
    "commas": b"[" + b"," * (FULL - 2) + b"]",
    "empty records": b"[" + b"{}," * (FULL // 3 - 2) + b"{}]",
    "escapes": b'{"kind":"skill","skill_id":"' + b"\\u0000" * 170_000 + b'","execution_ms":1}',
}  # fmt: skip


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorder]:
    """One for all of these: whatever came before, it must go on."""
    with tempfile.TemporaryDirectory() as notify_folder:
        made = Recorder(tmp_path_factory.mktemp("depth"), notify_folder)
        made.configure('[sampling]\nevery = "1h"\n')
        made.start()
        yield made
        made.end()


@pytest.fixture
def client(daemon: Recorder) -> Iterator[socket.socket]:
    """A bare connection."""
    with socket.socket(socket.AF_UNIX) as sock, short(daemon.folder / "run" / "c.sock") as address:
        sock.settimeout(PATIENCE_SECONDS)
        sock.connect(address)
        yield sock


def answer(client: socket.socket, line: bytes) -> dict[str, Any]:
    """What it says to one line."""
    client.sendall(line + b"\n")
    said: dict[str, Any] = json.loads(client.makefile("rb").readline())
    return said


def events(daemon: Recorder) -> list[str]:
    """What it logged of trouble."""
    return [event["event"] for event in daemon.events() if event["level"] in ("warning", "error")]


def pushed(client: socket.socket, process: psutil.Process) -> tuple[int, int]:
    """Send one line of a gigabyte, until that is refused: how much went, and the most memory meanwhile."""
    piece, sent, most = b"[" * (1 << 20), 0, 0
    with suppress(BrokenPipeError, ConnectionResetError):
        while sent < GIGABYTE:
            client.sendall(piece)
            sent += len(piece)
            most = max(most, process.memory_info().rss)
    return sent, most


@pytest.mark.parametrize("line", [pytest.param(line, id=name) for name, line in DEEP.items()])
def test_a_line_made_to_hurt_is_refused_in_a_short_answer(
    daemon: Recorder, client: socket.socket, line: bytes
) -> None:
    """Without a fault of the recorder's own, and it stores the next."""
    assert len(line) <= LONGEST_LINE
    said = answer(client, line)
    assert (said["result"], said["committed"]) == ("rejected", 0)
    assert len(json.dumps(said)) < 100_000
    assert answer(client, text_of(complete("skill")))["committed"] == 1
    assert "intake.broken" not in events(daemon)


def test_a_line_of_a_gigabyte_costs_no_memory(daemon: Recorder, client: socket.socket) -> None:
    """It is thrown away as it comes, and whoever sends on and on is let go."""
    assert daemon.process is not None
    process = psutil.Process(daemon.process.pid)
    before = process.memory_info().rss
    sent, most = pushed(client, process)
    assert MOST_SKIPPED <= sent < MOST_SKIPPED + (16 << 20)
    assert most - before < GROWTH_BYTES


def test_a_line_that_is_one_byte_too_long_is_never_parsed(client: socket.socket) -> None:
    """The size is what is said of it, though it is no JSON either."""
    said = answer(client, b"[" * (LONGEST_LINE + 1))
    assert said["rejected"] == [{"position": 0, "reason": f"a line is longer than {LONGEST_LINE:,} bytes"}]
