"""What the kernel says of single processes."""

from __future__ import annotations

import os


def read(path: str) -> bytes:
    """A small file of /proc; empty when the process is gone or somebody else's."""
    try:
        fd = os.open(path, os.O_RDONLY)
        try:
            return os.read(fd, 4096)
        finally:
            os.close(fd)
    except OSError:
        return b""


def read_io(pid: int) -> dict[str, int]:
    """What the process and the children it waited for read from and wrote to disks.

    Empty for a program that runs as another user. Source: proc_pid_io(5).
    """
    lines = dict(line.split(b": ") for line in read(f"/proc/{pid}/io").splitlines())
    names = {"read_bytes": b"read_bytes", "written_bytes": b"write_bytes"}
    return {ours: int(lines[theirs]) for ours, theirs in names.items() if theirs in lines}


def resident_bytes() -> int:
    """Resident memory of this process. Source: proc_pid_statm(5)."""
    return int(read("/proc/self/statm").split()[1]) * os.sysconf("SC_PAGE_SIZE")
