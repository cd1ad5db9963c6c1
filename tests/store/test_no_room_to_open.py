"""A disk that is full already when the record is to be opened."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from collector import clock
from collector.records.gap import Gap
from collector.store.buffer import Buffer
from collector.store.recovery.place import Place
from collector.store.room import Room
from collector.store.writer import Writer


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A record that was closed in order, so that only the file itself is there."""
    place = opened(tmp_path / "c.db")
    place.close()
    return place.path


def opened(path: Path) -> Place:
    """The place of a record, opened if that is possible."""
    place = Place(path, "full", Room(path, 0, 0), was_ours=True)
    place.open()
    return place


@contextmanager
def no_room() -> Iterator[None]:
    """No file may become longer than a page: the index of a log, 32 KB, has no room."""
    least, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (least, most))


def test_status_tells_why_the_record_cannot_be_opened(path: Path) -> None:
    """And what waited is written when there is room."""
    buffer = Buffer()
    with no_room():
        place = opened(path)
        writer = Writer(place.conn, buffer, home=place)
        buffer.put(0.0, [Gap.record(from_ms=1, to_ms=2, reason="stall")])
        assert writer.step(clock.now()) is False
        assert "the disk reports errors" in (writer.stuck or "")
    assert writer.close(10)
    assert buffer.counts().committed == 1
    place.close()
