"""A disk that is full on demand: a small tmpfs under the database, and a file that takes all that is left."""

from __future__ import annotations

import os
from contextlib import suppress

from tests.faults.ground import Ground
from tests.faults.victim import SAMPLING, Victim

_STEPS_BYTES = (1 << 20, 4096)


class SmallDisk:
    """The disk of a ground. Skips who may not mount."""

    def __init__(self, ground: Ground, size_bytes: int) -> None:
        ground.tmpfs(size_bytes)
        self._folder = ground.data
        self._filler = ground.data / "filler"

    def fill(self, leave_bytes: int = 0) -> None:
        """Take all room but ``leave_bytes``, to the last page; others may write meanwhile."""
        fd = os.open(self._filler, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            for step in _STEPS_BYTES:
                with suppress(OSError):  # no room for another step
                    while self.free_bytes() >= leave_bytes + step:
                        size = max(step, (self.free_bytes() - leave_bytes) // 2 // step * step)
                        os.posix_fallocate(fd, os.fstat(fd).st_size, size)
        finally:
            os.close(fd)

    def free(self) -> None:
        """Give it all back."""
        self._filler.unlink()

    def free_bytes(self) -> int:
        """How much is free."""
        stat = os.statvfs(self._folder)
        return stat.f_bavail * stat.f_frsize


def configure(victim: Victim, sampling: str = SAMPLING, **sizes: str) -> None:
    """Have it run with these sizes (``minimum_free``, ``ballast``); 0 for one that is not given."""
    victim.configure(sampling)
    both = {"minimum_free": "0B", "ballast": "0B"} | sizes
    keys = "".join(f'{key} = "{size}"\n' for key, size in both.items())
    config = victim.config.read_text().replace("[collector]\n", f"[collector]\n{keys}", 1)
    victim.config.write_text(config)
