"""A file of /proc or /sys that stays open between readings."""

from __future__ import annotations

import os
import select
import threading
import weakref
from pathlib import Path

_CHUNK = 1 << 16
# Files made of records (diskstats, net/dev) come a page at a time, however large the buffer, and a
# page ends early where the next record does not fit. None of ours is longer than 1 KiB.
_WHOLE = 3 << 10


class KernelFile:
    """One path, opened at the first `read`: reading anew costs a third of open, read and close.

    Safe to share between threads: `os.pread` moves no position, and from offset 0 the kernel writes
    the text afresh. Closed when the object goes.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = str(path)
        self._fd: int | None = None
        self._opening = threading.Lock()

    def read(self) -> bytes:
        """The whole text as it is now. Raises OSError when the file, or the device behind it, is gone."""
        fd = self._open()
        text = os.pread(fd, _CHUNK, 0)
        if len(text) > _WHOLE:
            while chunk := os.pread(fd, _CHUNK, len(text)):
                text += chunk
        return text

    def changed(self) -> bool:
        """Whether the kernel says that it changed since the last call: 2 µs, where a file tells (mounts)."""
        poll = select.poll()
        poll.register(self._open(), select.POLLPRI)
        return bool(poll.poll(0))

    def _open(self) -> int:
        if self._fd is not None:
            return self._fd
        with self._opening:
            if self._fd is None:
                fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
                # Never closed on an error: another thread could be reading from the same number.
                weakref.finalize(self, os.close, fd)
                self._fd = fd
            return self._fd


def read_word(path: str | Path) -> str | None:
    """The one word of a small file of /sys, None when it is not there or its driver has no answer."""
    try:
        return Path(path).read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return None
