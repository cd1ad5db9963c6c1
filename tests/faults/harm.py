"""What is done to a database file: each writes into the file at a path, whoever has it open."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

from tests.faults.pages import PAGE

Harm = Callable[[Path, random.Random, int], str]  # says what it did; the number chooses among variants

# Offset and size of what the first 100 bytes tell, https://www.sqlite.org/fileformat2.html#the_database_header
HEADER = {
    "magic": (0, 16), "page size": (16, 2), "write version": (18, 1), "read version": (19, 1),
    "reserved bytes": (20, 1), "largest fraction": (21, 1), "least fraction": (22, 1),
    "leaf fraction": (23, 1), "change counter": (24, 4), "pages": (28, 4), "first free page": (32, 4),
    "free pages": (36, 4), "schema cookie": (40, 4), "schema format": (44, 4), "cache size": (48, 4),
    "largest root": (52, 4), "encoding": (56, 4), "user version": (60, 4), "incremental": (64, 4),
    "application id": (68, 4), "expansion": (72, 20), "version valid for": (92, 4), "version": (96, 4),
}  # fmt: skip


def zeroed(path: Path, chance: random.Random, number: int) -> str:
    """Some pages are zeros."""
    return _overwritten(path, chance, bytes)


def garbage(path: Path, chance: random.Random, number: int) -> str:
    """Some pages are bytes that mean nothing."""
    return _overwritten(path, chance, chance.randbytes)


def truncated(path: Path, chance: random.Random, number: int) -> str:
    """The file ends too early, every second time in the middle of a page."""
    size = chance.randrange(1, path.stat().st_size)
    size = size if number % 2 else max(PAGE, size // PAGE * PAGE)
    os.truncate(path, size)
    return f"cut off at {size}"


def header(path: Path, chance: random.Random, number: int) -> str:
    """One field of the header is random, a different one each time."""
    name = [*HEADER][number % len(HEADER)]
    at, size = HEADER[name]
    old = path.read_bytes()[at : at + size]
    new = next(some for some in iter(lambda: chance.randbytes(size), None) if some != old)
    _write(path, at, new)
    return f"{name} {old.hex()} → {new.hex()}"


def emptied(path: Path, chance: random.Random, number: int) -> str:
    """The file has 0 bytes."""
    os.truncate(path, 0)
    return "emptied"


def gone(path: Path, chance: random.Random, number: int) -> str:
    """There is no file."""
    path.unlink()
    return "deleted"


def _overwritten(path: Path, chance: random.Random, made: Callable[[int], bytes]) -> str:
    """From one page up to 5 % of them, the first among them every tenth time."""
    pages = path.stat().st_size // PAGE
    chosen = chance.sample(range(2, pages + 1), chance.randint(1, max(1, pages // 20)))
    if chance.random() < 0.1:
        chosen[0] = 1
    for number in chosen:
        _write(path, (number - 1) * PAGE, made(PAGE))
    return f"pages {sorted(chosen)}"


def _write(path: Path, at: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)
