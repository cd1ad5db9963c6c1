"""A disk and a clock that fail on demand, under one process: `shim.c` built once, steered while it runs."""

from __future__ import annotations

import atexit
import ctypes
import errno
import mmap
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from enum import IntEnum, IntFlag
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

SOURCE = Path(__file__).with_name("shim.c")


class Mode(IntEnum):
    """What becomes of the call whose turn it is."""

    OFF = 0
    KILL = 1  # the process ends by SIGKILL before the call
    ERROR = 2  # the call fails
    RANDOM = 3  # one call in so many fails
    HANG = 4  # the call goes on only when the mode is another one


class Calls(IntFlag):
    """Which calls count and fail."""

    WRITE = 1
    SYNC = 2
    TRUNCATE = 4
    UNLINK = 8
    RENAME = 16
    LINK = 32
    ALL = 63
    CREATE = 64  # in the journal alone


class Control(ctypes.Structure):
    """The control file: `struct control` of shim.c, field by field."""

    _fields_ = [
        ("mode", ctypes.c_uint32), ("calls", ctypes.c_uint32), ("at", ctypes.c_uint64),
        ("error", ctypes.c_uint32), ("ever", ctypes.c_uint32), ("permille", ctypes.c_uint32),
        ("half", ctypes.c_uint32), ("seed", ctypes.c_uint64), ("clock_ms", ctypes.c_int64),
        ("count", ctypes.c_uint64), ("hits", ctypes.c_uint64), ("journaled", ctypes.c_uint32),
        ("path", ctypes.c_char * 512), ("journal", ctypes.c_char * 512),
    ]  # fmt: skip


class Entry(NamedTuple):
    """One call that went through, as the journal has it. ``end`` is the journal's size after it, in bytes."""

    call: Calls
    path: Path
    second: Path | None
    offset: int
    data: bytes
    end: int


class Head(ctypes.Structure):
    """What stands before each entry of the journal: `struct entry` of shim.c."""

    _fields_ = [
        ("call", ctypes.c_uint32), ("path_bytes", ctypes.c_uint32), ("second_bytes", ctypes.c_uint32),
        ("data_bytes", ctypes.c_uint32), ("offset", ctypes.c_int64),
    ]  # fmt: skip


class NoCompiler(Exception):
    """There is no `cc` here, so nothing can be put under a process."""


@cache
def library() -> Path:
    """The library, built at its first use in this process and gone at its end. Raises NoCompiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise NoCompiler("there is no C compiler (cc) to build the shim with")
    folder = tempfile.mkdtemp(prefix="faults-shim-")
    atexit.register(shutil.rmtree, folder)
    built = Path(folder) / "shim.so"
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-O2", "-o", str(built), str(SOURCE), "-ldl", "-lpthread"], check=True
    )
    return built


class Shim:
    """Steers the files of one process whose path begins with ``path``, and its wall clock.

    Its own two files lie in ``folder``. One shim serves one process at a time, and the next after it.
    Raises NoCompiler.
    """

    def __init__(self, folder: Path, path: Path) -> None:
        self._library = library()
        self._file = folder / "control"
        self.journal = folder / "journal"
        self._file.write_bytes(bytes(ctypes.sizeof(Control)))
        with self._file.open("r+b") as file:
            self._control = Control.from_buffer(mmap.mmap(file.fileno(), ctypes.sizeof(Control)))
        self._control.path = bytes(path.parent.resolve() / path.name)
        self._control.journal = bytes(self.journal.resolve())
        self._control.calls = Calls.ALL

    def environment(self) -> dict[str, str]:
        """What the process needs to be started with."""
        return {"LD_PRELOAD": str(self._library), "FAULTS_CONTROL": str(self._file)}

    def arm(
        self, mode: Mode, calls: Calls = Calls.ALL, at: int = 1, *, ever: bool = False,
        error: int = errno.EIO, half: bool = False, permille: int = 0, seed: int = 0,
    ) -> None:  # fmt: skip
        """From now on, let the ``at``-th of ``calls`` meet ``mode``, and with ``ever`` each after it.

        ``half``: a write that fails or kills writes its first half. ``permille`` and ``seed`` are for RANDOM.
        """
        control = self._control
        control.mode = Mode.OFF
        control.calls, control.at, control.ever, control.error = calls, at, ever, error
        control.half, control.permille, control.seed = half, permille, seed
        control.count = control.hits = 0
        control.mode = mode

    def off(self) -> None:
        """All goes well again; what hangs goes on. The counts stay."""
        self._control.mode = Mode.OFF

    def watch(self, calls: Calls = Calls.ALL) -> None:
        """Let all go well, and count from 0."""
        self.arm(Mode.OFF, calls)

    @property
    def count(self) -> int:
        """Calls since it was armed that could have failed."""
        return int(self._control.count)

    @property
    def hits(self) -> int:
        """How many of them did, or were where the process ended."""
        return int(self._control.hits)

    def shift_clock(self, ms: int) -> None:
        """Let the wall clock stand ``ms`` milliseconds ahead of the true one, from now on."""
        self._control.clock_ms = ms

    def record(self) -> None:
        """Write each call that goes through to the journal, from now on."""
        self._control.journaled = 1

    def journal_bytes(self) -> int:
        """How long the journal is by now; 0 when nothing is in it."""
        return self.journal.stat().st_size if self.journal.exists() else 0

    def entries(self) -> Iterator[Entry]:
        """The journal in order; an entry that the process did not finish is left out."""
        data = self.journal.read_bytes() if self.journal.exists() else b""
        at, size = 0, ctypes.sizeof(Head)
        while at + size <= len(data):
            head = Head.from_buffer_copy(data, at)
            cuts = [at + size]
            for length in (head.path_bytes, head.second_bytes, head.data_bytes):
                cuts.append(cuts[-1] + length)
            path, second, written = (data[a:b] for a, b in pairwise(cuts))
            at = cuts[-1]
            if at <= len(data):
                other = Path(second.decode()) if second else None
                yield Entry(Calls(head.call), Path(path.decode()), other, head.offset, written, at)
