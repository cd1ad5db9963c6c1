"""Where there is no descriptor for a newcomer, and where there are few."""

from __future__ import annotations

import os
import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from collector.intake.listener import listen, remove
from collector.intake.places import DEAF_SECONDS, MOST_CONNECTIONS
from collector.intake.server import Server
from collector.store.buffer import Buffer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """One whose turns the test does itself."""
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    made = Server(folder / "c.sock", Buffer(), {})
    made._places.listen(listen(made.path, 8))
    yield made
    made.close()


@contextmanager
def most_files(count: int) -> Iterator[None]:
    """So many descriptors and no more."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_who_cannot_be_let_in_is_not_tried_again_and_again(server: Server) -> None:
    """The selector would tell of it at once each time; and it is let in when there is a descriptor."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(server.path))
        first_free = os.dup(0)
        os.close(first_free)
        with most_files(first_free):
            tried = [server.step(0) for _ in range(3)]
        assert tried == [True, False, False]
        assert server._longest_wait() is not None
        turns = 0
        while not server._places.connections and turns < 100:
            server.step(DEAF_SECONDS / 4)
            turns += 1
        assert len(server._places.connections) == 1


@pytest.mark.parametrize(("files", "connections"), [(64, 16), (1024, MOST_CONNECTIONS)])
def test_clients_may_have_a_quarter_of_all_descriptors(tmp_path: Path, files: int, connections: int) -> None:
    """The others are for files that are read, and for workloads."""
    with most_files(files):
        assert Server(tmp_path / "c.sock", Buffer(), {})._places.most == connections


def descriptors() -> set[str]:
    """Those of this process; the one by which they are listed is gone when they are looked at."""
    return {path.name for path in [*Path("/proc/self/fd").iterdir()] if path.exists()}


def test_a_server_that_has_ended_keeps_no_descriptor(tmp_path: Path) -> None:
    """Neither end of what wakes it."""
    before = descriptors()
    server = Server(tmp_path / "run" / "c.sock", Buffer(), {})
    server.start()
    during = descriptors()
    server.close()
    assert (len(during - before) > 0, descriptors() - before) == (True, set())


def test_a_socket_that_cannot_be_listened_on_leaves_nothing(tmp_path: Path) -> None:
    """Neither its descriptor nor its file."""
    path, before = tmp_path / "run" / "c.sock", descriptors()
    with pytest.raises(OverflowError):  # after the file is there
        listen(path, 1 << 64)
    assert (path.exists(), descriptors() - before) == (False, set())


@pytest.mark.parametrize(("device", "stays"), [(0, False), (1, True)], ids=["ours", "another device's"])
def test_only_our_own_socket_is_taken_away(tmp_path: Path, device: int, stays: bool) -> None:
    """One of the same number on another device is somebody's."""
    path = tmp_path / "run" / "c.sock"
    with listen(path, 1):
        info = path.stat()
        remove(path, (info.st_dev + device, info.st_ino))
        assert path.exists() is stays
