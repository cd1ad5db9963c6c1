"""A damaged database under a second name, under which it can be read better; nothing is written into it.

The file gets the second name for as long as it is read, and under that name a log of its own: a copy of the
file's, with one more version of those pages that are damaged and of which it is known what stood there.
"""

from __future__ import annotations

from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

from collector.store.database import shm_path, wal_path
from collector.store.recovery import ending, frames, header, roots, trees
from collector.store.recovery.cells import node
from collector.store.recovery.image import Image
from collector.store.recovery.names import link


class Mended(NamedTuple):
    """The second name, and whether every table is known of.

    There is none where nothing can be made better, and on a file system without second names.
    """

    name: Path | None
    is_schema_whole: bool


def mended(path: Path, *, gives_up: bool = False) -> Mended:
    """The second name of the database at ``path``; to be removed by `remove`. Raises OSError.

    ``gives_up``: what the disk does not give is damaged.
    """
    with closing(Image(path, gives_up=gives_up)) as image:
        if not image.page(1) or (image.is_log_too_long and header.is_sound(image.page(1))):
            return Mended(None, is_schema_whole=True)
        is_whole = _mend(image)
        return Mended(_second_name(path, image) if image.made else None, is_whole)


def remove(name: Path) -> None:
    """Take the second name away, and what belongs to it."""
    for each in (name, wal_path(name), shm_path(name)):
        with suppress(FileNotFoundError):
            each.unlink()


def _mend(image: Image) -> bool:
    """Make what can be made; whether every table is known of then."""
    trees.mend(image)
    is_whole = roots.complete(image)
    ending.report(image)
    first = image.page(1)
    if (image.made or not header.is_sound(first)) and node(first, header.SIZE) is not None:
        # It tells how many pages there are, those that were made included.
        image.made[1] = header.sound(max(image.end, *image.made, 1)) + first[header.SIZE :]
    return is_whole


def _second_name(path: Path, image: Image) -> Path | None:
    name = path.with_name(path.name + ".read")
    remove(name)
    try:
        wal_path(name).write_bytes(frames.with_pages(image.log, image.made, max(image.end, *image.made)))
        if link(path, name):
            return name
    except OSError:
        remove(name)
        raise
    remove(name)
    return None
