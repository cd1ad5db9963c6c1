"""Where the daemon listens, found as the daemon itself would place its socket.

The rules are those of `collector.settings` and `collector.config_file`, told again with the standard
library only; `tests/client/test_place.py` compares the two.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from collector.client.late import importing


def find(given: str | Path | None) -> Path:
    """The socket: ``given``, ``$COLLECTOR_SOCKET``, the config's, or the default one.

    A config that cannot be read says nothing. May load tomllib, so this is for the sender's thread.
    """
    if given is not None:
        return _at_home(Path(given))
    if from_environment := os.environ.get("COLLECTOR_SOCKET"):
        return _at_home(Path(from_environment))
    config = _config()
    settings = _recorder_settings(config) if config is not None else {}
    folder = config.resolve().parent if config is not None else Path()
    if socket := _path(settings.get("socket"), folder):
        return socket
    database = _path(settings.get("database"), folder)
    if database is None:
        database = _base("XDG_STATE_HOME", "~/.local/state") / "collector/collector.db"
    return database.parent / "run" / f"{database.stem}.sock"


def _config() -> Path | None:
    if from_environment := os.environ.get("COLLECTOR_CONFIG"):
        return _at_home(Path(from_environment))
    home = _base("XDG_CONFIG_HOME", "~/.config")
    places = (home / "collector/collector.toml", Path("/etc/collector/collector.toml"))
    return next((path for path in places if os.path.lexists(path)), None)


def _recorder_settings(config: Path) -> dict[str, Any]:
    """The table ``[collector]``; empty where the daemon would refuse the file as well."""
    with importing:
        import tomllib  # noqa: PLC0415  # 12 ms, and most applications never need it
    try:
        section = tomllib.loads(config.read_text(encoding="utf-8")).get("collector")
    except (OSError, ValueError, RecursionError):
        return {}
    return section if isinstance(section, dict) else {}


def _path(value: object, folder: Path) -> Path | None:
    """A path of the config: ``~`` is home, and a relative one counts from the config's folder."""
    if not isinstance(value, str) or not value or "\0" in value:
        return None
    return folder / _at_home(Path(value))


def _base(variable: str, default: str) -> Path:
    """A folder of the XDG base directories; a relative one is to be ignored, says their specification."""
    given = Path(os.environ.get(variable, ""))
    return given if given.is_absolute() else _at_home(Path(default))


def _at_home(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:  # a user without a home
        return path
