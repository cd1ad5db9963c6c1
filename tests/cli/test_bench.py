"""``collector bench``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from collector.cli import bench
from tests.cli.conftest import Call, plain

pytestmark = pytest.mark.long

SMALL = ("bench", "--size", "1000", "--runs", "1")
PATIENT = ("--stricter", "0.001")  # a busy machine is no fault of the product
KEYS = {
    "operation", "target_ms", "p50_ms", "p95_ms", "min_ms", "max_ms", "runs", "ok", "index", "unused_index",
}  # fmt: skip


def test_every_operation_has_its_line_and_the_verdict_comes_last(call: Call, tmp_path: Path) -> None:
    """Nothing stays in the folder, and no record is begun."""
    said = call(*SMALL, *PATIENT)
    assert (said.code, said.err) == (0, "")
    assert said.lines[0].startswith(f"1,000 tasks in {tmp_path} (")
    assert said.lines[3].split() == ["operation", "target", "p50", "p95", "under", "target", "by"]
    assert sum(line.startswith("✓  ") for line in said.lines) == 16
    assert said.lines[-1] == "all 16 targets met"
    assert [path.name for path in tmp_path.iterdir()] == ["c.toml"]


def test_a_miss_makes_the_answer_no(call: Call) -> None:
    """A billionth of any target is too short; JSON has a row for each operation, and more than the table."""
    said = call(*SMALL, "--stricter", "1e9", "--json")
    rows: list[dict[str, Any]] = said.json
    assert said.code == 1
    assert len(rows) == 16
    assert all(row.keys() == KEYS for row in rows)
    assert all(0 < row["min_ms"] <= row["p50_ms"] <= row["p95_ms"] <= row["max_ms"] for row in rows)
    assert not any(row["ok"] for row in rows)
    (by_status,) = [row for row in rows if row["operation"] == "filter by status"]
    assert (by_status["target_ms"], by_status["index"]) == (1e-7, "idx_tasks_status")


def test_the_table_fits_a_terminal(terminal: Call) -> None:
    """Bars and all; colour only beside the marks."""
    lines = plain(terminal(*SMALL).out).splitlines()
    assert all(len(line) <= 80 for line in lines[3:])
    assert any(line.endswith("█") for line in lines)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--size", "999"), "999 is not in the range 1000<=x<=1000000"),
        (("--size", "many"), "'many' is not a valid integer"),
        (("--runs", "0"), "0 is not in the range 1<=x<=1000"),
        (("--stricter", "0"), "0.0 is not in the range x>0"),
        (("--folder", "/no/such/folder"), "Directory '/no/such/folder' does not exist"),
    ],
)
def test_bad_words_are_refused(call: Call, words: tuple[str, ...], told: str) -> None:
    """Before anything is made."""
    said = call("bench", *words)
    assert said.code == 2
    assert told in said.err


def test_figures_of_a_disk_that_is_memory_say_so(call: Call) -> None:
    """What a commit costs there tells nothing of a disk."""
    assert bench._file_system(Path("/proc/self/task")) == "proc"
    if bench._file_system(Path("/dev/shm")) != "tmpfs":
        pytest.skip("there is no tmpfs at /dev/shm")
    said = call(*SMALL, "--folder", "/dev/shm")
    assert said.lines[0] == "1,000 tasks in /dev/shm (tmpfs)"
    assert said.lines[2].startswith("tmpfs is memory, where writes cost less than on a disk")


def test_a_folder_without_room_is_refused(call: Call) -> None:
    """With what to do."""
    said = call(*SMALL, "--folder", "/proc")
    assert said.code == 1
    assert said.err.splitlines() == [
        "error: /proc: 1,000 tasks need 52.5 MB, and 0 B are free",
        "  → name a folder on another disk, or take fewer tasks",
    ]


def test_a_disk_that_fills_up_meanwhile_is_told_without_a_traceback(tmp_path: Path) -> None:
    """Here by a limit on the size of files; the folder goes all the same."""
    command = f"ulimit -f 500; exec {sys.executable} -m collector bench --size 5000 --folder {tmp_path}"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, timeout=30, check=False, env=dict(os.environ)
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {tmp_path}: ")
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
