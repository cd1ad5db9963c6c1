"""What a disk may hold when the power goes: rebuilt from the journal that the shim wrote of every call.

What was synced is there. Of what came later each write is there, missing, or torn between sectors, in any
order; of the changes of names (made, removed, renamed, linked) since the folder was last synced the first few
are there, as a file system that journals them keeps them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from tests.faults.shim import Calls, Entry

SECTOR_BYTES = 512

Contents = dict[str, bytes]


def contents(folder: Path) -> Contents:
    """The files of a folder by name, as they are before anything is journaled. None of them may be in use."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@dataclass
class File:
    """A file: what is surely on the disk, and what was done to it since it was synced."""

    synced: bytearray
    later: list[Entry] = field(default_factory=list)

    def sync(self) -> None:
        """All that was done is on the disk."""
        for entry in self.later:
            _apply(self.synced, entry, [(0, len(entry.data))])
        self.later = []

    def after_cut(self, chance: random.Random) -> bytes:
        """One of the many things the disk may hold."""
        image = bytearray(self.synced)
        for entry in _disordered(self.later, chance):
            _apply(image, entry, _survivors(entry, chance))
        return bytes(image)


class Disk:
    """One folder on a disk that has lost nothing yet."""

    def __init__(self, folder: Path, before: Contents) -> None:
        self._folder = folder.resolve()
        self._names = {name: File(bytearray(data)) for name, data in before.items()}
        self._on_disk = dict(self._names)
        self._later: list[Callable[[dict[str, File]], object]] = []

    def replay(self, entries: Iterable[Entry]) -> Disk:
        """Do what the journal says, in its order."""
        for entry in entries:
            if not entry.path.name.endswith(("-shm", " (deleted)")):
                self._do(entry)
        return self

    def cut(self, into: Path, chance: random.Random) -> None:
        """Write one of the folders that may be left to the empty ``into``. The disk stays as it is."""
        names = dict(self._on_disk)
        for rename in self._later[: chance.randint(0, len(self._later))]:
            rename(names)
        written: dict[int, Path] = {}
        for name, file in sorted(names.items()):
            if name.endswith("-shm"):  # memory of a process that is gone
                continue
            if first := written.get(id(file)):
                (into / name).hardlink_to(first)
            else:
                written[id(file)] = into / name
                (into / name).write_bytes(file.after_cut(chance))

    def _do(self, entry: Entry) -> None:
        name = entry.path.name
        if entry.path == self._folder:
            self._on_disk, self._later = dict(self._names), []
        elif entry.call in (Calls.UNLINK, Calls.RENAME, Calls.LINK):
            target = entry.second.name if entry.second else None
            stays = entry.call == Calls.LINK
            self._rename(lambda names: _moved(names, name, target, stays=stays))
        else:
            self._to_file(name, entry)

    def _to_file(self, name: str, entry: Entry) -> None:
        if name not in self._names:
            made = File(bytearray())
            self._rename(lambda names: names.update({name: made}))
        file = self._names[name]
        if entry.call == Calls.SYNC:
            file.sync()
        elif entry.call != Calls.CREATE:
            file.later.append(entry)

    def _rename(self, change: Callable[[dict[str, File]], object]) -> None:
        change(self._names)
        self._later.append(change)


def _moved(names: dict[str, File], name: str, target: str | None, *, stays: bool) -> None:
    file = names.get(name) if stays else names.pop(name, None)
    if file is not None and target is not None:
        names[target] = file


def _disordered(entries: list[Entry], chance: random.Random) -> list[Entry]:
    """Writes in any order, but none across a truncation."""
    runs: list[list[Entry]] = [[]]
    for entry in entries:
        if entry.call == Calls.TRUNCATE:
            runs += [[entry], []]
        else:
            runs[-1].append(entry)
    return [entry for run in runs for entry in chance.sample(run, len(run))]


def _survivors(entry: Entry, chance: random.Random) -> list[tuple[int, int]]:
    """Which parts of a write are on the disk: all, none, or some of its sectors, as from–to in its data."""
    size = len(entry.data)
    fate = chance.choice(("there", "missing", "torn"))
    if fate == "missing":
        return []
    if fate == "there" or entry.call == Calls.TRUNCATE:
        return [(0, size)]
    edges = [0, *range(SECTOR_BYTES - entry.offset % SECTOR_BYTES, size, SECTOR_BYTES), size]
    return [part for part in pairwise(edges) if chance.random() < 0.5]


def _apply(image: bytearray, entry: Entry, parts: list[tuple[int, int]]) -> None:
    """Do an entry to a file's content, in part; what lies beyond the end becomes zeros."""
    if entry.call == Calls.TRUNCATE:
        if parts:
            del image[entry.offset :]
            image.extend(bytes(entry.offset - len(image)))
        return
    for low, high in parts:
        image.extend(bytes(max(0, entry.offset + low - len(image))))
        image[entry.offset + low : entry.offset + high] = entry.data[low:high]
