"""docs/socket.md: its examples run, and its limits are those of the code."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from collector.client import Line
from collector.intake import changes, check, connection, places, protocol, server
from collector.records.base import pushed_kinds
from collector.records.operation import DIALECTS, Operation
from collector.store.changes import LONGEST_SECONDS, MOST_ROWS
from tests.daemon.conftest import Recorder, recorder
from tests.intake.served import Served

__all__ = ["recorder"]

PAGE = (Path(__file__).parents[2] / "docs/socket.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(sh|python|js)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
CURL_ENDED_BY_TIME = 28


def example(language: str, word: str) -> str:
    """The example in this language with this word in it."""
    found: str
    (found,) = [text for name, text in BLOCKS if name == language and word in text]
    return found


def run(served: Served, *command: str) -> subprocess.CompletedProcess[str]:
    """Run an example against a real socket."""
    environment = {**os.environ, "SOCKET": str(served.socket)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)


def needs(program: str) -> pytest.MarkDecorator:
    """Skip where it is not installed."""
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


@pytest.mark.parametrize(
    ("language", "word", "command", "status"),
    [
        pytest.param("sh", "nc -N -U", ("sh", "-c"), 0, marks=needs("nc")),
        pytest.param("sh", "socat", ("sh", "-c"), 0, marks=needs("socat")),
        pytest.param("sh", "curl", ("sh", "-c"), CURL_ENDED_BY_TIME, marks=needs("curl")),
        ("python", "socket", (sys.executable, "-c"), 0),
        pytest.param("js", "net", ("node", "-e"), 0, marks=needs("node")),
    ],
    ids=["nc", "socat", "curl", "python", "node"],
)
def test_the_example_stores_its_record(
    served: Served, language: str, word: str, command: tuple[str, ...], status: int
) -> None:
    """And prints the answer."""
    done = run(served, *command, example(language, word))
    assert (json.loads(done.stdout), done.returncode) == (
        {"result": "committed", "committed": 1, "duplicate": 0, "rejected": []},
        status,
    ), done.stderr
    assert served.rows("SELECT skill_id, execution_ms, success FROM skill_metrics") == [("deploy", 812.0, 1)]


def test_every_example_is_run() -> None:
    """None stands there that nobody tries."""
    assert len(BLOCKS) == 5


def test_the_limits_are_those_of_the_code() -> None:
    """As many as it says, and no others."""
    limits = PAGE.split("## Limits")[1].split("## Examples")[0]
    for words in (
        f"{protocol.LONGEST_LINE:,} bytes",
        f"{connection.MOST_SKIPPED >> 20} MiB without an end",
        f"{protocol.MOST_RECORDS:,} records a line",
        f"{protocol.MOST_RECORDS:,} steps a change, {MOST_ROWS:,} rows",
        f"{LONGEST_SECONDS:g} s that it takes",
        f"{changes.MOST_WAITING} changes that wait",
        f"{server.MOST_CONNECTIONS} connections",
        f"{connection.MOST_PENDING} unanswered lines",
        f"{connection.MOST_UNANSWERED:,} unanswered records",
        f"{connection.PATIENCE_SECONDS:g} s from",
        f"{check.DEEPEST} levels and {Operation.metadata.longest >> 10} KiB",
    ):
        assert words in limits


def test_kinds_and_dialects_are_those_of_the_code() -> None:
    """In the order of their names."""
    assert f"`kind` is one of {', '.join(f'`{name}`' for name in sorted(pushed_kinds()))};" in PAGE
    assert f"({', '.join(f'`{name}`' for name in DIALECTS)})" in PAGE


def test_the_record_of_the_page_is_taken(served: Served) -> None:
    """As it stands there."""
    (record,) = re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert [answer["result"] for answer in served.exchange(record.encode())] == ["committed"]


def test_all_questions_are_those_of_a_daemon(recorder: Recorder) -> None:
    """It lists them itself, and listens where the page says."""
    assert "`c.db` has\n  `run/c.sock`" in PAGE
    recorder.start()
    with Line(recorder.folder / "run/c.sock") as line:
        answer = line.ask({"ask": "what can be asked"})
    told = answer["reason"].partition("one can ask ")[2].split(", ")
    assert sorted(told) == sorted(re.findall(r'^\| `\{"ask": "(\w+)"', PAGE, re.MULTILINE))
    assert recorder.stop() == 0


def test_the_connection_after_the_last_place_can_read_why_its_line_was_not_taken(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even when it wrote first, and failed."""
    monkeypatch.setattr(places, "IDLE_SECONDS", 1_000.0)  # nobody gives way
    lines = [Line(served.socket).__enter__() for _ in range(server.MOST_CONNECTIONS)]
    for line in lines:
        line.ask({"ask": "status"})
    with served.connected() as late:
        with pytest.raises(OSError, match=r"Broken pipe|reset"):
            late.sendall(b'{"kind": "run"}\n' * 1_000_000)  # more than fits before the connection is closed
        answer = json.loads(late.makefile("rb").readline())
    assert (answer["result"], answer["reason"]) == ("busy", "too many connections")
    assert "`too many\nconnections`" in PAGE
    for line in lines:
        line.__exit__(None, None, None)
