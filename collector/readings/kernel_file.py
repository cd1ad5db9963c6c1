"""A file of /proc or /sys that stays open between readings."""

from __future__ import annotations

import os
import threading
import weakref
from pathlib import Path

_CHUNK = 1 << 16


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
        fd = self._fd if self._fd is not None else self._open()
        text = os.pread(fd, _CHUNK, 0)
        # Files made of records (diskstats, vmstat) come a page at a time, however large the buffer.
        while chunk := os.pread(fd, _CHUNK, len(text)):
            text += chunk
        return text

    def _open(self) -> int:
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
