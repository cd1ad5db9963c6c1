"""From a commit that makes a real command slower to the sentence that tells it: everything is real."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

RUNS = 10
KEPT = ("workload", "command", "timestamp", "outcome", "wall_ms", "git_commit", "git_dirty")


class Work:
    """A program in a repository of its own, timed by `collector time` into a record of its own."""

    def __init__(self, folder: Path) -> None:
        self.repository = folder / "work"
        self.repository.mkdir()
        self.config, self.apart = (_config(folder, name) for name in ("record", "apart"))
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

    def collector(self, config: Path, *words: str, told: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command of ours in the repository."""
        return subprocess.run(
            [sys.executable, "-m", "collector", words[0], "--config", str(config), *words[1:]], input=told,
            cwd=self.repository, check=True, capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    def run(self) -> None:
        """Time the program some times, and record its runs without what the machine did meanwhile.

        Other tests run beside this one. A machine that becomes busy just when the commit comes would be
        told as the cause, and rightly so.
        """
        words = ("--name", "work", "--runs", str(RUNS), "--json", "--", "sh", "work.sh")
        timed = json.loads(self.collector(self.apart, "time", *words).stderr)
        lines = [json.dumps({name: run[name] for name in KEPT}) for run in timed]
        self.collector(self.config, "record", "run", "-", told="\n".join(lines))


def _config(folder: Path, name: str) -> Path:
    path = folder / f"{name}.toml"
    path.write_text(f'[collector]\ndatabase = "{folder / name}.db"\n', encoding="utf-8")
    return path


@pytest.fixture
def work(tmp_path: Path) -> Work:
    """A new repository, and nothing recorded."""
    return Work(tmp_path)


def test_a_command_that_a_commit_made_slower_is_told_with_that_commit(work: Work) -> None:
    """What, by how much, and that it was the code: the sentence that all of this is for."""
    work.commit(0.02)
    work.run()
    slow = work.commit(0.06)
    work.run()
    head, sentence, summary = work.collector(work.config, "changes").stdout.splitlines()
    word, name, *_ = head.split()
    assert (word, name) == ("SLOWER", "work")
    assert "  code  " in head
    assert f"first seen in {slow[:7]}" in sentence
    assert summary == "1 subject looked at"
