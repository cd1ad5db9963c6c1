"""/proc/meminfo and the swap counters of /proc/vmstat."""

from __future__ import annotations

import os
from typing import NamedTuple

PAGE_BYTES: int = os.sysconf("SC_PAGE_SIZE")


class Memory(NamedTuple):
    """Levels in bytes. ``available`` is the kernel's own estimate of what programs can still get."""

    total: int
    available: int
    swap_total: int
    swap_free: int


class Swapped(NamedTuple):
    """Bytes moved between memory and swap since boot."""

    bytes_in: int
    bytes_out: int


def parse(text: bytes) -> Memory:
    """Read the text of /proc/meminfo, which says kB and means KiB."""
    return Memory(
        *(_number(text, key) << 10 for key in (b"MemTotal:", b"MemAvailable:", b"SwapTotal:", b"SwapFree:"))
    )


def parse_vmstat(text: bytes) -> Swapped:
    """Read the two swap counters of /proc/vmstat, which are pages."""
    return Swapped(_number(text, b"\npswpin ") * PAGE_BYTES, _number(text, b"\npswpout ") * PAGE_BYTES)


def _number(text: bytes, key: bytes) -> int:
    """The number behind ``key``; raises ValueError when it is not there."""
    return int(text[text.index(key) + len(key) :].split(None, 1)[0])
