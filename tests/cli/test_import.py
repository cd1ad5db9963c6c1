"""``collector import``: what it says of files, of second times, and of files that are none."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from collector.importers.base import IMPORTERS
from collector.orm import select
from collector.store.database import open_reader
from tests.cli.conftest import Call
from tests.importers.conftest import DATA
from tests.test_submit import Running

HYPERFINE = str(DATA / "hyperfine.json")
SKILL = {
    "kind": "skill",
    "skill_id": "a",
    "execution_ms": 1,
    "tokens_in": 1,
    "tokens_out": 1,
    "success": True,
}


def stored(database: Path, sql: str) -> list[Any]:
    """What the record has."""
    return [tuple(row) for row in select(open_reader(database), sql)]


def test_a_second_time_adds_nothing(call: Call, database: Path) -> None:
    """For each format."""
    for form, name in (("hyperfine", "hyperfine.json"), ("ollama", "ollama-generate.jsonl")):
        count = "24" if form == "hyperfine" else "1"
        assert call("import", form, str(DATA / name))[:2] == (0, f"{count} imported\n")
        assert call("import", form, str(DATA / name))[:2] == (0, f"0 imported, {count} already there\n")
    assert stored(database, "SELECT count(*) FROM workload_runs") == [(24,)]
    assert stored(database, "SELECT model_name, output_tokens FROM inference_metrics") == [("llama3.2", 259)]


def test_a_benchmark_without_a_run_id_is_known_by_its_line(call: Call, tmp_path: Path) -> None:
    """As every other record is."""
    path = tmp_path / "b.jsonl"
    path.write_text(json.dumps({"kind": "benchmark", "project_name": "p", "benchmark_name": "b"}))
    assert call("import", "jsonl", str(path)).out == "1 imported\n"
    assert call("import", "jsonl", str(path)).out == "0 imported, 1 already there\n"


def test_through_a_daemon_it_is_the_same(call: Call, tmp_path: Path) -> None:
    """With all that the files hold."""
    daemon = Running(tmp_path)
    assert call("import", "hyperfine", HYPERFINE).out == "24 imported\n"
    assert call("import", "hyperfine", HYPERFINE).out == "0 imported, 24 already there\n"
    daemon.stop()


def test_several_files_are_told_one_by_one(call: Call, tmp_path: Path) -> None:
    """One that cannot be read does not stop the next."""
    nothing = tmp_path / "nothing"
    said = call("import", "hyperfine", str(nothing), HYPERFINE)
    assert said == (1, f"{HYPERFINE}: 24 imported\n", f"error: {nothing}: No such file or directory\n")


def test_a_wrong_file_is_told_with_what_to_do(call: Call, tmp_path: Path) -> None:
    """And a folder is no file."""
    said = call("import", "hyperfine", str(DATA / "ollama-chat.json"))
    assert (said.code, said.out) == (1, "")
    message, hint = said.err.splitlines()
    assert message.endswith("this is no hyperfine --export-json file: it has no `results`")
    assert hint == "  → make one with `hyperfine --export-json FILE COMMAND`"
    assert call("import", "jsonl", str(tmp_path)).err == f"error: {tmp_path}: Is a directory\n"


def test_what_is_refused_is_told_with_file_and_place(call: Call, tmp_path: Path) -> None:
    """Its neighbours are stored."""
    path = tmp_path / "h.json"
    path.write_text('{"results": [{"command": "make", "times": [1.5, NaN, 1e999, 2]}]}')
    said = call("import", "hyperfine", str(path))
    assert (said.code, said.out) == (1, "2 imported, 2 refused\n")
    wrong = "wall_ms: must be a number, 0 or more or null"
    assert said.err.splitlines() == [
        f"{path}: results[0].times[1]: {wrong}, not nan",
        f"{path}: results[0].times[2]: {wrong}, at most 31,622,400,000, not inf",
    ]


def test_json_has_one_row_a_file(call: Call, tmp_path: Path) -> None:
    """Refusals and errors in it."""
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(SKILL) + "\n5\n")
    said = call("import", "jsonl", str(path), str(tmp_path / "no"), "--json")
    first, second = said.json
    assert said.code == 1
    assert (first["file"], first["committed"], first["refused"]) == (str(path), 1, 1)
    assert first["rejected"] == [{"where": "line 2", "reason": "a record is a JSON object"}]
    assert second["error"].endswith("No such file or directory")


def test_stdin_is_a_file_too(config: Path) -> None:
    """Named -."""
    done = subprocess.run(
        [sys.executable, "-m", "collector", "import", "jsonl", "-", "--config", str(config)],
        input=json.dumps(SKILL) + "\nx\n", capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "1 imported, 1 refused\n")
    assert done.stderr.startswith("stdin: line 2: not JSON")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["hyperfin", "f"], "unknown format 'hyperfin' (did you mean 'hyperfine'?)"),
        (["ollama", "f", "--name", "x"], "--name means nothing for ollama"),
        (["hyperfine", "f", "--kind", "run"], "--kind means nothing for hyperfine\n  → it takes --name"),
        (["hyperfine", "f", "--name", "a\nb"], "1 to 200 printable characters"),
        (["jsonl", "f", "--kind", "skil"], "unknown kind 'skil' (did you mean 'skill'?)"),
        (["jsonl"], "Missing argument"),
    ],
)
def test_words_that_mean_nothing_are_told(call: Call, words: list[str], told: str) -> None:
    """Exit status 2."""
    said = call("import", *words)
    assert said.code == 2
    assert told in said.err


def test_the_help_lists_every_format(call: Call) -> None:
    """From the registry, so that a new one is in it by itself."""
    command = importlib.import_module("collector.cli.import").command
    assert all(f"  {name} " in command.epilog for name in IMPORTERS)
