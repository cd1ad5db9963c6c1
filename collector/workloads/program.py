"""Finds what is wrong with a program that a config names, before it is due."""

from __future__ import annotations

import difflib
import os
import shutil
from contextlib import suppress
from pathlib import Path

from collector.workloads.environment import environment


def program_fault(name: str, cwd: Path | None, env: tuple[str, ...]) -> str | None:
    """What is wrong with the program ``name``, in words; a path with a slash counts from ``cwd``."""
    if name.startswith("~"):
        return f"'~' is a shell's; write {str(Path(name).expanduser())!r}"
    if "/" in name:
        return _file_fault(Path(name), cwd)
    path = environment(env)["PATH"]
    if shutil.which(name, path=path):
        return None
    if " " in name.strip():
        return f"there is no program {name!r}; give each word a text of its own, or set shell = true"
    hint = difflib.get_close_matches(name, _programs(path), 1, 0.75)
    end = f" (did you mean {hint[0]!r}?)" if hint else f"; looked for it in {path}"
    return f"there is no program {name!r}{end}"


def _file_fault(path: Path, cwd: Path | None) -> str | None:
    if cwd is None and not path.is_absolute():
        return "a relative path counts from cwd, which is not given"
    place = Path(cwd or "/", path)
    if not place.is_file():
        return f"there is no program {str(place)!r}"
    return None if os.access(place, os.X_OK) else f"{str(place)!r} is not executable; run `chmod +x` on it"


def _programs(path: str) -> set[str]:
    """The names of all files in the folders of ``path``."""
    folders = [Path(folder) for folder in path.split(":") if folder]
    found: set[str] = set()
    for folder in folders:
        with suppress(OSError):  # a folder that this user may not look into holds nothing for them
            found |= {entry.name for entry in folder.iterdir()}
    return found
