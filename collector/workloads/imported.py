"""Where the module of a callable comes from, and who else could change it; nothing is imported for it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from importlib.machinery import (
    BYTECODE_SUFFIXES,
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    ModuleSpec,
    SourceFileLoader,
    SourcelessFileLoader,
)
from pathlib import Path

from collector import ownership
from collector.workloads.environment import environment

# One of the names that hide a module of the standard library: others may put it into a sticky folder.
HIDING = "json.py"
_LOADERS = (
    (ExtensionFileLoader, EXTENSION_SUFFIXES),
    (SourceFileLoader, SOURCE_SUFFIXES),
    (SourcelessFileLoader, BYTECODE_SUFFIXES),
)


def module_exposures(module: str, first: Iterable[Path], rest: Iterable[str]) -> list[str]:
    """How others could change what an import of ``module`` runs, in words; empty where they cannot."""
    places = module_places(module, first, rest)
    return list(dict.fromkeys(fault for place in places for fault in ownership.faults(place)))


def module_places(module: str, first: Iterable[Path], rest: Iterable[str]) -> Iterator[Path]:
    """What decides what an import of ``module`` runs, which may be empty.

    ``first`` are the folders that come before those of the interpreter: whoever can write one of them can
    hide any module of the standard library, so each is judged as a whole. ``rest`` are the others. Of the
    module its file and those of the packages around it are looked at, compiled ones too; not what these
    import, nor archives.
    """
    before = list(first)
    if module:
        yield from _files(
            module, [place for place in (*map(str, before), *rest) if place and "\0" not in place]
        )
    yield from before
    yield from (folder / HIDING for folder in before)


def searched_first(cwd: Path, env: tuple[str, ...]) -> list[Path]:
    """The folders of PYTHONPATH that a child is given."""
    given = environment(env).get("PYTHONPATH")
    return [cwd / folder for folder in given.split(os.pathsep)] if given else []


def _files(module: str, folders: list[str]) -> Iterator[Path]:
    for name in module.split("."):
        spec = _spec(name, folders)
        if spec is None:
            return
        if spec.has_location:
            yield from (Path(place) for place in (spec.origin, spec.cached) if place)
        folders = list(spec.submodule_search_locations or ())


def _spec(name: str, folders: list[str]) -> ModuleSpec | None:
    """The first that can be loaded; else a folder without ``__init__.py``, which is a package, too."""
    # Finders of our own: those of the interpreter remember what was in a folder.
    found = [spec for folder in folders if (spec := FileFinder(folder, *_LOADERS).find_spec(name))]
    return next((spec for spec in found if spec.loader), found[0] if found else None)
