"""/proc/meminfo: what the kernel thinks programs can still get."""

from __future__ import annotations

import os

PAGE_BYTES: int = os.sysconf("SC_PAGE_SIZE")

_KEY = b"MemAvailable:"


def parse_available(text: bytes) -> int:
    """Bytes available without swapping; raises ValueError when the line is not there.

    The file says kB and means KiB.
    """
    return int(text[text.index(_KEY) + len(_KEY) :].split(None, 1)[0]) << 10
