"""Files that words and variables name, and that a program may run or load.

What a program makes of its words is known of a few only (see `scripts`); of any other one, a file that is
made to be run is taken for one that it runs. A file that is only read may be anybody's: a log that is
searched need not be root's. What tells them apart is a bit that lets it be executed, or the ending of its
name; nothing of what stands in it, since others may write that.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

ENDINGS = (
    *("sh", "bash", "dash", "zsh", "ksh", "csh", "fish", "py", "pyc", "pyz", "pl", "pm", "rb", "php", "lua"),
    *("js", "mjs", "cjs", "ts", "tcl", "awk", "sed", "r", "jl", "jar", "sql", "mk", "wasm", "so", "ko"),
)
_RUNS = re.compile(rf"\.(?:{'|'.join(ENDINGS)})(?:\.[\d.]+)?$", re.IGNORECASE)  # libfast.so.1, too
# Variables that have the loader, or an interpreter, load a file, or look for one in a folder.
FILES = ("LD_PRELOAD", "LD_AUDIT", "BASH_ENV", "ENV", "PYTHONSTARTUP")
FOLDERS = (
    *("LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "PERL5LIB", "PERLLIB", "RUBYLIB", "NODE_PATH"),
    *("CLASSPATH", "GCONV_PATH", "GIT_EXEC_PATH", "ZDOTDIR"),
)
OPTIONS = ("NODE_OPTIONS", "RUBYOPT", "PERL5OPT", "JAVA_TOOL_OPTIONS", "GIT_SSH_COMMAND")
# Where everybody can put a file (as into /tmp), a program that looks for one would find it.
ANY = "anything"
_BETWEEN = {"LD_PRELOAD": r"[:\s]", "LD_AUDIT": ":", "LD_LIBRARY_PATH": "[:;]"}


def in_words(words: Iterable[str], cwd: Path) -> Iterator[Path]:
    """The files among the words, or behind the ``=`` or the letter of an option, that are made to be run."""
    for word in words:
        for name in (word, word.partition("=")[2], word[2:] if re.match("-[^-]", word) else ""):
            if name and (place := cwd / name) and is_made_to_be_run(place):
                yield place


def is_made_to_be_run(place: Path) -> bool:
    """Whether a regular file stands there that may be executed, or has the ending of a script or a library.

    Never raises.
    """
    try:
        return place.is_file() and (bool(place.stat().st_mode & 0o111) or bool(_RUNS.search(place.name)))
    except (OSError, ValueError):  # too long a name, a NUL in it, a folder on the way that is closed to us
        return False


def in_variables(variables: Mapping[str, str], cwd: Path) -> Iterator[Path]:
    """What the variables of a child have it load, or where it looks for that, there or not."""
    for name in FILES:
        yield from (cwd / part for part in _parts(name, variables) if "/" in part or name not in _BETWEEN)
    for name in FOLDERS:
        for part in _parts(name, variables):
            yield from (cwd / part, cwd / part / ANY)
    for name in OPTIONS:
        yield from in_words(variables.get(name, "").split(), cwd)


def _parts(name: str, variables: Mapping[str, str]) -> list[str]:
    """The parts of a value; of a list an empty one is the folder where the child begins."""
    value = variables.get(name, "")
    if name in FILES:
        return [part for part in re.split(_BETWEEN.get(name, r"\Z"), value) if part]
    return re.split(_BETWEEN.get(name, os.pathsep), value) if value else []
