"""How far a long import is: a bar on a terminal's stderr after two seconds, and nothing anywhere else."""

from __future__ import annotations

import os
import stat
import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO

from collector import terminal

if TYPE_CHECKING:
    from rich.progress import Progress as Bar


class Progress:
    """``stream`` is what is read, bit by bit: the bar tells how much of it was, where its size is known."""

    def __init__(self, doing: str, stream: BinaryIO | None = None) -> None:
        self._doing = doing
        self._stream = stream
        self._total = _size(stream)
        self._begin = time.monotonic()
        self._bar: Bar | None = None

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, records: int) -> None:
        """So many records were dealt with."""
        is_long = time.monotonic() - self._begin > terminal.PROGRESS_SECONDS
        if self._bar is None and is_long and sys.stderr.isatty():
            self._bar = _bar(self._doing, self._total)
        if self._bar is not None:
            read = None if self._total is None or self._stream is None else self._stream.tell()
            self._bar.update(self._bar.task_ids[0], completed=read, records=f"{records:,}")


def _size(stream: BinaryIO | None) -> int | None:
    """The bytes of a file; None for a pipe."""
    if stream is None:
        return None
    found = os.fstat(stream.fileno())
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def _bar(doing: str, total: int | None) -> Bar:
    from rich.console import Console  # noqa: PLC0415  # dear to load, and mostly not needed
    from rich.progress import BarColumn, Progress, ProgressColumn, TaskProgressColumn, TextColumn  # noqa: PLC0415

    columns: list[ProgressColumn] = [TextColumn("{task.description}", markup=False), BarColumn()]
    if total is not None:
        columns.append(TaskProgressColumn())
    columns.append(TextColumn("{task.fields[records]} records"))
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    bar.add_task(doing, total=total, records="0")
    bar.start()
    return bar
