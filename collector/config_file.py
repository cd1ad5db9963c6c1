"""The config file as text: finding it, refusing one that others can write, and its line numbers."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Any

from collector import ownership
from collector.errors import ConfigError, Problem
from collector.homes import home_expanded
from collector.toml_lines import KeyPath, lines_of


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

    It names commands that run as this user. Raises ConfigError when it is not TOML, not readable, or could
    have been written by somebody else.
    """
    try:
        text = _text(path)
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


def _text(path: Path) -> str:
    """The text of the very file that was judged. Raises ConfigError where others can write it."""
    fd, faults = ownership.opened(path)
    with open(fd, encoding="utf-8") as file:
        if faults:
            raise ConfigError(str(path), [Problem(str(fault.place), fault.message) for fault in faults])
        return file.read()
