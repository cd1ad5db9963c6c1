"""``collector db stats``: our own file with the times of our statements, and other databases."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from collector.sqlite import sqlite3
from collector.terminal import display_width
from tests.answers.made import Made
from tests.cli.conftest import Call, plain
from tests.cli.daemon import answering, holding

TIMES = {"avg_ms": 0.31, "min_ms": 0.2, "max_ms": 9.1, "p95_ms": 0.42, "total_ms": 31.0, "rows": 100}
OBJECT_KEYS = {
    *("name", "type", "table", "rows", "bytes", "bytes_per_row"),
    *("scans", "sequential_scans", "dead_rows", "unused"),
}


@pytest.fixture
def app(tmp_path: Path) -> str:
    """The URL of a database of an application."""
    conn = sqlite3.connect(tmp_path / "app.db")
    conn.executescript(
        "CREATE TABLE tasks (id INTEGER PRIMARY KEY, n INT); CREATE INDEX tasks_n ON tasks (n);"
        "WITH RECURSIVE g(v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM g WHERE v < 300)"
        "INSERT INTO tasks SELECT v, v % 7 FROM g;"
    )
    conn.close()
    return f"sqlite:///{tmp_path}/app.db"


def test_the_recorder_tells_how_long_its_statements_take(made: Made, call: Call, tmp_path: Path) -> None:
    """Below the tables, a row each."""
    row = {"operation": "insert cpu_samples", "count": 100, **TIMES}
    with answering(made.path, tmp_path, {"timings": [row]}):
        said, document = call("db", "stats"), call("db", "stats", "--json").json
    assert (said.code, said.err) == (0, "")
    assert said.lines[-2].split() == ["operation", "count", "avg", "min", "max", "p95"]
    assert said.lines[-1].split("  ")[0] == "insert cpu_samples"
    assert "0.42 ms" in said.lines[-1]
    assert document["operations"] == [row]


@pytest.mark.parametrize("answer", [b"{}\n", b"nonsense\n", b'{"timings": null}\n'])
def test_a_recorder_that_does_not_tell_costs_only_that(
    made: Made, call: Call, tmp_path: Path, answer: bytes
) -> None:
    """As where none runs, or another command holds the file."""
    with answering(made.path, tmp_path, answer):
        said = call("db", "stats")
    assert said.code == 0
    assert "does not" in said.lines[-1] or "does not" in said.lines[-2]


def test_without_a_recorder_the_rest_is_told(made: Made, call: Call) -> None:
    """With a line that says so."""
    assert "no recorder runs" in call("db", "stats").lines[-1]
    document = call("db", "stats", "--json").json
    assert (document["kind"], document["operations"], document["journal_mode"]) == ("collector", None, "wal")
    with holding(made.path, "collector db upgrade"):
        assert "no recorder runs" in call("db", "stats").lines[-1]


def test_another_file_is_measured(made: Made, call: Call, app: str) -> None:
    """With the same keys as our own; what SQLite does not count is said."""
    document = call("db", "stats", "--database", app, "--json").json
    ours = call("db", "stats", "--json").json
    assert document.keys() | {"migrations", "operations", "no_operations"} == ours.keys()
    assert all(row.keys() == OBJECT_KEYS for row in (*document["objects"], *ours["objects"]))
    rows = {row["name"]: row["rows"] for row in document["objects"]}
    assert rows == {"tasks": 300, "tasks_n": None}
    said = call("db", "stats", "--database", app)
    assert (said.code, said.err) == (0, "")
    assert any(line.startswith("tasks ") and " 300 " in line for line in said.lines)
    assert "SQLite counts neither its hits nor the use of indexes" in said.out


def test_an_empty_file_has_no_tables(tmp_path: Path, call: Call) -> None:
    """And says so."""
    (tmp_path / "empty.db").touch()
    assert (
        call("db", "stats", "--database", f"sqlite:///{tmp_path}/empty.db").lines[-1] == "it holds no tables"
    )


def test_a_server_that_is_not_there_is_told(call: Call, tmp_path: Path) -> None:
    """In a sentence."""
    said = call("db", "stats", "--database", f"postgresql://me@/x?host={tmp_path}")
    assert (said.code, said.out) == (1, "")
    assert "No such file or directory" in said.err


def test_a_password_in_a_url_is_refused(call: Call) -> None:
    """Everybody on the machine could read it in the list of processes; it is not told again."""
    said = call("db", "stats", "--database", "postgresql://me:geheim@/x")
    assert (said.code, said.out) == (2, "")
    assert "--database: must not hold a password; name its file" in said.err
    assert "geheim" not in said.err


def test_a_database_that_does_not_answer_can_be_left(config: Path) -> None:
    """Ctrl-C ends the process that asks, too: its connection closes."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"postgresql://me@127.0.0.1:{server.getsockname()[1]}/x"
        words = ["db", "stats", "--database", url, "--config", str(config)]
        with subprocess.Popen([sys.executable, "-m", "collector", *words], stderr=subprocess.PIPE) as command:
            connection, _ = server.accept()
            with connection:
                command.send_signal(signal.SIGINT)
                assert command.wait() == 130
                while connection.recv(1000):
                    pass  # what it sent before
            assert command.stderr is not None
            assert command.stderr.read().strip() == b""


def test_on_a_terminal_both_fit_eighty_columns(made: Made, terminal: Call, tmp_path: Path, app: str) -> None:
    """Bars go first."""
    row = {"operation": "insert cpu_samples " * 5, "count": 100, **TIMES}
    with answering(made.path, tmp_path, {"timings": [row]}):
        shown = [terminal("db", "stats"), terminal("db", "stats", "--database", app)]
    for said in shown:
        assert max(map(display_width, plain(said.out).splitlines())) <= 80
