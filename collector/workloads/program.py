"""Finds what is wrong with a program that a config names, before it is due, and who else could change it."""

from __future__ import annotations

import difflib
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from collector import ownership
from collector.homes import home_expanded
from collector.workloads.environment import environment
from collector.workloads.imported import module_places, searched_first
from collector.workloads.named import in_variables, in_words
from collector.workloads.scripts import Behind, Words, behind

FIRST_LINE_BYTES = 256  # the kernel reads no more of a script. Source: execve(2)
HERE = Path("/proc/self/cwd")  # where a child begins that is given no folder
DEEPEST = 8  # programs that start programs; the kernel follows 5 first lines. Source: execve(2)


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


def program_exposures(argv: Sequence[str], cwd: Path | None, env: tuple[str, ...]) -> list[str]:
    """How others could change what runs as ``argv``, in words; empty where they cannot.

    Looked at are the program, the interpreters of its first line, for a bare name each folder of PATH up to
    it, where another of that name would come first, what `scripts` knows that the words behind it have it run
    (``python3 job.py``, ``env ./job``), and of all words those that `named` takes for files to be run. Not
    looked at: other files that a program has in its words, what a shell runs after its first command, and
    what a script, a Makefile or a module names and loads itself. Of variables only those that words set
    (``env LD_PRELOAD=…``): see `variable_exposures`.
    """
    return _faults(_run_from(tuple(argv), cwd or HERE, env))


def variable_exposures(env: tuple[str, ...], cwd: Path | None) -> list[str]:
    """How others could change what the variables of a child have it load, in words."""
    return _faults(in_variables(environment(env), cwd or HERE))


def _faults(places: Iterable[Path]) -> list[str]:
    places = dict.fromkeys(places)  # words behind several wrappers are looked at several times
    return list(dict.fromkeys(fault for place in places for fault in ownership.faults(place)))


def _run_from(words: Words, cwd: Path, env: Words, deepest: int = DEEPEST) -> Iterator[Path]:
    """All files that decide what runs, whether or not they are there."""
    if not words or not deepest:
        return
    program = None
    for place in _candidates(words[0], cwd, env):
        yield place
        if _is_file(place) and os.access(place, os.X_OK):
            program = place
            break
    if program is not None and (interpreter := _first_line(program)):
        yield from _run_from((*interpreter, str(program)), cwd, env, deepest - 1)
    for place in in_words(words[1:], cwd):
        yield place
        yield from _run_from(_first_line(place), cwd, env, deepest - 1)
    then = behind(words, cwd, env)
    yield from then.files
    if then.env != env:
        yield from in_variables(environment(then.env), then.cwd)
    yield from _imported(then, words[0])
    yield from _run_from(then.program, then.cwd, then.env, deepest - 1)


def _candidates(name: str, cwd: Path, env: Words) -> Iterator[Path]:
    """Where a program may be, in the order in which it is looked for."""
    folders = [""] if "/" in name else environment(env)["PATH"].split(":")
    yield from (cwd / folder / name for folder in folders)


def _first_line(program: Path) -> Words:
    """The interpreter that a script names, and the word behind it; empty where it is no script."""
    try:
        with program.open("rb") as file:
            line = file.read(FIRST_LINE_BYTES).partition(b"\n")[0]
    except (OSError, ValueError):  # what cannot be read is no script; a NUL stands in no name
        return ()
    words = os.fsdecode(line[2:]).split(None, 1) if line.startswith(b"#!") else []
    # The kernel looks in no PATH.
    return (os.path.join(".", words[0]), *(word.strip() for word in words[1:])) if words else ()  # noqa: PTH118  # a Path drops the dot


def _imported(then: Behind, interpreter: str) -> Iterator[Path]:
    """What Python imports first; the folders of another interpreter than ours are not known."""
    if then.imports:
        rest = sys.path if interpreter == sys.executable else []
        first = [*then.imports, *searched_first(then.cwd, then.env)]
        yield from module_places(then.module, first, rest)


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
