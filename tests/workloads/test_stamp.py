"""What a run is stamped with."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from collector.workloads import stamp
from collector.workloads.stamp import boot_id, git_stamp, machine_id_hash, parse_status


def git(folder: Path, *words: str) -> str:
    """Run git there as a person who has a name."""
    who = ["-c", "user.name=me", "-c", "user.email=me@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        ["git", "-C", str(folder), *who, *words], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """One commit with one file, and a folder in it."""
    git(tmp_path, "init", "-q")
    (tmp_path / "file").write_text("one", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "one")
    return tmp_path


def test_a_clean_folder_has_its_commit(repository: Path) -> None:
    """From any folder in it."""
    commit = git(repository, "rev-parse", "HEAD")
    assert git_stamp(repository) == (commit, False)
    assert git_stamp(repository / "folder") == (commit, False)


def test_a_change_makes_it_dirty_and_a_new_file_does_not(repository: Path) -> None:
    """Only tracked files count: builds leave others about."""
    (repository / "new").write_text("new", encoding="utf-8")
    assert git_stamp(repository)[1] is False
    (repository / "file").write_text("two", encoding="utf-8")
    assert git_stamp(repository)[1] is True


def test_a_repository_without_a_commit_has_none(tmp_path: Path) -> None:
    """But it may be dirty."""
    git(tmp_path, "init", "-q")
    assert git_stamp(tmp_path) == (None, False)


def test_outside_of_a_repository_nothing_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And git is not even started."""
    monkeypatch.setattr(subprocess, "Popen", None)
    assert git_stamp(tmp_path) == (None, None)
    assert git_stamp(None) == (None, None)


def test_without_git_nothing_is_known(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no fault."""
    monkeypatch.setenv("PATH", "/nowhere")
    assert git_stamp(repository) == (None, None)


def test_a_git_that_hangs_is_left_after_its_time(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network folder may keep it for ever."""
    fake = tmp_path / "bin"
    fake.mkdir()
    (fake / "git").write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    (fake / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake}:{os.environ['PATH']}")
    monkeypatch.setattr(stamp, "GIT_SECONDS", 0.1)
    assert git_stamp(repository) == (None, None)


def test_variables_of_a_git_hook_do_not_lead_astray(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GIT_DIR would name another repository."""
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    assert git_stamp(repository)[1] is False


def test_a_repository_cannot_run_programs_through_us(repository: Path) -> None:
    """Its config may name a program for fsmonitor."""
    git(repository, "config", "core.fsmonitor", f"touch {repository}/ran")
    assert git_stamp(repository)[1] is False
    assert not (repository / "ran").exists()


def test_many_changes_are_read_no_further_than_needed() -> None:
    """The header and one change tell everything; the rest may be cut anywhere."""
    text = "# branch.oid abc123\n# branch.head main\n1 .M N... 100644 100644 100644 a b file\n1 .M N..."
    assert parse_status(text) == ("abc123", True)
    assert parse_status("") == (None, None)
    assert parse_status("# branch.oid (initial)\n# branch.head main\n") == (None, False)


def test_this_boot_has_an_id() -> None:
    """The kernel's."""
    assert re.fullmatch(r"[0-9a-f-]{36}", boot_id())


def test_the_machine_is_told_apart_and_not_named() -> None:
    """A hash of 32 digits, the same each time, that is not the id."""
    path = Path("/etc/machine-id")
    machine = path.read_text(encoding="ascii").strip() if path.exists() else ""
    found = machine_id_hash()
    assert re.fullmatch(r"[0-9a-f]{32}", found)
    assert found == machine_id_hash() != machine
