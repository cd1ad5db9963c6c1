"""Where a taskboard stands while it is measured: a folder for that time alone, gone whatever happens."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from collector.errors import CollectorError
from collector.units import size as in_bytes

PREFIX = "collector-taskboard-"
# A task with its history and indexes takes 1 KB in the file, and as much in the log until that is merged.
BYTES_PER_TASK = 2_500
# Over all that is made besides: the disk may be the recorder's own, which must not run full.
LEFT_FREE_BYTES = 50_000_000
# A folder is not swept while it may just be made, and not locked yet.
OLD_SECONDS = 3600.0

ENDING = (signal.SIGTERM, signal.SIGHUP)


def nearest(folder: Path) -> Path:
    """``folder``, or the nearest above it that exists: where no record was kept yet, none is begun."""
    return next(above for above in (folder, *folder.parents) if above.is_dir())


@contextmanager
def folder_in(parent: Path, tasks: int) -> Iterator[Path]:
    """A new folder in ``parent`` with room for so many tasks; it goes when the block ends.

    Raises CollectorError when ``parent`` cannot take it. Ctrl-C, SIGTERM and SIGHUP end the block like an
    error; what a SIGKILL leaves behind, the next one sweeps up.
    """
    try:
        _refuse_small(parent, tasks)
        _sweep(parent)
        made = tempfile.TemporaryDirectory(prefix=PREFIX, dir=parent, ignore_cleanup_errors=True)
    except OSError as error:
        raise CollectorError(
            f"{parent}: {error.strerror or error}", hint="name a folder that this user can write"
        ) from error
    with _ended_like_errors(), made as name, _locked(Path(name)):
        yield Path(name)


def _refuse_small(parent: Path, tasks: int) -> None:
    needed, free = tasks * BYTES_PER_TASK + LEFT_FREE_BYTES, shutil.disk_usage(parent).free
    if free < needed:
        raise CollectorError(
            f"{parent}: {tasks:,} tasks need {in_bytes(needed)}, and {in_bytes(free)} are free",
            hint="name a folder on another disk, or take fewer tasks",
        )


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Show that somebody works in ``folder``, for as long as the block lasts or the process lives."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


def _sweep(parent: Path) -> None:
    """Delete the folders whose process was killed."""
    for folder in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):  # it is in use, or another user's
            if time.time() - folder.stat().st_mtime > OLD_SECONDS:
                with _locked(folder):
                    shutil.rmtree(folder)


@contextmanager
def _ended_like_errors() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the block with SystemExit, so that it can clean up."""
    before = {number: signal.signal(number, _end) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
