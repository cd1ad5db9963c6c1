"""From a commit that makes a real command slower to the sentence that tells it: everything is real."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.daemon.conftest import Recorder

pytestmark = pytest.mark.long

RUNS = 10
MOST_ROUNDS = 8
SETTINGS = '[sampling]\nevery = "1s"\n[changes]\nevery = "1s"\n'


class Work:
    """A program in a repository of its own, timed by `collector time` into the record of a daemon."""

    def __init__(self, folder: Path, config: Path) -> None:
        self.repository = folder / "work"
        self.repository.mkdir()
        self.config = config
        self.git("init", "-q")

    def git(self, *words: str) -> str:
        """Run git there, as nobody in particular and without anybody's own settings."""
        who = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
        quiet = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        done = subprocess.run(
            ["git", *who, *words], cwd=self.repository, env=quiet, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(self, seconds: float) -> str:
        """Make the program take so long; the commit that does so."""
        (self.repository / "work.sh").write_text(f"sleep {seconds}\n", encoding="utf-8")
        self.git("add", "work.sh")
        self.git("commit", "-q", "-m", f"takes {seconds} s")
        return self.git("rev-parse", "HEAD")

    def collector(self, *words: str) -> str:
        """Run a command of ours in the repository; what it prints."""
        return subprocess.run(
            [sys.executable, "-m", "collector", words[0], "--config", str(self.config), *words[1:]],
            cwd=self.repository, check=True, capture_output=True, text=True, timeout=60,
        ).stdout  # fmt: skip

    def run(self) -> None:
        """Time the program some times."""
        self.collector("time", "--name", "work", "--runs", str(RUNS), "--", "sh", "work.sh")

    def run_until_told(self) -> dict[str, Any]:
        """Time it until its change is told: runs beside other tests may be too noisy to count."""
        for _ in range(MOST_ROUNDS):
            self.run()
            told = json.loads(self.collector("changes", "--json"))
            if found := [one for one in told if one["subject"] == "work"]:
                return dict(found[0])
        pytest.fail(f"no change after {MOST_ROUNDS * RUNS} runs: {self.collector('changes', '--all')}")


@pytest.fixture
def work(tmp_path: Path, recorder: Recorder) -> Work:
    """A new repository, and a daemon that records beside it."""
    recorder.configure(SETTINGS)
    recorder.start()
    return Work(tmp_path, recorder.config)


def test_a_command_that_a_commit_made_slower_is_told_with_that_commit(work: Work, recorder: Recorder) -> None:
    """What, by how much, and that it was the code: the sentence that all of this is for.

    Other tests run beside this one. Where they made the machine busy, the sentence may say so instead.
    """
    work.commit(0.02)
    work.run()
    slow = work.commit(0.06)
    change = work.run_until_told()
    head, *below = work.collector("changes", "--subject", "work").splitlines()
    assert head.split()[:2] == ["SLOWER", "work"]
    assert (change["direction"], change["first_commit"]) == ("slower", slow)
    assert slow[:7] in below[0]
    is_noisy = any(noisy for (noisy,) in recorder.rows("SELECT noisy FROM workload_runs"))
    moved = [name for name, one in change["evidence"].items() if isinstance(one, dict) and one.get("moved")]
    if not is_noisy and set(moved) <= {"git_commit", "cpu_ms"}:
        assert change["cause"] == "code"
    assert recorder.stop() == 0
