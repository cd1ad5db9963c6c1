"""Pressure stall information (PSI): how long tasks waited for processors, memory and disks.

Source: /proc/pressure, described in the kernel's Documentation/accounting/psi.rst.
"""

from __future__ import annotations

import errno
from pathlib import Path
from typing import NamedTuple

from collector.readings.kernel_file import KernelFile

# What a kernel without PSI answers, at open or at read: not built in, switched off, or hidden.
_WITHOUT = (errno.ENOENT, errno.EOPNOTSUPP, errno.EACCES, errno.EPERM)


class Totals(NamedTuple):
    """Microseconds since boot in which some task waited, and in which all of them did."""

    some: int
    full: int


class Waited(NamedTuple):
    """The totals of the three resources at one moment."""

    cpu: Totals
    memory: Totals
    io: Totals


def parse(text: bytes) -> Totals:
    """Read the text of one file; a line that it lacks (cpu ``full`` before 5.13) counts as 0."""
    totals = {line[:4]: int(line[line.rindex(b"=") + 1 :]) for line in text.splitlines()}
    return Totals(totals[b"some"], totals.get(b"full", 0))


def percent(before: int, now: int, seconds: float) -> float | None:
    """Share of ``seconds`` that two totals in µs stand for; None when there is no telling.

    The kernel and we read different clocks, so a share may come out a little over 100: cut off.
    """
    if now < before or seconds <= 0:
        return None
    return min(100.0, (now - before) / seconds / 10_000)


class Pressure:
    """The three files of one machine, kept open; safe to share between threads."""

    def __init__(self, proc: str | Path = "/proc") -> None:
        self._files = [KernelFile(Path(proc, "pressure", name)) for name in ("cpu", "memory", "io")]

    def read(self) -> Waited | None:
        """The totals now; None on a machine without PSI. Raises OSError when reading fails otherwise."""
        try:
            cpu, memory, io = [parse(file.read()) for file in self._files]
        except OSError as error:
            if error.errno in _WITHOUT:
                return None
            raise
        return Waited(cpu, memory, io)
