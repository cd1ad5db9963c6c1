"""/proc/stat: what the processors did since boot, from one read."""

from __future__ import annotations

import os
from typing import NamedTuple

TICKS_PER_S: int = os.sysconf("SC_CLK_TCK")
# The first fields of `Processor` are kinds of time.
KINDS = 8


class Processor(NamedTuple):
    """Cumulative seconds of all cores together, context switches since boot, and cores online.

    Guest time is part of ``user`` and ``nice`` already, as the kernel counts it. ``idle`` and
    ``iowait`` may go back a little between two readings (see proc(5)).
    """

    user: float
    nice: float
    system: float
    idle: float
    iowait: float
    irq: float
    softirq: float
    steal: float
    switches: int
    cores: int

    @property
    def total(self) -> float:
        """Seconds of all cores, whatever they did."""
        return sum(self[:KINDS])

    @property
    def idling(self) -> float:
        """Seconds in which a core had nothing to run, be it that a disk was waited for."""
        return self.idle + self.iowait


def parse(text: bytes) -> Processor:
    """Read the text of /proc/stat (proc(5))."""
    first = text[: text.index(b"\n")].split()
    user, nice, system, idle, iowait, irq, softirq, steal = [
        int(f) / TICKS_PER_S for f in first[1 : KINDS + 1]
    ]
    at = text.index(b"\nctxt ") + 6
    switches = int(text[at : text.index(b"\n", at)])
    return Processor(
        user, nice, system, idle, iowait, irq, softirq, steal, switches, text.count(b"\ncpu") or 1
    )
