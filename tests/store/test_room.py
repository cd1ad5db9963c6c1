"""Room on the disk, on small disks of our own and on the one at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.store.database import file_size
from collector.store.failures import Trouble, classify
from collector.store.room import Room, ballast_path

MORE_THAN_ANY_DISK = 1 << 60


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database to be."""
    return tmp_path / "c.db"


def test_with_enough_room_nothing_is_said(path: Path) -> None:
    """A byte is free on every disk that these tests run on."""
    Room(path, 1, 0).look()


def test_with_less_than_the_least_recording_waits_as_on_a_full_disk(path: Path) -> None:
    """And the message tells both figures."""
    with pytest.raises(Trouble, match=r"are free, and .* are to stay free") as told:
        Room(path, MORE_THAN_ANY_DISK, 0).look()
    assert classify(told.value) == "full"


def test_without_a_least_the_disk_is_not_looked_at(path: Path) -> None:
    """As where the folder is gone: SQLite says so itself."""
    Room(path.parent / "gone" / "c.db", 0, 0).look()


def test_a_disk_that_cannot_be_asked_is_taken_for_large_enough(path: Path) -> None:
    """The writer's own try tells."""
    Room(path.parent / "gone" / "c.db", MORE_THAN_ANY_DISK, 0).look()


def test_the_ballast_takes_real_blocks_and_is_private(path: Path) -> None:
    """A hole in a file would give nothing back."""
    assert Room(path, 0, 1 << 20).take_on() is True
    info = ballast_path(path).stat()
    assert (info.st_size, info.st_blocks * 512 >= 1 << 20, info.st_mode & 0o777) == (1 << 20, True, 0o600)


def test_thrown_off_it_is_gone_and_comes_back(path: Path) -> None:
    """Once only is there something to throw off."""
    room = Room(path, 0, 1 << 20)
    assert [room.take_on(), room.throw_off(), room.throw_off()] == [True, True, False]
    assert file_size(ballast_path(path)) == 0
    assert (room.take_on(), file_size(ballast_path(path))) == (True, 1 << 20)


@pytest.mark.parametrize(("least", "needed"), [(0, True), (MORE_THAN_ANY_DISK, False)], ids=["quota", "low"])
def test_it_is_needed_where_writing_is_refused_all_the_same(path: Path, least: int, needed: bool) -> None:
    """Not where we ourselves wait before the disk is full."""
    assert Room(path, least, 1 << 20).is_needed() is needed


def test_another_size_replaces_it_and_none_takes_it_away(path: Path) -> None:
    """As after a change of the config."""
    Room(path, 0, 1 << 20).take_on()
    assert (Room(path, 0, 2 << 20).take_on(), file_size(ballast_path(path))) == (True, 2 << 20)
    assert (Room(path, 0, 0).take_on(), ballast_path(path).exists()) == (False, False)


def test_one_that_was_made_and_has_no_blocks_yet_is_made_anew(path: Path) -> None:
    """So a kill leaves it."""
    ballast_path(path).touch()
    assert (Room(path, 0, 1 << 20).take_on(), file_size(ballast_path(path))) == (True, 1 << 20)


def test_where_there_is_no_plenty_none_is_taken_on(path: Path) -> None:
    """It must not be what fills the disk."""
    assert (Room(path, MORE_THAN_ANY_DISK, 1 << 20).take_on(), ballast_path(path).exists()) == (False, False)


def test_a_folder_that_cannot_be_written_has_none(path: Path) -> None:
    """No error: recording says by itself what is wrong."""
    assert Room(path.parent / "gone" / "c.db", 0, 1 << 20).take_on() is False
