"""Finds what is wrong with a program that a config names, before it is due."""

from __future__ import annotations

import difflib
import os
import shutil
from pathlib import Path

from collector.workloads.environment import environment


def program_fault(name: str, cwd: Path | None, env: tuple[str, ...]) -> str | None:
    """What is wrong with the program ``name``, in words."""
    if "/" in name:
        place = Path(name).expanduser() if name.startswith("~") else Path(cwd or Path.cwd(), name)
        if name.startswith("~"):
            return f"'~' is a shell's; write {str(place)!r}"
        if not place.is_file():
            return f"there is no program {str(place)!r}; a path with a slash counts from cwd"
        return (
            None if os.access(place, os.X_OK) else f"{str(place)!r} is not executable; run `chmod +x` on it"
        )
    path = environment(env)["PATH"]
    if shutil.which(name, path=path):
        return None
    if " " in name.strip():
        return f"there is no program {name!r}; give each word a text of its own, or set shell = true"
    hint = difflib.get_close_matches(name, _programs(path), 1, 0.75)
    end = f" (did you mean {hint[0]!r}?)" if hint else f"; looked for it in {path}"
    return f"there is no program {name!r}{end}"


def _programs(path: str) -> set[str]:
    """The names of all files in the folders of ``path``."""
    folders = [Path(folder) for folder in path.split(":") if folder]
    return {entry.name for folder in folders if folder.is_dir() for entry in folder.iterdir()}
