"""Whatever a record holds, no answer steers the terminal: nothing raw gets out, and a row stays a row.

Two records hold the same, but for the characters in every text of one of them: in each table, also where
no client could have put them. Each reading command is asked about both, piped and on a real terminal.
"""

from __future__ import annotations

import json
import os
import pty
import re
import sys
import threading
import tty
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from collector import clock
from collector.commands import main
from collector.records.process import ProcessSample
from collector.sqlite import sqlite3
from tests.answers.made import HOUR, Made
from tests.intake.made import COMPLETE
from tests.intake.served import Served

NASTY = (
    "\x1b[2J\x1b]8;;http://x\x07\x1b]52;c;QUJD\x07\x9b31m\x9d0;t\x9c\x85\r\n\t\x08\x0b\x0c\x00\x7f"
    "\u202e\u202a\u2066\u2069\u061c\u200e\u200b\u200c\u200d\u2060\ufeff\u00ad\u2028\u2029\U000e0041"
)
MARK = "Qx"
# Our own colours, and nothing else that begins with ESC.
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
RAW = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)
ASKED = [
    "status", "workloads", "runs", "runs --id 1", "runs --output", "slow", "changes", "why 1",
    "summary inference", "summary operations", "summary skills", "summary queries", "summary pools",
    "summary users", "summary benchmarks", "summary workloads", "summary machine", "db stats", "db verify",
    *(f"show {kind}" for kind in (*COMPLETE, "process", "gap", "query", "disk")),
    *(f"show {kind} --csv" for kind in ("run", "skill")),
]  # fmt: skip
# The texts of a program's output have lines of their own: they are told as they are, line by line.
OF_MANY_LINES = {"runs --id 1", "runs --output"}

# Every text of a record that somebody could choose; what may only be one of few stays as it is.
MARKED = {
    "inference": ("model_name", "task_type", "provider", "session"),
    "benchmark": ("project_name", "benchmark_name", "version"),
    "skill": ("skill_id",),
    "operation": ("metric_name", "user_id", "session_id", "request_id", "endpoint", "user_agent"),
    "pool": ("pool_name", "database_name"),
    "run": ("workload", "command", "detail", "plan", "output", "boot_id"),
}  # fmt: skip
MORE: dict[str, dict[str, Any]] = {
    "operation": {"query_hash": None, "sql": "SELECT Qx FROM Qxt WHERE a = 1", "metadata": {"Qx": ["Qx"]}},
    "benchmark": {"metadata": {"Qx": "Qx"}},
}


def filled(folder: Path) -> Path:
    """A record with every kind that may come from outside, and some of our own."""
    served = Served(folder)
    for kind, record in COMPLETE.items():
        texts = {name: f"{MARK}{record[name]}" for name in MARKED[kind]}
        assert served.ask({**record, **texts, "kind": kind, **MORE.get(kind, {})})["committed"] == 1
    served.stop()
    made = Made(served.database, clock.now().wall_ms)
    made.workload("Qxw", command="Qx run")
    for i in range(30):
        wall_ms = (10.0 if i > 12 else 40.0) + i % 3
        made.run("Qxw", i * HOUR, wall_ms, command="Qx", detail="Qx", output="Qx", git_commit="c" * 40)
    made.cpu(1_000, 5.0)
    made.add(
        ProcessSample.record(timestamp=made.now_ms, pid=4, name="Qx", cpu_percent=5.0, rss_bytes=1 << 20)
    )
    made.close()
    return served.database


def spoil(database: Path) -> None:
    """Put the characters behind the mark, wherever it stands in a text of any table."""
    with closing(sqlite3.connect(database)) as conn, conn:
        # As bytes: a text that a function returns may end at its first NUL.
        conn.create_function("spoiled", 1, lambda text: text and spoiled(text).encode(), deterministic=True)
        tables = [name for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            columns = [row[1] for row in conn.execute(f'PRAGMA table_info("{table}")') if row[2] == "TEXT"]
            for column in columns:
                conn.execute(f'UPDATE "{table}" SET "{column}" = CAST(spoiled("{column}") AS TEXT)')


def spoiled(text: str) -> str:
    """In a JSON document as JSON writes them, which is how they would have come in."""
    is_document = text[:1] in "[{"
    return text.replace(MARK, MARK + (json.dumps(NASTY)[1:-1] if is_document else NASTY))


@pytest.fixture(scope="module")
def configs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The configs of the plain record and of the spoiled one."""
    made = {}
    for name in ("plain", "spoiled"):
        folder = tmp_path_factory.mktemp(name)
        database = filled(folder)
        if name == "spoiled":
            spoil(database)
        made[name] = folder / "c.toml"
        made[name].write_text(f'[collector]\ndatabase = "{database}"\n', encoding="utf-8")
    return made


@contextmanager
def on_terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """Let stdout be a terminal of 80 columns with colours; at the end all that it was sent stands there."""
    mine, theirs = pty.openpty()
    came: list[bytes] = []
    reader = threading.Thread(target=lambda: came.extend(iter(lambda: read(mine), b"")))
    reader.start()
    with monkeypatch.context() as patched, open(theirs, "w", encoding="utf-8", newline="\n") as out:
        tty.setraw(theirs)
        patched.setenv("TERM", "xterm-256color")
        patched.setenv("COLUMNS", "80")
        patched.delenv("NO_COLOR", raising=False)
        patched.setattr(sys, "stdout", out)
        yield came
    reader.join(10)
    os.close(mine)


def read(terminal: int) -> bytes:
    """What came; nothing once the other side is closed, which Linux tells by EIO."""
    try:
        return os.read(terminal, 1 << 16)
    except OSError:
        return b""


@pytest.mark.parametrize("words", ASKED)
def test_no_answer_on_a_terminal_holds_anything_raw(
    configs: dict[str, Path], monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    """But our own colours; and a row stays one line, where sentences may break between words."""
    text = shown(configs["spoiled"], monkeypatch, words)
    assert RAW.findall(COLOURS.sub("", text)) == []
    assert text.count("\n") > 0
    if words.startswith(("show", "runs", "slow")) and words not in OF_MANY_LINES:
        assert shown(configs["plain"], monkeypatch, words).count("\n") == text.count("\n")


def shown(config: Path, monkeypatch: pytest.MonkeyPatch, words: str) -> str:
    """What a command writes on a terminal."""
    with on_terminal(monkeypatch) as came:
        assert main([*words.split(), "--config", str(config)]) in (0, 1)
    return b"".join(came).decode()


@pytest.mark.parametrize("words", [words for words in ASKED if "--csv" not in words])
def test_no_piped_answer_holds_anything_raw(
    configs: dict[str, Path], capsys: pytest.CaptureFixture[str], words: str
) -> None:
    """CSV is data, as it was stored."""
    lines = {}
    for name, config in configs.items():
        main([*words.split(), "--config", str(config)])
        text, told = capsys.readouterr()
        lines[name] = text.count("\n")
        assert RAW.findall(text + told) == []
    assert lines["plain"] == lines["spoiled"] or words in OF_MANY_LINES


@pytest.mark.parametrize(
    "words", [words for words in ASKED if "--csv" not in words and "--output" not in words]
)
def test_no_answer_in_json_holds_anything_raw(
    configs: dict[str, Path], capsys: pytest.CaptureFixture[str], words: str
) -> None:
    """It writes it out by itself, line ends as well: else it would be no JSON."""
    main([*words.split(), "--json", "--config", str(configs["spoiled"])])
    text, told = capsys.readouterr()
    assert RAW.findall(text + told) == []
    assert json.loads(text) is not None


def test_the_spoiled_record_is_spoiled(configs: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    """What the tests above look for would be found: CSV in a pipe holds it."""
    main(["show", "skill", "--csv", "--config", str(configs["spoiled"])])
    assert "\x1b]8;;http://x\x07" in capsys.readouterr().out
