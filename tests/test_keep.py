"""What an answer used and made is told to whoever writes: the daemon, or this process under the lock."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from collector import keep
from collector.answers.cached import Noted
from collector.intake.protocol import LONGEST_LINE
from collector.intake.server import Server
from collector.orm import select
from collector.refreshing import Refresher
from collector.settings import Recorder, Settings
from collector.store.buffer import Buffer
from collector.store.cache import Entry
from collector.store.database import open_reader, open_writer, raw
from collector.store.lock import InstanceLock, holder
from collector.store.schema import prepare
from collector.store.writer import Writer


def entry(key: str = "summary of all", data: str = "[]") -> Entry:
    """An answer made of skills."""
    return Entry(key, data, ("skill_metrics",), 80.0, "q")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Those of an empty record."""
    path = tmp_path / "c.db"
    database = open_writer(path, "normal")
    prepare(database, path)
    database.close()
    return Settings(path=None, collector=Recorder(database=path))


@contextmanager
def recording(settings: Settings) -> Iterator[Writer]:
    """The parts of a daemon that take part in it: lock, writer thread, socket."""
    lock, address = InstanceLock(settings.database), settings.database.parent / "run" / "c.sock"
    lock.acquire("collector run", address)
    database, buffer = open_writer(settings.database, "normal"), Buffer()
    writer = Writer(raw(database), buffer)
    refresher = Refresher(writer, settings, lambda: 0)
    server = Server(address, buffer, {}, {"cache": refresher.remember})
    server.start()
    writer.start()
    try:
        yield writer
    finally:
        server.close()
        assert writer.close(5)
        database.close()
        lock.release()


def kept(settings: Settings) -> dict[str, int]:
    """How often each kept answer was used."""
    database = open_reader(settings.database)
    found = select(database, "SELECT cache_key, hit_count FROM query_cache")
    database.close()
    return dict(found)


def test_nothing_noted_is_nothing_to_do(tmp_path: Path) -> None:
    """Nobody is asked: there is not even a record."""
    assert keep.keep(Settings(path=None, collector=Recorder(database=tmp_path / "none.db")), Noted())
    assert list(tmp_path.iterdir()) == []


def test_without_a_daemon_it_is_written_here(settings: Settings) -> None:
    """Under the lock, which is let go."""
    assert keep.keep(settings, Noted(made=[entry()]))
    assert keep.keep(settings, Noted(hits=["summary of all", "summary of all"]))
    assert kept(settings) == {"summary of all": 2}
    assert holder(settings.database) is None


def test_a_daemon_is_told(settings: Settings) -> None:
    """It counts hits and keeps answers, in its own writer."""
    with recording(settings) as writer:
        assert keep.keep(settings, Noted(made=[entry(), entry("summary größe")]))
        assert keep.keep(settings, Noted(hits=["summary größe"]))
        writer.ask("after", lambda _: None).wait(10)
        assert kept(settings) == {"summary of all": 0, "summary größe": 1}


@pytest.mark.parametrize("text", ["x", "ü", '"'])
def test_an_answer_too_long_for_a_line_is_left_out(settings: Settings, text: str) -> None:
    """However long it becomes on the way; the others are kept, and it is told that not all were."""
    long = json.dumps(text * LONGEST_LINE, ensure_ascii=False)
    with recording(settings) as writer:
        assert not keep.keep(settings, Noted(made=[entry("summary long", long), entry("summary short")]))
        writer.ask("after", lambda _: None).wait(10)
        assert kept(settings) == {"summary short": 0}


def test_while_somebody_else_writes_it_is_let_be(settings: Settings) -> None:
    """Another command holds the lock and has no socket: that it could not be kept is no error."""
    lock = InstanceLock(settings.database)
    lock.acquire("collector import")
    try:
        assert not keep.keep(settings, Noted(made=[entry()]))
    finally:
        lock.release()
    assert kept(settings) == {}


def test_a_daemon_that_does_not_answer_is_no_error(settings: Settings) -> None:
    """It went a moment ago, and its name still stands in the lock."""
    lock = InstanceLock(settings.database)
    lock.acquire("collector run", settings.database.parent / "gone.sock")
    try:
        assert not keep.keep(settings, Noted(made=[entry()]))
    finally:
        lock.release()


def test_a_daemon_that_hangs_up_is_no_error(settings: Settings) -> None:
    """It takes the line, and closes instead of answering."""
    address = settings.database.parent / "s"
    lock = InstanceLock(settings.database)
    lock.acquire("collector run", address)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(address))
        server.listen()

        def hang_up() -> None:
            server.accept()[0].close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        assert not keep.keep(settings, Noted(made=[entry()]))
        thread.join()
    lock.release()


def test_a_record_that_cannot_be_written_is_no_error(settings: Settings) -> None:
    """What was a record is none any more."""
    settings.database.write_bytes(b"not a database" * 500)
    assert not keep.keep(settings, Noted(made=[entry()]))
