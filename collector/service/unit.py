"""The unit files: where they go, and the installed program's path put into them."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from collector.config_file import at_home
from collector.homes import home_expanded

NAME = "collector.service"
_FOLDER = Path(__file__).parent
_SYSTEM = Path("/etc/systemd/system")


def path(*, system: bool) -> Path:
    """Where the unit file belongs: with the machine's, or with this user's."""
    return (_SYSTEM if system else at_home("XDG_CONFIG_HOME", "~/.config") / "systemd/user") / NAME


def render(*, system: bool, config: Path | None = None, program: Path | None = None) -> str:
    """The unit with the full path of ``program`` (default: the one of this environment) in it."""
    template = _FOLDER / (NAME if system else "collector-user.service")
    words = [*_program(program), "run"]
    if config is not None:
        words += ["--config", str(home_expanded(config).absolute())]
    line = "ExecStart=" + " ".join(quoted(word) for word in words)
    return re.sub(r"^ExecStart=.*$", lambda _: line, template.read_text(encoding="utf-8"), flags=re.MULTILINE)


def _program(given: Path | None) -> list[str]:
    """The script beside the interpreter; where there is none, the interpreter with ``-m``."""
    script = given or Path(sys.executable).with_name("collector")
    return [str(script)] if script.is_file() else [sys.executable, "-m", "collector"]


def quoted(word: str) -> str:
    """A word of a command line as ExecStart= takes it; source: systemd.service(5), COMMAND LINES."""
    plain = word.replace("%", "%%").replace("$", "$$")
    if re.fullmatch(r"[\w@%+=:,./$-]+", plain, re.ASCII):
        return plain
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def closed_to_others(program: Path) -> Path | None:
    """The first folder on the way to ``program`` that keeps other users out, or None."""
    folders = reversed(program.resolve().parents)
    return next((folder for folder in folders if folder.stat().st_mode & 0o001 == 0), None)
