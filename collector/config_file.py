"""The config file as text: finding it, refusing one that others can write, and its line numbers."""

from __future__ import annotations

import grp
import os
import pwd
import re
import stat
import tomllib
from pathlib import Path
from typing import Any

from collector.errors import ConfigError, Problem

KeyPath = tuple[str | int, ...]

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\]]+?)\s*\]")
_PART = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_KEY = re.compile(rf"\s*({_PART}(?:\s*\.\s*{_PART})*)\s*=")
_BY_OTHERS = stat.S_IWOTH | stat.S_IWGRP
_QUIET = re.compile(r'"(?:\\.|[^"\\])*"|\'[^\']*\'|#.*')


def find(explicit: Path | None) -> Path | None:
    """The config in use: ``explicit``, ``$COLLECTOR_CONFIG``, the user's, the machine's, or none.

    Raises ConfigError when a file was named and is not there.
    """
    named = explicit or (Path(os.environ["COLLECTOR_CONFIG"]) if os.environ.get("COLLECTOR_CONFIG") else None)
    if named is not None:
        path = named.expanduser()
        if not path.is_file():
            kind = "is a directory, not a config file" if path.is_dir() else "there is no such file"
            raise ConfigError(str(path), [Problem("--config", kind)])
        return path
    home = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    for path in (Path(home).expanduser() / "collector/collector.toml", Path("/etc/collector/collector.toml")):
        if path.is_file():
            return path
    return None


def read(path: Path) -> tuple[dict[str, Any], dict[KeyPath, int]]:
    """Parse the file; return its tables, and the line of every header and key.

    Raises ConfigError when it is not TOML, not readable, or could have been written by somebody else.
    """
    _refuse_if_others_can_write(path)
    try:
        text = path.read_text(encoding="utf-8")
        return tomllib.loads(text), lines_of(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at line (\d+)", str(error))
        reason = re.sub(r" \(at (line|end).*", "", str(error))
        line = int(found[1]) if found else None
        raise ConfigError(str(path), [Problem("not TOML", reason, line)]) from None
    except UnicodeDecodeError as error:
        raise ConfigError(str(path), [Problem("not UTF-8", f"byte {error.start} cannot be read")]) from None
    except OSError as error:
        raise ConfigError(str(path), [Problem("cannot read it", error.strerror or str(error))]) from None


def lines_of(text: str) -> dict[KeyPath, int]:
    """The line number, from 1, of every table header and key in a TOML text that parses."""
    found: dict[KeyPath, int] = {}
    table: KeyPath = ()
    counts: dict[KeyPath, int] = {}
    inside = ""  # the closing mark of a multi-line string, or "[" in a multi-line array
    depth = 0
    for number, line in enumerate(text.split("\n"), 1):
        if inside:
            inside = "" if inside in line else inside
            continue
        if depth == 0:
            if header := _HEADER.match(line):
                table = _enter(header[2], header[1] == "[[", counts)
                found[table] = number
                continue
            if key := _KEY.match(line):
                found[(*table, *_split(key[1]))] = number
        for mark in ('"""', "'''"):
            if line.count(mark) % 2:
                inside = mark
        bare = _QUIET.sub("", line)
        depth = max(0, depth + bare.count("[") + bare.count("{") - bare.count("]") - bare.count("}"))
    return found


def _enter(name: str, is_array: bool, counts: dict[KeyPath, int]) -> KeyPath:
    """The key path of a table header; ``[[a]]`` counts its own, ``[a.b]`` means the latest ``a``."""
    path: KeyPath = ()
    parts = _split(name)
    for i, part in enumerate(parts):
        path = (*path, part)
        if is_array and i == len(parts) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


def _split(dotted: str) -> KeyPath:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))


def _refuse_if_others_can_write(path: Path) -> None:
    """A config names commands that run as this user, so nobody else may be able to change it."""
    real = path.resolve()
    near, far = (real, real.parent), real.parents[1:]
    problems = [_writable_by_others(place, _BY_OTHERS) for place in near]
    # Further up a folder of root's may belong to a group of administrators (/usr/local is staff's).
    problems += [_writable_by_others(place, stat.S_IWOTH) for place in far]
    if found := [problem for problem in problems if problem]:
        raise ConfigError(str(path), found)


def _writable_by_others(place: Path, forbidden: int) -> Problem | None:
    """The fault of ``place``, looking at the mode bits in ``forbidden``."""
    try:
        info = place.stat()
    except OSError as error:
        return Problem(str(place), error.strerror or str(error))
    if info.st_uid not in (0, os.geteuid()):
        return Problem(str(place), f"belongs to {_user(info.st_uid)}; it must belong to you or root")
    # In a sticky folder such as /tmp nobody can replace a file that is not theirs.
    if stat.S_ISDIR(info.st_mode) and info.st_mode & stat.S_ISVTX:
        return None
    if info.st_mode & stat.S_IWOTH:
        return Problem(str(place), f"everybody can write it; run `chmod o-w {place}`")
    if info.st_mode & forbidden & stat.S_IWGRP and not _private_group(info.st_gid):
        return Problem(str(place), f"others in its group can write it; run `chmod g-w {place}`")
    return None


def _private_group(gid: int) -> bool:
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
