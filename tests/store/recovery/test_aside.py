"""Damaged files get another name, whatever interrupts that."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from collector.store.recovery import aside
from collector.store.recovery.aside import free_name, half_set_aside, lying, set_aside, stray_log
from collector.store.retention.sizes import SET_ASIDE
from tests.store.recovery.links import refusing
from tests.store.recovery.old import NOW_MS

STAMP = "20261122T183000"
FILES = {"": b"database", "-wal": b"log", "-shm": b"index"}


def made(path: Path) -> Path:
    """A database with its companions."""
    for ending, text in FILES.items():
        path.with_name(path.name + ending).write_bytes(text)
    return path


def files(folder: Path) -> dict[str, bytes]:
    """All that lies in a folder."""
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def renamed(name: str) -> dict[str, bytes]:
    """The three under another name, and what marks that nobody was told of them yet."""
    return {name + ending: text for ending, text in FILES.items()} | {name + "-untold": b""}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """One that lies there."""
    return made(tmp_path / "c.db")


def test_a_database_is_set_aside_with_its_companions(path: Path) -> None:
    """Under a name with the moment in UTC, so that SQLite finds the log."""
    lies = set_aside(path, NOW_MS)
    assert f"c.db.corrupt-{STAMP}" == lies.name
    assert renamed(lies.name) == files(path.parent)


def test_names_that_are_taken_are_not_used_again(path: Path) -> None:
    """Not even where a companion alone bears one."""
    first = set_aside(path, NOW_MS)
    second = set_aside(made(path), NOW_MS)
    assert [f"c.db.corrupt-{STAMP}", f"c.db.corrupt-{STAMP}-2"] == [first.name, second.name]
    assert renamed(first.name) | renamed(second.name) == files(path.parent)
    assert [first, second] == lying(path)


@pytest.mark.parametrize("count", range(6))
def test_what_was_cut_short_is_completed_under_the_same_name(path: Path, count: int) -> None:
    """After each of its steps; until then everybody can see that it is to be done."""
    name = free_name(path, SET_ASIDE, NOW_MS)
    for step in list(aside.steps(path, name))[:count]:
        step()
    if count in {1, 2, 3, 4}:
        assert name == half_set_aside(path)
    if path.exists():
        assert name == set_aside(path, NOW_MS + (5_000 if count else 0))
    assert half_set_aside(path) is None
    assert renamed(name.name) == files(path.parent)


@pytest.mark.parametrize("count", range(5))
def test_it_is_completed_where_a_file_cannot_have_two_names(
    path: Path, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its log waits for it under the other name, and is never without one."""
    monkeypatch.setattr(os, "link", refusing(errno.EPERM))
    name = free_name(path, SET_ASIDE, NOW_MS)
    for step in list(aside.steps(path, name))[:count]:
        step()
    assert name == set_aside(path, NOW_MS + (5_000 if count > 2 else 0))
    assert renamed(name.name) == files(path.parent)


def test_it_is_marked_until_a_record_tells_of_it(path: Path) -> None:
    """So that one whose recorder was killed is known from one that somebody left there."""
    lies = set_aside(path, NOW_MS)
    assert aside.untold(path) == [lies]
    aside.told(lies)
    assert (aside.untold(path), lying(path)) == ([], [lies])


@pytest.mark.parametrize("empty", [lambda path: path.unlink(), lambda path: path.write_bytes(b"")])
def test_a_log_without_a_database_is_set_aside(path: Path, empty: Callable[[Path], object]) -> None:
    """Nothing replays it into a new file, nor takes it for the log of another one."""
    empty(path)
    name = stray_log(path, NOW_MS)
    assert name == path.with_name(f"c.db.corrupt-{STAMP}-stray")
    path.unlink(missing_ok=True)
    assert {name.name: b"log"} == files(path.parent)
    assert lying(path) == []
    lies = set_aside(made(path), NOW_MS)
    assert f"c.db.corrupt-{STAMP}-2" == lies.name


def test_a_log_with_its_database_stays(path: Path) -> None:
    """And an empty one is no log."""
    assert stray_log(path, NOW_MS) is None
    path.unlink()
    path.with_name("c.db-wal").write_bytes(b"")
    assert stray_log(path, NOW_MS) is None


def test_files_lie_beside_in_their_order(tmp_path: Path) -> None:
    """Whatever letters the name has; neither companions nor others are among them."""
    path = tmp_path / "c[a]*?.db"
    names = [f"{path.name}.corrupt-{end}" for end in (STAMP, f"{STAMP}-2", f"{STAMP}-10", "20270101T000000")]
    others = [names[0] + "-wal", names[0] + "-shm", f"ca.db.corrupt-{STAMP}", f"{path.name}.corrupt-mine"]
    for name in (*others, *reversed(names)):
        (tmp_path / name).write_bytes(b"x")
    assert names == [file.name for file in lying(path)]
