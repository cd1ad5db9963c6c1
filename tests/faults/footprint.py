"""How large a process is: memory, descriptors and threads, as the kernel counts them."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

MB = 1_000_000
_KB = 1024


class Footprint(NamedTuple):
    """One moment of a process; ``rss_bytes`` is what of it is resident.

    Descriptors of files in /proc are left out: each sampler keeps its own open from its first turn on.
    """

    rss_bytes: int
    descriptors: int
    threads: int

    def grown_mb(self, since: Footprint) -> float:
        """Resident memory more than then, in MB of a million bytes."""
        return (self.rss_bytes - since.rss_bytes) / MB


def footprint(pid: int) -> Footprint:
    """That of a process of ours now; source: proc_pid_status(5)."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = dict(re.findall(r"^(VmRSS|Threads):\s+(\d+)", status, re.MULTILINE))
    return Footprint(int(found["VmRSS"]) * _KB, _descriptors(pid), int(found["Threads"]))


def _descriptors(pid: int) -> int:
    count = 0
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            count += link.readlink().parts[:2] != ("/", "proc")
    return count
