"""What a process holds that a leak would show in: threads, descriptors and memory."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Held(NamedTuple):
    """Of one moment."""

    threads: int
    descriptors: int
    memory_kb: int


def held(pid: int) -> Held:
    """What a process holds now. Source: proc(5)"""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    status = dict(line.split(":", 1) for line in lines)
    descriptors = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return Held(int(status["Threads"]), descriptors, int(status["VmRSS"].split()[0]))
