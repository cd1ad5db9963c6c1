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
from collector.toml_lines import KeyPath, lines_of

_BY_OTHERS = stat.S_IWOTH | stat.S_IWGRP


def find(explicit: Path | None) -> Path | None:
    """The config in use: ``explicit``, ``$COLLECTOR_CONFIG``, the user's, the machine's, or none.

    Raises ConfigError when a file was named and is not there.
    """
    if explicit is not None:
        return _named("--config", explicit)
    if from_environment := os.environ.get("COLLECTOR_CONFIG"):
        return _named("$COLLECTOR_CONFIG", Path(from_environment))
    home = at_home("XDG_CONFIG_HOME", "~/.config")
    for path in (home / "collector/collector.toml", Path("/etc/collector/collector.toml")):
        if os.path.lexists(path):  # one that is there and cannot be used is a fault, not a reason to go on
            return _named(str(path), path)
    return None


def at_home(variable: str, default: str) -> Path:
    """A folder of the XDG base directories; a relative one is to be ignored, says their specification."""
    given = os.environ.get(variable, "")
    return home_expanded(Path(given if Path(given).is_absolute() else default))


def home_expanded(path: Path) -> Path:
    """``path`` with ``~`` at its beginning replaced; left alone where there is no such user."""
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def is_folder(path: Path) -> bool:
    """Whether there is such a folder, as far as this user can see; never raises."""
    try:
        return path.is_dir()
    except OSError:  # a name that is too long, a folder on the way that is closed to us
        return False


def is_special(path: Path) -> bool:
    """Whether there is something of this name that is neither file nor folder: a pipe, a device."""
    try:
        return path.exists() and not path.is_file() and not path.is_dir()
    except OSError:
        return False


def _named(key: str, given: Path) -> Path:
    path = home_expanded(given)
    if is_folder(path):
        raise ConfigError(str(path), [Problem(key, "is a directory, not a config file")])
    try:
        is_there = path.is_file()
    except OSError as error:
        raise ConfigError(str(path), [Problem(key, error.strerror or str(error))]) from None
    if not is_there:
        raise ConfigError(str(path), [Problem(key, "there is no such file")])
    return path


def read(path: Path) -> tuple[dict[str, Any], dict[KeyPath, int]]:
    """Parse the file; return its tables, and the line of every header and key.

    Raises ConfigError when it is not TOML, not readable, or could have been written by somebody else.
    """
    try:
        real = path.resolve()
        _refuse_if_others_can_write(path, real)
        # Not `path` again: a link on the way to it may have been turned since.
        text = real.read_text(encoding="utf-8")
        return tomllib.loads(text), lines_of(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at line (\d+)", str(error))
        reason = re.sub(r" \(at (line|end).*", "", str(error))
        line = int(found[1]) if found else None
        raise ConfigError(str(path), [Problem("not TOML", reason, line)]) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError(str(path), [Problem("not UTF-8", f"byte {error.start} is none", line)]) from None
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits, a thousand brackets
        raise ConfigError(str(path), [Problem("not usable", str(error))]) from None
    except OSError as error:
        raise ConfigError(str(path), [Problem("cannot read it", error.strerror or str(error))]) from None


def _refuse_if_others_can_write(path: Path, real: Path) -> None:
    """A config names commands that run as this user, so nobody else may be able to change it."""
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
