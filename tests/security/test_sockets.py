"""Only this user gets in by the socket, nothing is put in another's place, and nothing else listens."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from collector.errors import CollectorError
from collector.intake.listener import listen, same_user
from tests.daemon.conftest import Recorder
from tests.intake.served import Served
from tests.security.others import SOMEBODY, as_root

PATIENCE_SECONDS = 10


@pytest.fixture
def folder() -> Iterator[Path]:
    """One whose way others can go; pytest's own is closed to them."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


def started_as_somebody(act: Callable[[], bool]) -> int:
    """A process of its own, of another user without any group of ours, that ends well if ``act`` holds."""
    child = os.fork()
    if child:
        return child
    found = False
    try:
        os.setgroups([])
        os.setresgid(SOMEBODY, SOMEBODY, SOMEBODY)
        os.setresuid(SOMEBODY, SOMEBODY, SOMEBODY)
        found = act()
    finally:
        os._exit(0 if found else 1)


def ended_well(child: int) -> bool:
    """Wait for it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def is_turned_away(path: Path) -> bool:
    """Whether the modes let this process in, and the one who listens does not answer it."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(PATIENCE_SECONDS)
        sock.connect(str(path))
        try:
            sock.sendall(b'{"ask": "status"}\n')
            return sock.recv(100) == b""
        except (BrokenPipeError, ConnectionResetError):
            return True


@as_root
def test_another_user_is_refused_even_where_the_modes_let_him_in(folder: Path) -> None:
    """The socket 0666 in a folder 0755: what counts is who the kernel says is there."""
    served = Served(folder)
    try:
        served.socket.chmod(0o666)
        served.socket.parent.chmod(0o755)
        assert ended_well(started_as_somebody(lambda: is_turned_away(served.socket)))
        assert not is_turned_away(served.socket)
    finally:
        served.stop()


@as_root
def test_the_modes_alone_keep_another_user_out(folder: Path) -> None:
    """0600 in a folder 0700: he does not even reach the one who would ask who he is."""
    served = Served(folder)

    def is_kept_out() -> bool:
        try:
            is_turned_away(served.socket)
        except PermissionError:
            return True
        return False

    try:
        assert ended_well(started_as_somebody(is_kept_out))
    finally:
        served.stop()


@as_root
def test_root_is_let_in_to_the_socket_of_a_user(folder: Path) -> None:
    """He could read the file anyway, and `sudo collector status` shall work."""
    place = folder / "theirs" / "s"
    place.parent.mkdir(mode=0o700)
    os.chown(place.parent, SOMEBODY, SOMEBODY)
    read_end, write_end = os.pipe()

    def lets_in() -> bool:
        with listen(place, 1) as server:
            server.settimeout(PATIENCE_SECONDS)
            os.write(write_end, b"x")
            with server.accept()[0] as sock:
                return same_user(sock)

    child = started_as_somebody(lets_in)
    os.close(write_end)
    assert os.read(read_end, 1) == b"x"
    os.close(read_end)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(place))
        assert ended_well(child)


def refusal(path: Path) -> str:
    """What is said when nobody may listen at ``path``."""
    with pytest.raises(CollectorError) as refused:
        listen(path, 1)
    return refused.value.message


@as_root
def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """Its owner could put a socket of his own in the place of ours."""
    (tmp_path / "run").mkdir(mode=0o700)
    os.chown(tmp_path / "run", SOMEBODY, -1)
    assert refusal(tmp_path / "run" / "s") == (
        f"{tmp_path}/run: the folder of the socket belongs to another user"
    )


def test_a_folder_that_others_can_enter_is_refused(tmp_path: Path) -> None:
    """Even where they can only look."""
    (tmp_path / "run").mkdir(mode=0o755)
    assert refusal(tmp_path / "run" / "s") == f"{tmp_path}/run: others can enter the folder of the socket"


def test_what_is_no_socket_is_never_taken_away(tmp_path: Path) -> None:
    """A file, a folder, a link, even one to a socket: a slip in the config must not delete anything."""
    tmp_path.chmod(0o700)
    (tmp_path / "file").write_text("kept")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "file")
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    for name, what in (("file", "a file"), ("folder", "a folder"), ("link", "a symbolic link")):
        assert refusal(tmp_path / name) == f"{tmp_path / name} is {what}, not a socket: it stays as it is"
    assert "a symbolic link" in refusal(tmp_path / "dangling")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["dangling", "file", "folder", "link"]
    assert (tmp_path / "file").read_text() == "kept"


def test_a_dead_socket_is_replaced_and_a_live_one_stays(tmp_path: Path) -> None:
    """Also one of another program, and one that is too busy to answer."""
    tmp_path.chmod(0o700)
    path = tmp_path / "s"
    with listen(path, 1):
        assert refusal(path) == f"{path} is in use by another recorder"
    assert path.is_socket()
    with listen(path, 0), socket.socket(socket.AF_UNIX) as waiting:
        waiting.connect(str(path))  # its queue is full now
        assert refusal(path) == f"{path} is in use by another recorder"
    path.unlink()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as another:
        another.bind(str(path))
        assert refusal(path) == f"{path} is in use by another recorder"


def test_the_daemon_opens_no_port(tmp_path: Path) -> None:
    """Of all sockets that it holds none is in the kernel's lists of TCP, UDP and raw ones."""
    with tempfile.TemporaryDirectory() as notify_folder:
        recorder = Recorder(tmp_path, notify_folder)
        recorder.configure()
        try:
            recorder.start()
            assert recorder.process is not None
            held = inodes_of(recorder.process.pid)
        finally:
            recorder.end()
    assert held != set()  # its own at least
    assert held & internet_inodes() == set()


def test_a_port_would_be_found() -> None:
    """The list that the test above looks into does hold such sockets."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert os.fstat(server.fileno()).st_ino in inodes_of(os.getpid()) & internet_inodes()


def inodes_of(pid: int) -> set[int]:
    """The sockets that a process holds."""
    links = []
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # the one with which this very list was read
            links.append(str(fd.readlink()))
    return {int(link[8:-1]) for link in links if link.startswith("socket:[")}


def internet_inodes() -> set[int]:
    """Every socket of the internet's protocols. Source: proc_net(5)."""
    lists = [Path("/proc/self/net") / f"{kind}{six}" for kind in ("tcp", "udp", "raw") for six in ("", "6")]
    lines = [line for one in lists if one.exists() for line in one.read_text().splitlines()[1:]]
    return {int(line.split()[9]) for line in lines}
