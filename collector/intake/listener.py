"""The place of the socket: 0600 in a 0700 folder, and only this user is let in."""

from __future__ import annotations

import os
import socket
import stat
import struct
from contextlib import ExitStack, suppress
from pathlib import Path

from collector.client.line import short
from collector.errors import AlreadyRunning, CollectorError
from collector.store.database import inode

_ELSEWHERE = "set `socket` under [collector] to another place"
_ANSWER_SECONDS = 1.0


def listen(path: Path, backlog: int) -> socket.socket:
    """A listening socket that only this user can reach: 0600 in a 0700 folder of its own.

    Raises CollectorError when the place is not safe, is in use, or holds anything but a dead socket.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_open_folder(path.parent)
        _make_way(path)
        return _bound(path, backlog)
    except OSError as error:
        raise CollectorError(f"{path}: {error.strerror or error}", hint=_ELSEWHERE) from error


def _bound(path: Path, backlog: int) -> socket.socket:
    """The socket; where a step fails, nothing of it stays."""
    with ExitStack() as undo:
        sock = undo.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC))
        with short(path) as address:
            sock.bind(address)
        undo.callback(remove, path, inode(path))
        path.chmod(0o600)
        sock.listen(backlog)
        sock.setblocking(False)
        undo.pop_all()
    return sock


def _refuse_open_folder(folder: Path) -> None:
    """Who can write in the folder can put a socket of his own in our place."""
    found = folder.stat()
    if found.st_uid != os.geteuid():
        raise CollectorError(f"{folder}: the folder of the socket belongs to another user", hint=_ELSEWHERE)
    if found.st_mode & 0o077:
        raise CollectorError(
            f"{folder}: others can enter the folder of the socket",
            hint=f"run `chmod 700 {folder}`, or set `socket` under [collector]",
        )


def refuse_living(path: Path) -> None:
    """Raise AlreadyRunning while a recorder listens there."""
    if path.is_socket() and _is_alive(path):
        raise AlreadyRunning(
            f"another recorder listens on {path}",
            hint="stop it first, or name another database and another socket in the config",
        )


def _make_way(path: Path) -> None:
    """Take a dead recorder's socket away; anything else at its place is somebody's, and stays."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        what = "a symbolic link" if stat.S_ISLNK(mode) else "a folder" if stat.S_ISDIR(mode) else "a file"
        raise CollectorError(f"{path} is {what}, not a socket: it stays as it is", hint=_ELSEWHERE)
    if _is_alive(path):
        raise CollectorError(f"{path} is in use by another recorder", hint=_ELSEWHERE)
    path.unlink(missing_ok=True)


def _is_alive(path: Path) -> bool:
    """The lock guards our database, not this path: another database's recorder may listen there."""
    with socket.socket(socket.AF_UNIX) as sock, short(path) as address:
        sock.settimeout(_ANSWER_SECONDS)  # one whose queue is full does not answer, and lives
        try:
            sock.connect(address)
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:
            return True
    return True


def same_user(sock: socket.socket) -> bool:
    """Whether the peer runs as this user or as root; source: unix(7), SO_PEERCRED.

    Root can read the file and trace the process: to turn it away would protect nothing, and `sudo collector
    status` would not work.
    """
    credentials = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, uid, _ = struct.unpack("3i", credentials)
    return uid in (os.geteuid(), 0)


def remove(path: Path, inode_then: tuple[int, int] | None) -> None:
    """Take the socket away, if it is still ours; a dead one does no harm."""
    if inode(path) == inode_then:
        with suppress(OSError):
            path.unlink(missing_ok=True)
