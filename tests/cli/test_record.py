"""``collector record``: from arguments, from JSON, from lines on stdin; what it says and how it ends."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from collector.cli import record
from collector.importers.progress import Progress
from collector.orm import select
from collector.store.database import open_reader
from tests.cli.conftest import Call, Said, plain
from tests.test_submit import Running

SKILL = {"skill_id": "sum", "execution_ms": 812.5, "tokens_in": 10, "tokens_out": 20, "success": True}
WORDS = ["skill_id=sum", "execution_ms=812.5", "tokens_in=10", "tokens_out=20", "success=true"]


def piped(config: Path, text: str | bytes, *words: str) -> Said:
    """Runs it as a real process with ``text`` on its stdin."""
    done = subprocess.run(
        [sys.executable, "-m", "collector", "record", *words, "--config", str(config)],
        input=text if isinstance(text, bytes) else text.encode(),
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    return Said(done.returncode, done.stdout.decode(), done.stderr.decode())


def stored(database: Path, sql: str) -> list[Any]:
    """What the record has."""
    return [tuple(row) for row in select(open_reader(database), sql)]


def test_words_are_read_by_the_type_of_their_column(call: Call, database: Path) -> None:
    """Numbers and truths are such where the column holds them; texts stay as they were typed."""
    said = call("record", "skill", "skill_id=007", *WORDS[1:])
    assert said == (0, "1 recorded\n", "")
    columns = "skill_id, execution_ms, tokens_in, tokens_out, success"
    assert stored(database, f"SELECT {columns} FROM skill_metrics") == [("007", 812.5, 10, 20, 1)]


def test_words_may_hold_documents_moments_and_parts(call: Call, database: Path) -> None:
    """A column of a part has the part's name before it."""
    said = call(
        "record", "operation", "metric_type=query", "metric_name=a", "duration_ms=1", 'metadata={"a": [1]}',
        "timestamp=2026-03-01T12:00:00Z", "rows=null", "sql=SELECT 1",
    )  # fmt: skip
    assert said == (0, "1 recorded\n", "")
    assert stored(database, "SELECT metadata, timestamp, rows FROM operation_metrics") == [
        ('{"a":[1]}', 1_772_366_400_000, None)
    ]
    parts = {"total_time_seconds": 1.5, "token_usage_total": 3, "api_calls_count": 4, "api_calls_cost": 0.5}
    words = [f"performance.{name}={value}" for name, value in parts.items()]
    assert call("record", "benchmark", "project_name=p", "benchmark_name=b", *words).code == 0
    assert stored(database, "SELECT total_time_seconds FROM benchmark_performance") == [(1.5,)]


def test_the_kind_may_stand_among_the_words_or_in_the_json(call: Call, database: Path) -> None:
    """Both say the same."""
    assert call("record", "kind=skill", *WORDS).code == 0
    assert call("record", json.dumps({"kind": "skill", **SKILL})).code == 0
    assert call("record", "skill", json.dumps([SKILL, SKILL])).out == "2 recorded\n"
    assert stored(database, "SELECT count(*) FROM skill_metrics") == [(4,)]


def test_a_refused_record_costs_only_itself(call: Call) -> None:
    """All of its faults are told, on stderr; the exit status says that something was refused."""
    bad = {**SKILL, "execution_ms": "x", "tokens_in": -1, "tokns_out": 1}
    said = call("record", "skill", json.dumps([{**SKILL, "id": "a"}, bad, 5, {**SKILL, "id": "a"}]))
    assert (said.code, said.out) == (1, "1 recorded, 1 already there, 2 refused\n")
    first, second = said.err.splitlines()
    assert first == (
        "record 2: unknown column 'tokns_out' (did you mean 'tokens_out'?); "
        "execution_ms: must be a number, 0 or more, not 'x'; "
        "tokens_in: must be a whole number, 0 or more, not -1"
    )
    assert second == "record 3: a record is a JSON object"


def test_words_that_fit_no_column_are_refused_like_any_record(call: Call) -> None:
    """Without a place, since there is only one."""
    said = call("record", "skill", *WORDS[:-1], "success=yes")
    assert said == (1, "0 recorded, 1 refused\n", "success: must be true or false, not 'yes'\n")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["skil", "a=1"], "unknown kind 'skil' (did you mean 'skill'?)"),
        (["cpu", "a=1"], "unknown kind 'cpu'"),
        (["kind=skil"], "unknown kind 'skil'"),
        (["skill", '{"a": 1'], "not JSON"),
        (["skill", "{}", "{}"], "one JSON document at a time"),
        (["skill", "a=1", "b"], "'b' is neither JSON nor COLUMN=VALUE"),
        (["skill", "=1"], "'' is neither JSON nor COLUMN=VALUE"),
        (["skill", "a=1", "a=2"], "'a' is given twice"),
        (["skill", "performance=1", "performance.a=2"], "'performance' is given twice"),
        (["skill", "[]"], "nothing to record: the list is empty"),
    ],
)
def test_what_cannot_be_meant_is_told_and_nothing_is_stored(
    call: Call, database: Path, words: list[str], told: str
) -> None:
    """Exit status 2."""
    said = call("record", *words)
    assert (said.code, said.out) == (2, "")
    assert told in said.err
    assert not database.exists()


def test_lines_on_stdin_are_told_by_their_number(config: Path, database: Path) -> None:
    """Each on its own, whatever it is."""
    good = json.dumps(SKILL)
    lines = [
        good,
        "",
        "nonsense",
        good.replace("812.5", "NaN"),
        good.replace("10", "9" * 30),
        '"\ud800"',
        good,
    ]
    said = piped(config, "\n".join(lines).encode("utf-8", "surrogatepass"), "skill", "-")
    assert (said.code, said.out) == (1, "2 recorded, 4 refused\n")
    assert [line.split(": ")[0] for line in said.err.splitlines()] == ["line 3", "line 4", "line 5", "line 6"]
    assert stored(database, "SELECT count(*) FROM skill_metrics") == [(2,)]


def test_many_refusals_are_counted(config: Path) -> None:
    """Ten are told; --json has a thousand."""
    assert piped(config, "x\n" * 2_345, "skill").err.splitlines()[10:] == ["and 2,335 more"]
    said = piped(config, "x\n" * 2_345, "skill", "--json")
    assert (said.code, said.json["refused"], len(said.json["rejected"])) == (1, 2_345, 1_000)
    assert said.json["rejected"][0]["where"] == "line 1"


def test_nothing_on_stdin_is_told(config: Path) -> None:
    """It is most likely a mistake."""
    first, hint = piped(config, "\n", "skill").err.splitlines()
    assert first == "error: nothing to record: stdin is empty"
    assert hint == "  → give JSON, COLUMN=VALUE words, or JSON lines on stdin"
    assert piped(config, "", "-").code == 2


def test_a_terminal_is_not_waited_for(terminal: Call) -> None:
    """Who gives nothing is told what can be given."""
    said = terminal("record", "skill")
    assert said.code == 2
    assert "COLUMN=VALUE" in said.err


def test_lines_go_through_a_running_daemon(config: Path, tmp_path: Path) -> None:
    """However many there are."""
    daemon = Running(tmp_path)
    said = piped(config, (json.dumps(SKILL) + "\n") * 2_500, "skill", "-")
    assert said == (0, "2,500 recorded\n", "")
    assert daemon.buffer.counts().committed == 2_500
    daemon.stop()


def test_an_interrupt_leaves_a_word_on_what_was_stored(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """It strikes while a record is on its way."""

    @contextmanager
    def interrupted(_settings: object) -> Iterator[Any]:
        def send(_items: Sequence[Any]) -> Any:
            raise KeyboardInterrupt

        yield send

    monkeypatch.setattr(record, "sink", interrupted)
    said = call("record", "skill", *WORDS)
    assert (said.code, said.out, said.err.strip()) == (130, "", "stopped: 0 recorded")


def _read(terminal: int) -> bytes:
    """What came; nothing once the other side is closed, which Linux tells by EIO."""
    try:
        return os.read(terminal, 65_536)
    except OSError:
        return b""


def test_a_long_one_shows_how_far_it_is_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nowhere else, and not before two seconds."""
    mine, theirs = pty.openpty()
    with open(theirs, "w", encoding="utf-8") as terminal, open(__file__, "rb") as stream:
        monkeypatch.setattr(sys, "stderr", terminal)
        with Progress("importing it", stream) as progress:
            progress.show(1)
            monkeypatch.setattr("collector.terminal.PROGRESS_SECONDS", -1)
            stream.read()
            progress.show(1_234)
        monkeypatch.undo()
    shown = plain(b"".join(iter(lambda: _read(mine), b"")).decode())
    os.close(mine)
    assert "importing it" in shown
    assert "100%" in shown
    assert "1,234 records" in shown
