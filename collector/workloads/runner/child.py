"""Turns into the program that is measured."""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]  # the half in C: signal itself loads enum
import ctypes
import errno
import os
import time

from .kept import Kept
from .proc import resident_bytes
from .wire import write

TYPE_CHECKING = False  # importing typing would cost 3 ms
if TYPE_CHECKING:
    from typing import Any, NoReturn

KEPT_BYTES = 32 << 10  # of the output's beginning, and as much of its end
REPORT_BYTES = 256 << 10  # the longest report of a child of ours
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


class Told:
    """When a child became the program (ns), the processor time (ns) and resident memory (bytes) that
    it had until then, and the errno if it could not.
    """

    def __init__(self, started_ns: int, spent_ns: int, size: int, failure: int) -> None:
        self.started_ns = started_ns
        self.spent_ns = spent_ns
        self.size = size
        self.failure = failure


class Child:
    """The program that was started, and the pipes it writes to."""

    def __init__(self, job: dict[str, Any], program: str, ignored: set[int]) -> None:
        """Fork, and have the child become ``program``."""
        self.program = program
        self.kept: dict[str, Kept] = {}
        self.pipes: dict[int, Kept] = {}
        wires = self._wires(job)
        self._told, tell = os.pipe()
        self._line = b""
        me = os.getpid()
        self._forked_ns = time.perf_counter_ns()
        self.pid = os.fork()
        if self.pid == 0:
            become(job, program, wires, tell, me, ignored)
        for fd in {tell, *wires} - {0, 1, 2}:
            os.close(fd)

    def started_ns(self) -> int:
        """Where its clock starts, by which its time runs out, too; waits until it is about to exec."""
        self._line += os.read(self._told, 24)
        return int.from_bytes(self._line[:8], "little") or self._forked_ns

    def told(self) -> Told:
        """What it said of itself right before it became the program; only after its end."""
        self._line += os.read(self._told, 64)
        line = self._line
        started, spent, size, failure = (int.from_bytes(line[at : at + 8], "little") for at in (0, 8, 16, 24))
        return Told(started or self._forked_ns, spent, size, failure)

    def _wires(self, job: dict[str, Any]) -> list[int]:
        """What becomes the child's fds 0, 1, 2 and, when a report is wished for, 3."""
        if job["output"] == "inherit":
            return [0, 1, 2]
        # The first fd made here takes number 3 if that is free, so that no pipe stands at the place
        # where the child will put its report's.
        stdin = os.open(os.devnull, os.O_RDWR)
        if job["payload"]:
            stdin = in_memory(job["payload"])
        out = self._pipe("output", Kept(KEPT_BYTES, KEPT_BYTES))
        return [stdin, out, out, *([self._pipe("report", Kept(REPORT_BYTES, 0))] if job["report"] else [])]

    def _pipe(self, name: str, kept: Kept) -> int:
        ours, theirs = os.pipe()
        os.set_blocking(ours, False)
        self.kept[name] = self.pipes[ours] = kept
        return theirs


def become(
    job: dict[str, Any], program: str, wires: list[int], tell: int, runner: int, ignored: set[int]
) -> NoReturn:
    """In the child: turn into the program.

    The clock starts here, right before exec: what fork costs in an interpreter (0.4 ms) is not the
    program's. posix_spawn would be as good, but cannot set the death signal.
    """
    try:
        if job["own_session"]:
            os.setsid()
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != runner:
            os._exit(127)  # it died before the death signal was set
        for target, source in enumerate(wires):
            os.dup2(source, target)
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP} - ignored:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        size = resident_bytes()
        told = (time.perf_counter_ns(), time.process_time_ns(), size)
        os.write(tell, b"".join(figure.to_bytes(8, "little") for figure in told))
        os.execve(program, job["argv"], job["env"])  # noqa: S606
    except (OSError, ValueError) as error:  # ValueError: NUL in a word
        code = error.errno if isinstance(error, OSError) else None
        os.write(tell, (code or errno.EINVAL).to_bytes(8, "little"))
    finally:
        os._exit(127)


def find(name: str, path: str) -> str:
    """The file of a program, looked for as execvp does; raises OSError when there is none."""
    if "/" in name:
        return name
    found = errno.ENOENT
    for folder in path.split(":"):
        place = f"{folder or '.'}/{name}"
        if os.path.isfile(place):  # noqa: PTH113  # pathlib would double the time of a start
            if os.access(place, os.X_OK):
                return place
            found = errno.EACCES
    raise OSError(found, os.strerror(found), name)


def in_memory(payload: bytes) -> int:
    """A file without a name that holds ``payload``: it may be a password, so it is never in argv."""
    fd = os.memfd_create("stdin")
    write(fd, payload)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def prctl(option: int, value: int) -> None:
    """Set an attribute of this process. Source: prctl(2)."""
    ctypes.CDLL(None).prctl(option, ctypes.c_ulong(value))
