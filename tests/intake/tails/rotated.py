"""A log that is written, rotated and followed, in a real folder; and a format that is easily made."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from collector.intake.tails.base import Execution, Unread
from collector.intake.tails.follow import DRAIN_SECONDS, Follow
from collector.intake.tails.rotation import Known


class Lines:
    """A format of one number a line; the last one is held back, as an entry that may go on."""

    def __init__(self) -> None:
        self.unread = Unread()
        self._held: Execution | None = None

    def feed(self, chunk: bytes, offset: int) -> list[Execution]:
        """All but the last."""
        found = [*self.quiet()]
        for line in chunk.splitlines(keepends=True):
            if line.strip().isdigit():
                found.append(Execution(offset, int(line), 1.0, None))
            else:
                self.unread.add(line)
            offset += len(line)
        self._held = found.pop() if found else None
        return found

    def quiet(self) -> list[Execution]:
        """The last."""
        held, self._held = self._held, None
        return [held] if held else []

    @property
    def held_from(self) -> int | None:
        """Where the last begins."""
        return self._held.offset if self._held else None


class Log:
    """``app.log`` in a folder, as logrotate treats it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "app.log"
        self.written: list[int] = []
        self._moment = 1_700_000_000

    def _stamp(self, path: Path) -> None:
        """A second later than what was written before: the kernel's own stamps are 4 ms apart."""
        self._moment += 1
        os.utime(path, (self._moment, self._moment))

    def write(self, count: int, into: Path | None = None, digits: int = 1) -> None:
        """So many further lines, each another number of at least so many digits."""
        first = len(self.written)
        self.written += range(first, first + count)
        with (into or self.path).open("a", encoding="utf-8") as file:
            file.writelines(f"{number:0{digits}}\n" for number in self.written[first:])
        self._stamp(into or self.path)

    def text(self, text: str) -> None:
        """Whatever it says."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(text)

    def older(self, number: int) -> Path:
        """The name of an older part."""
        return self.path.with_name(f"{self.path.name}.{number}")

    def _make_room(self) -> None:
        for number in range(20, 0, -1):
            if self.older(number).exists():
                self.older(number).rename(self.older(number + 1))

    def rename(self) -> None:
        """Rotate by rename; the new one comes with the next line."""
        self._make_room()
        self.path.rename(self.older(1))

    def copy_and_cut(self) -> None:
        """Rotate by copytruncate."""
        self._make_room()
        shutil.copy(self.path, self.older(1))
        self._stamp(self.older(1))
        self.path.write_bytes(b"")
        self._stamp(self.path)


class Reader:
    """Follows a log through any number of restarts; ``read`` is all it told."""

    def __init__(self, path: Path, *, from_end: bool = False) -> None:
        self.path = path
        self.read: list[int] = []
        self.lost_parts: list[str] = []
        self.cuts = 0
        self.may_fail = False
        self.errors: list[OSError] = []
        self.now = 0.0
        self.known: Known | None = None
        self.follow = Follow(path, Lines, self, from_end=from_end)

    def lost(self, path: Path, reason: str) -> None:
        """Note that a part is gone."""
        self.lost_parts.append(reason)

    def unreadable(self, path: Path, error: OSError) -> None:
        """Nothing here may be, unless it is said."""
        if not self.may_fail:
            raise error
        self.errors.append(error)

    def cut(self, path: Path) -> None:
        """Note that the log was cut."""
        self.cuts += 1

    def broken(self, path: Path, error: Exception) -> None:
        """A fault of the parser."""
        raise error

    def step(self, seconds: float = 0.1) -> list[int]:
        """What it tells after so much time."""
        self.now += seconds
        told = [*self._told()]
        self.read += told
        return told

    def settle(self) -> None:
        """Let so much time pass that whatever was turned is read to its end."""
        for _ in range(40):
            self.step(DRAIN_SECONDS + 0.1)

    def restart(self) -> None:
        """Begin anew from what was stored."""
        self.follow.close()
        self.follow = Follow(self.path, Lines, self, self.known)

    def _told(self) -> Iterator[int]:
        for portion in self.follow.step(self.now):
            self.known = portion.known
            yield from (one.timestamp for one in portion.executions)
