"""Where one-file features announce themselves: samplers, workload kinds, record kinds, commands."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import Generic, TypeVar

T = TypeVar("T")


class Registry(Generic[T]):
    """Names and the things they stand for, in the order they were announced.

    ``what`` is the word used in errors: "sampler", "workload kind".
    """

    def __init__(self, what: str) -> None:
        self.what = what
        self._things: dict[str, T] = {}

    def add(self, name: str, thing: T) -> T:
        """Announce ``thing`` under ``name``; raises ValueError when the name is taken."""
        if name in self._things:
            raise ValueError(f"two of {self.what} {name!r}")
        self._things[name] = thing
        return thing

    def __getitem__(self, name: str) -> T:
        return self._things[name]

    def __contains__(self, name: object) -> bool:
        return name in self._things

    def __iter__(self) -> Iterator[str]:
        return iter(self._things)

    def __len__(self) -> int:
        return len(self._things)

    def values(self) -> list[T]:
        """Everything announced so far."""
        return list(self._things.values())

    def remove(self, name: str) -> None:
        """Forget ``name``; for tests that announce something of their own."""
        del self._things[name]


def discover(package: ModuleType) -> None:
    """Import every module of ``package``, so that each can announce itself.

    This is what makes a dropped-in file enough: nothing lists the files but the folder.
    """
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
        if not info.name.startswith("_"):
            importlib.import_module(f"{package.__name__}.{info.name}")


def nearest(name: str, known: object) -> str:
    """A near-miss hint, `` (did you mean 'x'?)``, or nothing when no name is close."""
    close = difflib.get_close_matches(name, [str(k) for k in known], 1, 0.6)  # type: ignore[attr-defined]
    return f" (did you mean {close[0]!r}?)" if close else ""
