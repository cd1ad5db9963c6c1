"""Follows one log through rotation by rename, by copy and cut, through truncation and through restarts.

Parts are read strictly one after the other, so that one position is enough to go on after a restart: the
old file to its end first, and then the new one from its beginning.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Protocol

from collector.intake.tails.base import Execution, Parser
from collector.intake.tails.logfile import WHOLE_MARK, Chunk, LogFile
from collector.intake.tails.rotation import Known, has_packed_since, next_part, rest_of

QUIET_SECONDS = 1.0
# A file that was renamed is written on until its program opens the new one.
DRAIN_SECONDS = 2.0
LONGEST_DRAIN_SECONDS = 30.0
MOST_CHUNKS = 32  # a step: 8 MiB


class Portion(NamedTuple):
    """Executions of one part, whose first line is ``head``, and the place up to which all are told."""

    executions: list[Execution]
    head: str
    known: Known


class Hears(Protocol):
    """Hears of what is not as it should be."""

    def lost(self, path: Path, reason: str) -> None:
        """Something of a log cannot be read any more."""
        ...

    def unreadable(self, path: Path, error: OSError) -> None:
        """A log cannot be opened or read now."""
        ...

    def cut(self, path: Path) -> None:
        """A log was cut or written anew, and no copy of it is there."""
        ...

    def broken(self, path: Path, error: Exception) -> None:
        """A parser could not take some of it, which is a fault of ours."""
        ...


class Follow:
    """One log. ``known`` is where it was left; without it ``from_end`` says where to begin."""

    def __init__(
        self,
        path: Path,
        make_parser: Callable[[], Parser],
        hears: Hears,
        known: Known | None = None,
        *,
        from_end: bool = False,
    ) -> None:
        self.path = path
        self.executions = 0
        self._make_parser = make_parser
        self._hears = hears
        self._known = known
        self._from_end = from_end
        self._file: LogFile | None = None
        self._is_live = False
        self._parser = make_parser()
        self._unread_before = 0
        self._moved_at = float("-inf")
        self._turned_at: float | None = None
        self._calm: tuple[int, int, int] | None = None
        self._is_skipping = self._has_more = False

    def step(self, monotonic: float) -> Iterator[Portion]:
        """Read what there is to read now, portion by portion."""
        try:
            if self._is_calm():
                return
            if self._file is None:
                yield from self._begin(monotonic)
            if self._file is not None:
                yield from self._read(monotonic)
            self._note_calm()
        except OSError as error:
            self._hears.unreadable(self.path, error)

    def _is_calm(self) -> bool:
        """Whether nothing has happened since all was read: one look at the file, once a second for ever."""
        return self._calm is not None and _look(self.path) == self._calm

    def _note_calm(self) -> None:
        self._calm = None
        if self._file is not None and self._is_live and self._parser.held_from is None:
            found, read = _look(self.path), (self._file.inode, *self._file.seen)
            self._calm = found if found == read else None

    def close(self) -> None:
        """Let go of the file. What is held back is read again next time."""
        if self._file is not None:
            self._file.close()
        self._file = None

    @property
    def behind_bytes(self) -> int:
        """How much of the part at hand is not read yet; 0 when it is being closed. From any thread."""
        file = self._file
        try:
            return 0 if file is None else max(0, file.size - file.offset)
        except OSError:
            return 0

    @property
    def place(self) -> Known | None:
        """Where it is now, once it has begun."""
        return None if self._file is None else self._portion([]).known

    @property
    def is_at_rest(self) -> bool:
        """Whether all of the log is read and told, or it is gone."""
        return self._calm is not None or not self.path.exists()

    @property
    def unread(self) -> tuple[int, str]:
        """Lines that could not be understood, and the latest of them."""
        return self._unread_before + self._parser.unread.lines, self._parser.unread.example

    @property
    def has_more(self) -> bool:
        """Whether reading stopped half-way; what came since it ended waits for the next look."""
        return self._file is not None and self._has_more

    @property
    def is_open(self) -> bool:
        """Whether there is such a file, and it can be read."""
        return self._file is not None

    # Where to begin, and what comes next. ---------------------------------------------------------

    def _begin(self, monotonic: float) -> Iterator[Portion]:
        """Open the log, or the older part of it where it was left; not at all while there is none."""
        if not self.path.exists():
            self._from_end = False  # one that appears later is new from its first line on
            return
        live = LogFile(self.path)
        known, self._known = self._known, None
        if known is not None and not self._is_same(live, known):
            live.close()
            yield from self._go_on(known, monotonic)
            return
        if known is not None:
            live.offset = known.offset
        elif self._from_end:
            live.offset = live.last_line_end()
        self._take(live, monotonic, is_live=True)
        yield self._portion([])

    def _is_same(self, live: LogFile, known: Known) -> bool:
        """Whether the log is still the file that was left, however much it has grown.

        Another file that begins alike may be a copy put back in its place; but logs of MariaDB all begin
        alike, so the file itself is looked for first.
        """
        if live.size < known.offset or not live.begins_like(known.mark):
            return False
        if live.inode == known.inode:
            return True
        return known.mark.startswith(WHOLE_MARK) and rest_of(self.path, known, by_inode=True) is None

    def _go_on(self, known: Known, monotonic: float) -> Iterator[Portion]:
        """With the rest of what was read last, under its new name; else with the log as it is now."""
        part = rest_of(self.path, known)
        if part is None:
            self._hears.lost(self.path, "the part that was read last is gone: packed, moved or deleted")
            self._take(LogFile(self.path), monotonic, is_live=True)
        else:
            self._take(LogFile(part, known.offset), monotonic, is_live=False)
        yield self._portion([])
        yield from self._read(monotonic)

    def _next(self, monotonic: float) -> Iterator[Portion]:
        """The part at hand is done: the one that was written after it, or the log itself."""
        part = next_part(self.path, self._opened) or self.path
        if not part.exists():
            return
        if part == self.path and has_packed_since(self.path, self._opened):
            self._hears.lost(self.path, "a part between the last and this one is packed already")
        self._take(LogFile(part), monotonic, is_live=part == self.path)
        yield self._portion([])
        yield from self._read(monotonic)

    def _take(self, file: LogFile, monotonic: float, *, is_live: bool) -> None:
        self._unread_before += self._parser.unread.lines
        self._parser = self._make_parser()
        self.close()
        self._file, self._is_live = file, is_live
        self._moved_at, self._turned_at = monotonic, None

    # Reading. --------------------------------------------------------------------------------------

    def _read(self, monotonic: float) -> Iterator[Portion]:
        file = self._opened
        if self._is_live and file.is_other():
            yield from self._cut(monotonic)
            return
        count = 0
        for chunk in islice(file.chunks(), MOST_CHUNKS):
            count, self._moved_at = count + 1, monotonic
            yield self._portion(self._fed(chunk))
        self._has_more = count == MOST_CHUNKS
        if self._has_more:
            return  # first the others have their turn
        quiet = monotonic - self._moved_at
        if quiet >= QUIET_SECONDS and self._parser.held_from is not None:
            yield self._portion(self._parser.quiet())
        if not self._is_live or self._is_turned():
            self._turned_at = self._turned_at if self._turned_at is not None else monotonic
            if self._is_drained(quiet, monotonic - self._turned_at):
                yield self._portion(self._ended(file))
                yield from self._next(monotonic)

    def _ended(self, file: LogFile) -> list[Execution]:
        """What is left of a part that grows no more, though its last line may have no end."""
        rest = file.rest()
        last = self._fed(Chunk(rest.removesuffix(b"\n") + b"\n", file.offset)) if rest else []
        return last + self._parser.quiet()

    def _fed(self, chunk: Chunk) -> list[Execution]:
        was_skipping, self._is_skipping = self._is_skipping, bool(chunk.skipped)
        if chunk.skipped:
            if was_skipping:
                return []
            self._parser.unread.add(b"(a line of more than 8 MiB)")
            return self._parser.quiet()  # what comes behind the hole is not its continuation
        try:
            return self._parser.feed(chunk.data, chunk.offset)
        except Exception as error:  # noqa: BLE001  # whatever a log holds, following goes on; told and counted
            self._hears.broken(self.path, error)
            self._unread_before += self._parser.unread.lines + chunk.data.count(b"\n")
            self._parser = self._make_parser()
            return []

    def _cut(self, monotonic: float) -> Iterator[Portion]:
        """The file was cut or written anew. Where it was copied before, the copy has the rest."""
        file, parser = self._opened, self._parser
        copy = rest_of(self.path, Known(file.inode, file.mark, file.offset))
        if copy is None:
            self._hears.cut(self.path)
            yield self._portion(parser.quiet())
            self._take(LogFile(self.path), monotonic, is_live=True)
        else:  # it goes on where the file was left, so what the parser holds is completed by it
            self._take(LogFile(copy, file.offset), monotonic, is_live=False)
            self._parser, self._unread_before = parser, self._unread_before - parser.unread.lines
        yield self._portion([])
        yield from self._read(monotonic)

    def _is_turned(self) -> bool:
        """Whether another file stands in the log's place."""
        try:
            return self.path.stat().st_ino != self._opened.inode
        except FileNotFoundError:
            return False

    def _is_drained(self, quiet: float, since_turned: float) -> bool:
        """Whether the old part is written no more: its program has opened the new one.

        It has done so for sure where another part was turned since.
        """
        if next_part(self.path, self._opened) is not None:
            return True
        has_begun = not self._is_live or self._has_begun()
        if has_begun and since_turned >= LONGEST_DRAIN_SECONDS and quiet < DRAIN_SECONDS:
            self._hears.lost(
                self.path, "a program writes on into the part that was turned, and is left alone"
            )
            return True
        return has_begun and quiet >= DRAIN_SECONDS

    def _has_begun(self) -> bool:
        """Whether the new file has anything in it."""
        try:
            return self.path.stat().st_size > 0
        except FileNotFoundError:
            return False

    @property
    def _opened(self) -> LogFile:
        assert self._file is not None
        return self._file

    def _portion(self, executions: list[Execution]) -> Portion:
        file = self._opened
        held = self._parser.held_from
        self.executions += len(executions)
        offset = file.offset if held is None else held
        return Portion(executions, file.head, Known(file.inode, file.mark, offset))


def _look(path: Path) -> tuple[int, int, int] | None:
    """Which file it is, its size and when it was written; None where there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116  # half the time of Path.stat, once a second for ever
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
