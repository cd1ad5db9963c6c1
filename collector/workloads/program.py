"""Finds what is wrong with a program that a config names, before it is due, and who else could change it."""

from __future__ import annotations

import difflib
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from collector import ownership
from collector.homes import home_expanded
from collector.workloads.environment import environment

FIRST_LINE_BYTES = 256  # the kernel reads no more of a script. Source: execve(2)
INTERPRETERS = 5  # of interpreters that are scripts themselves. Source: execve(2)


def program_fault(name: str, cwd: Path | None, env: tuple[str, ...]) -> str | None:
    """What is wrong with the program ``name``, in words; a path with a slash counts from ``cwd``."""
    if name.startswith("~"):
        return f"'~' is a shell's; write {str(home_expanded(Path(name)))!r}"
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


def program_exposures(name: str, cwd: Path | None, env: tuple[str, ...]) -> list[str]:
    """How others could change what runs as ``name``, in words; empty where they cannot.

    Looked at are the program, the interpreters of its first line, and for a bare name each folder of PATH
    up to it, where another of that name would come first. Not looked at: what it is told to run by the
    words behind it (``python3 job.py``, ``env``), and what it loads itself.
    """
    places = _run_from(name, cwd or Path("/"), env)
    return list(dict.fromkeys(fault for place in places for fault in ownership.faults(place)))


def _run_from(name: str, cwd: Path, env: tuple[str, ...]) -> Iterator[Path]:
    """All files that decide what runs, whether or not they are there."""
    folders = [""] if "/" in name else environment(env)["PATH"].split(":")
    for folder in folders:
        program = cwd / folder / name
        yield program
        if _is_file(program) and os.access(program, os.X_OK):
            yield from _interpreters(program, cwd)
            return


def _interpreters(program: Path, cwd: Path) -> Iterator[Path]:
    """The program of a script's first line, and of that one's, and so on."""
    for _ in range(INTERPRETERS):
        try:
            with program.open("rb") as file:
                words = file.read(FIRST_LINE_BYTES).partition(b"\n")[0].partition(b"#!")
        except (OSError, ValueError):  # what cannot be read is no script; a NUL stands in no name
            return
        if words[0] or not words[2].strip():
            return
        program = cwd / os.fsdecode(words[2].split()[0])
        yield program


def _file_fault(path: Path, cwd: Path | None) -> str | None:
    if cwd is None and not path.is_absolute():
        return "a relative path counts from cwd, which is not given"
    place = Path(cwd or "/", path)
    if not _is_file(place):
        return f"there is no program {str(place)!r}"
    return None if os.access(place, os.X_OK) else f"{str(place)!r} is not executable; run `chmod +x` on it"


def _is_file(place: Path) -> bool:
    """Whether there is such a file, as far as this user can see; never raises."""
    try:
        return place.is_file()
    except OSError:  # a name that is too long, a folder on the way that is closed to us
        return False


def _programs(path: str) -> set[str]:
    """The names of all files in the folders of ``path``."""
    folders = [Path(folder) for folder in path.split(":") if folder]
    found: set[str] = set()
    for folder in folders:
        with suppress(OSError):  # a folder that this user may not look into holds nothing for them
            found |= {entry.name for entry in folder.iterdir()}
    return found
