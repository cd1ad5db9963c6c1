"""The write-ahead log of a database that nobody writes: what it holds, and the same with more pages.

Format: https://www.sqlite.org/fileformat2.html#the_write_ahead_log
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import NamedTuple

PAGE = 4096  # that of all files of ours
_HEADER, _FRAME = 32, 24
_BIG_ENDIAN = 0x377F0683
_VERSION = 3_007_000

Sums = tuple[int, int]


class Log(NamedTuple):
    """A log up to its last commit: its head and frames, and the checksums there.

    ``pages``: how many the database has then, 0 where nothing was committed; ``places``: where the newest
    version of each page begins in ``frames``.
    """

    head: bytes
    frames: bytes
    sums: Sums
    pages: int
    places: Mapping[int, int]


def parsed(data: bytes) -> Log:
    """What a reader would see of it; a log with a damaged head holds nothing."""
    head = data[:_HEADER]
    if len(head) < _HEADER or _sums(head[:24], (0, 0), head) != struct.unpack(">II", head[24:]):
        head = struct.pack(">6I", _BIG_ENDIAN, _VERSION, PAGE, 0, 1, 1)
        head += struct.pack(">II", *_sums(head, (0, 0), head))
        data = b""
    return _committed(head, data[_HEADER:])


def with_pages(log: Log, pages: Mapping[int, bytes], count: int) -> bytes:
    """The log with these pages as the last thing that was committed; the database has ``count`` then."""
    frames, sums = [log.head, log.frames], log.sums
    for place, (number, page) in enumerate(pages.items(), 1):
        first = struct.pack(">II", number, count if place == len(pages) else 0)
        sums = _sums(first + page, sums, log.head)
        frames.append(first + log.head[16:24] + struct.pack(">II", *sums) + page)
    return b"".join(frames)


def _committed(head: bytes, frames: bytes) -> Log:
    sums: Sums = struct.unpack(">II", head[24:])
    places, open_ = dict[int, int](), dict[int, int]()
    end, found = 0, (sums, 0)
    for at in range(0, len(frames) - _FRAME - PAGE + 1, _FRAME + PAGE):
        frame = frames[at : at + _FRAME + PAGE]
        sums = _sums(frame[:8] + frame[_FRAME:], sums, head)
        if frame[8:16] != head[16:24] or sums != struct.unpack(">II", frame[16:24]):
            break
        number, committed = struct.unpack(">II", frame[:8])
        open_[number] = at + _FRAME
        if committed:
            places |= open_
            open_.clear()
            end, found = at + _FRAME + PAGE, (sums, committed)
    return Log(head, frames[:end], *found, places)


def _sums(data: bytes, before: Sums, head: bytes) -> Sums:
    """The checksums over some data, in the byte order that the log's head says."""
    order = ">" if struct.unpack(">I", head[:4])[0] == _BIG_ENDIAN else "<"
    one, two = before
    for first, second in struct.iter_unpack(f"{order}II", data):
        one = (one + first + two) & 0xFFFFFFFF
        two = (two + second + one) & 0xFFFFFFFF
    return one, two
