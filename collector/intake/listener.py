"""The place of the socket: 0600 in a 0700 folder, and only this user is let in."""

from __future__ import annotations

import os
import socket
import struct
from contextlib import suppress
from pathlib import Path

from collector.client.line import short
from collector.errors import CollectorError


def listen(path: Path, backlog: int) -> socket.socket:
    """A listening socket that only this user can reach: 0600 in a 0700 folder."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.parent.stat().st_mode & 0o077:
            raise CollectorError(
                f"{path.parent}: others can enter the folder of the socket",
                hint=f"run `chmod 700 {path.parent}`, or set `socket` under [collector]",
            )
        _refuse_if_alive(path)
        path.unlink(missing_ok=True)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        with short(path) as address:
            sock.bind(address)
        path.chmod(0o600)
        sock.listen(backlog)
        sock.setblocking(False)
    except OSError as error:
        raise CollectorError(
            f"{path}: {error.strerror or error}", hint="set `socket` under [collector] to another place"
        ) from error
    return sock


def _refuse_if_alive(path: Path) -> None:
    """The lock guards our database, not this path: another database's recorder may listen there."""
    try:
        with socket.socket(socket.AF_UNIX) as sock, short(path) as address:
            sock.connect(address)
    except OSError:
        return  # nobody answers: it is a dead one's, or not there
    raise CollectorError(
        f"{path} is in use by another recorder", hint="set `socket` under [collector] to another place"
    )


def inode(path: Path) -> int | None:
    """The number of the file at ``path``, None when there is none."""
    try:
        return path.stat().st_ino
    except OSError:
        return None


def same_user(sock: socket.socket) -> bool:
    """Whether the peer runs as this user or as root; source: unix(7), SO_PEERCRED."""
    credentials = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, uid, _ = struct.unpack("3i", credentials)
    return uid in (os.geteuid(), 0)


def remove(path: Path, inode_then: int | None) -> None:
    """Take the socket away, if it is still ours; a dead one does no harm."""
    if inode(path) == inode_then:
        with suppress(OSError):
            path.unlink(missing_ok=True)
