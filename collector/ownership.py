"""Who else could change a file: itself, its folders, and the links on the way to it.

What a config says is run as this user, so nobody but this user and root may be able to put something
else in its place. Each folder is opened in the one before it and no name is looked up twice, so that what
was judged is what is read. Access lists count where they let others write (POSIX; not those of NFSv4).

Not looked at: groups as other machines or network directories have them, and who may mount.
"""

from __future__ import annotations

import errno
import grp
import os
import pwd
import stat
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

LINKS = 40  # more of them are a circle, says the kernel. Source: path_resolution(7)

_PLACE = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_ACCESS_LIST = "system.posix_acl_access"


class Fault(NamedTuple):
    """One place that others could change, and what to do about it."""

    place: Path
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


def faults(path: Path) -> list[str]:
    """How others could change what stands at an absolute path, in words, nearest first; empty if they cannot.

    What is not there is judged by where it would be. Never raises: what cannot be reached is not run either.
    """
    way = _Way(path)
    with suppress(OSError, ValueError), closing(way):  # ValueError: a NUL in it, so nothing can be there
        way.follow()
    return [str(fault) for fault in way.faults]


def opened(path: Path) -> tuple[int, list[Fault]]:
    """A descriptor to read a regular file from, and how others could change it or the way there.

    Raises OSError.
    """
    way = _Way(path)
    with closing(way):
        way.follow()
        if not stat.S_ISREG(os.fstat(way.here).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        # By its descriptor: its name may lead elsewhere by now.
        return os.open(f"/proc/self/fd/{way.here}", os.O_RDONLY | os.O_CLOEXEC), way.faults


class _Way:
    """The way to ``path``, one part after the other; ``here`` is a descriptor of where it has come to."""

    def __init__(self, path: Path) -> None:
        self._ahead = [*reversed(path.absolute().parts)]
        self.here = os.open("/", _PLACE)
        self._place = Path("/")
        self._links = 0
        self._found: dict[Fault, None] = {}

    @property
    def faults(self) -> list[Fault]:
        """Those found up to here, the nearest to the end first."""
        return [*reversed(self._found)]

    def close(self) -> None:
        """Let go of where it is."""
        os.close(self.here)

    def follow(self) -> None:
        """Go to the end. Raises OSError where there is no way on."""
        while self._ahead:
            name = self._ahead.pop()
            place = self._place.parent if name == ".." else self._place / name
            there = self._next(name, place)
            info = os.fstat(there)
            near = len(self._ahead) <= 1
            self._found |= dict.fromkeys(_faults(there, info, place, near=near))
            if stat.S_ISLNK(info.st_mode):
                self._turn(there)
            else:
                os.close(self.here)
                self.here, self._place = there, place

    def _next(self, name: str, place: Path) -> int:
        try:
            return os.open(name, _PLACE, dir_fd=self.here)
        except FileNotFoundError:
            mode = os.fstat(self.here).st_mode
            if mode & stat.S_IWOTH and mode & stat.S_ISVTX:  # without the second it is a fault itself
                self._found[Fault(place, "is not there, and everybody could put something there")] = None
            raise

    def _turn(self, link: int) -> None:
        """Go on by a link, from the folder in which it stands."""
        try:
            target = os.readlink("", dir_fd=link)
        finally:
            os.close(link)
        self._links += 1
        if self._links > LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        self._ahead += reversed(Path(target).parts)


def _faults(fd: int, info: os.stat_result, place: Path, *, near: bool) -> Iterator[Fault]:
    """What is wrong with one place; ``near`` is the end of the way and the folder that holds it."""
    mode, is_folder = info.st_mode, stat.S_ISDIR(info.st_mode)
    if info.st_uid not in (0, os.geteuid()):
        yield Fault(place, f"belongs to {_user(info.st_uid)}; it must belong to you or root")
    elif stat.S_ISLNK(mode) or (is_folder and mode & stat.S_ISVTX):
        return  # links have no mode; and in /tmp, which is sticky, nobody can replace what is not theirs
    elif mode & stat.S_IWOTH:
        yield Fault(place, f"everybody can write it; run `chmod o-w {place}`")
    elif mode & stat.S_IWGRP and not (is_folder and not near and info.st_uid == 0):
        # Further up a folder of root's may belong to a group of administrators (/usr/local is staff's).
        if _has_access_list(fd):
            yield Fault(place, f"an access list lets others write it; run `setfacl -b {place}`")
        elif not _is_private(info.st_gid):
            yield Fault(place, f"others in its group can write it; run `chmod g-w {place}`")


def _has_access_list(fd: int) -> bool:
    """Whether more than owner and group have rights; what they may at most stands in the group's bits."""
    try:
        return bool(os.getxattr(f"/proc/self/fd/{fd}", _ACCESS_LIST))
    except OSError:  # there is none, or the file system knows none
        return False


def _is_private(gid: int) -> bool:
    """Whether a group holds nobody but this user or root (Debian gives each user one of their own)."""
    if gid == 0:
        return True
    try:
        me, group = pwd.getpwuid(os.geteuid()), grp.getgrgid(gid)
    except KeyError:
        return False
    return gid == me.pw_gid and group.gr_name == me.pw_name and set(group.gr_mem) <= {me.pw_name}


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
