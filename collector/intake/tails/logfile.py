"""One log file as it lies on the disk: whole lines from a place on, and how to know it again."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from stat import S_ISREG
from typing import NamedTuple

from collector.fingerprint import digest

CHUNK_BYTES = 1 << 18
MARK_BYTES = 512
WHOLE_MARK = f"{MARK_BYTES}-"
# A line that is longer than this is no line of a log; what follows its end is read on.
LONGEST_LINE = 8 << 20


class Chunk(NamedTuple):
    """Whole lines, and where they begin; or ``skipped`` bytes of a line too long to be kept."""

    data: bytes
    offset: int
    skipped: int = 0


class LogFile:
    """An open file, read from ``offset`` on. Raises OSError when it cannot be opened or read.

    ``mark`` is by what it is known again; ``head``, a hash of the first line, does not change as it grows.
    """

    def __init__(self, path: Path, offset: int = 0) -> None:
        self.path = path
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        found = os.fstat(self._fd)
        if not S_ISREG(found.st_mode):
            self.close()
            raise OSError(errno.EINVAL, "is no regular file")
        self.inode = found.st_ino
        self.offset = offset
        self.seen = (-1, 0)
        """Size and last writing when all of it was read."""
        self._skipping = False
        self._mark()

    def close(self) -> None:
        """Let go of the file; closing twice is fine."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    @property
    def size(self) -> int:
        """Its size now, in bytes."""
        return os.fstat(self._fd).st_size

    @property
    def written_ns(self) -> int:
        """When it was written last."""
        return self._look()[1]

    def _look(self) -> tuple[int, int]:
        """Size and last writing together: a file may be cut and filled to the same size again."""
        found = os.fstat(self._fd)
        return found.st_size, found.st_mtime_ns

    def is_other(self) -> bool:
        """Whether what stands in it now is not what stood there before: it was cut, or written anew.

        A file that was cut may have grown past its old size meanwhile, so its head is looked at too.
        """
        size, written = self._look()
        if size < self.offset:
            return True
        if (size, written) == self.seen:
            return False
        if not self.begins_like(self.mark):
            return True
        self._mark()
        return False

    def begins_like(self, mark: str) -> bool:
        """Whether the file has the beginning that ``mark`` stands for."""
        length = int(mark.partition("-")[0])
        return mark_of(os.pread(self._fd, length, 0)) == mark

    def chunks(self) -> Iterator[Chunk]:
        """What came since the last time, in whole lines; a line without its end waits."""
        look = self._look()
        if look == self.seen:
            return
        while chunk := self._chunk():
            yield chunk
        self.seen = look

    def _chunk(self) -> Chunk | None:
        data = b""
        while more := os.pread(self._fd, CHUNK_BYTES, self.offset + len(data)):
            data += more
            if self._skipping or len(data) > LONGEST_LINE:
                return self._skipped(data)
            if end := data.rfind(b"\n") + 1:
                offset, self.offset = self.offset, self.offset + end
                return Chunk(data[:end], offset)
        return None

    def _skipped(self, data: bytes) -> Chunk:
        """A line too long is given up bit by bit, until its end comes."""
        end = data.find(b"\n") + 1
        self._skipping = not end
        self.offset += end or len(data)
        return Chunk(b"", self.offset, end or len(data))

    def rest(self) -> bytes:
        """The last line where it has no end; of a file that grows no more."""
        return os.pread(self._fd, LONGEST_LINE, self.offset)

    def _mark(self) -> None:
        beginning = os.pread(self._fd, MARK_BYTES, 0)
        self.mark, self.head = mark_of(beginning), head_of(beginning)

    def last_line_end(self) -> int:
        """Where the last whole line ends: to begin at the end of a log means to begin there."""
        at = self.size
        while at > 0:
            start = max(0, at - CHUNK_BYTES)
            found = os.pread(self._fd, at - start, start).rfind(b"\n")
            if found >= 0:
                return start + found + 1
            at = start
        return 0


def mark_of(beginning: bytes) -> str:
    """By what a file is known again: how many of its first bytes, and their hash.

    The first line would not do: that of MariaDB's slow log is always the same.
    """
    return f"{len(beginning)}-{digest(beginning)}"


def head_of(beginning: bytes) -> str:
    """A hash of the first line, which does not change as the file grows."""
    return digest(beginning[:MARK_BYTES].partition(b"\n")[0])
