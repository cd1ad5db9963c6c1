"""A database of which only the header is damaged can be read all the same, and nothing is written into it.

The file gets a second name for as long as it is read, and under that name a log of its own: a copy of the
file's, with one more version of the first page that has a sound header. Format:
https://www.sqlite.org/fileformat2.html
"""

from __future__ import annotations

import struct
from contextlib import suppress
from pathlib import Path

from collector.store.database import file_size, shm_path, wal_path

MAGIC = b"SQLite format 3\0"
PAGE = 4096  # that of all files of ours
_HEADER, _FRAME = 32, 24
_BIG_ENDIAN = 0x377F0683
_VERSION = 3_007_000
# What a first page has behind its header: it is an inner page or a leaf.
_TREE = b"\x05\x0d"
# What is the same in all headers of ours: up to the fractions, the schema's format, the encoding.
_ALIKE = (slice(0, 24), slice(44, 48), slice(56, 60))
# A longer log takes too long to be copied.
MOST_LOG = 8 << 20

Sums = tuple[int, int]


def is_damaged(path: Path) -> bool:
    """Whether the header is, and what comes behind it is not."""
    with path.open("rb") as file:
        page = file.read(PAGE)
    if len(page) < PAGE or page[100] not in _TREE:
        return False
    sound = _header(0)
    return any(page[part] != sound[part] for part in _ALIKE)


def with_sound_one(path: Path) -> Path:
    """The second name; to be removed by `remove`. Raises OSError."""
    name = path.with_name(path.name + ".read")
    remove(name)
    log = wal_path(path).read_bytes() if 0 < file_size(wal_path(path)) <= MOST_LOG else b""
    with path.open("rb") as file:
        page = file.read(PAGE)
    pages = file_size(path) // PAGE
    wal_path(name).write_bytes(_with_page(log, _header(pages) + page[100:], pages))
    name.hardlink_to(path)
    return name


def remove(name: Path) -> None:
    """Take the second name away, and what belongs to it."""
    for each in (name, wal_path(name), shm_path(name)):
        with suppress(FileNotFoundError):
            each.unlink()


def _header(pages: int) -> bytes:
    """One of a database in WAL mode, of UTF-8, with so many pages."""
    head = MAGIC + struct.pack(">HBBBBBB", PAGE, 2, 2, 0, 64, 32, 32)
    # Counter of changes, pages, no free ones, cookie and format of the schema, cache, vacuum, encoding.
    head += struct.pack(">12I", 1, pages, 0, 0, 1, 4, 0, 0, 1, 0, 0, 0)
    return head + bytes(20) + struct.pack(">II", 1, _VERSION)


def _with_page(log: bytes, page: bytes, pages: int) -> bytes:
    """A log with one more frame: the first page, as the last thing that was committed."""
    head = log[:_HEADER]
    if len(head) < _HEADER or _sums(head[:24], (0, 0), head) != struct.unpack(">II", head[24:]):
        head = struct.pack(">6I", _BIG_ENDIAN, _VERSION, PAGE, 0, 1, 1)
        head, log = head + struct.pack(">II", *_sums(head, (0, 0), head)), b""
    frames, sums, pages = _committed(head, log[_HEADER:], pages)
    first = struct.pack(">II", 1, pages)
    sums = _sums(first + page, sums, head)
    return head + frames + first + head[16:24] + struct.pack(">II", *sums) + page


def _committed(head: bytes, frames: bytes, pages: int) -> tuple[bytes, Sums, int]:
    """The frames up to the last commit, the checksums there, and how many pages there were then."""
    sums: Sums = struct.unpack(">II", head[24:])
    end, found = 0, (sums, pages)
    for at in range(0, len(frames) - _FRAME - PAGE + 1, _FRAME + PAGE):
        frame = frames[at : at + _FRAME + PAGE]
        sums = _sums(frame[:8] + frame[_FRAME:], sums, head)
        if frame[8:16] != head[16:24] or sums != struct.unpack(">II", frame[16:24]):
            break
        (committed,) = struct.unpack(">I", frame[4:8])
        if committed:
            end, found = at + _FRAME + PAGE, (sums, committed)
    return frames[:end], *found


def _sums(data: bytes, before: Sums, head: bytes) -> Sums:
    """The checksums over some data, in the byte order that the log's head says."""
    order = ">" if struct.unpack(">I", head[:4])[0] == _BIG_ENDIAN else "<"
    one, two = before
    for first, second in struct.iter_unpack(f"{order}II", data):
        one = (one + first + two) & 0xFFFFFFFF
        two = (two + second + one) & 0xFFFFFFFF
    return one, two
