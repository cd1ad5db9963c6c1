"""Real children, and a way to see that they are gone without waiting a moment too long."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import collector.workloads  # noqa: F401  # announces every kind
from collector.workloads.spawn import Children

Run = Callable[..., dict[str, Any]]

# The bits of signals 32 and 33 in a mask of /proc. glibc keeps these two to itself, so Python cannot
# reset them; and GNU make hands them to what it starts as ignored (seen with 4.3, by posix_spawn).
LIBC_SIGNALS = 1 << 31 | 1 << 32


@pytest.fixture
def children() -> Iterator[Children]:
    """The recorder's side; all that a test leaves running is ended with it."""
    made = Children()
    yield made
    made.stop_all()


@pytest.fixture
def shell(children: Children) -> Run:
    """Runs one text by ``sh -c``; further words go into the spec."""

    def run(text: str, **spec: Any) -> dict[str, Any]:
        return children.run({"argv": ["sh", "-c", text], "timeout": 10, **spec})

    return run


@pytest.fixture
def python(children: Children, tmp_path: Path) -> Run:
    """Runs a text of Python; further words go into the spec."""

    def run(text: str, **spec: Any) -> dict[str, Any]:
        script = tmp_path / "script.py"
        script.write_text(text, encoding="utf-8")
        return children.run({"argv": [sys.executable, "-I", "-S", str(script)], "timeout": 10, **spec})

    return run


def gone(pid: int, within: float = 5.0) -> bool:
    """Whether a process has ended, waiting up to ``within`` seconds for it."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        ready = select.poll()
        ready.register(handle, select.POLLIN)
        return bool(ready.poll(within * 1000))
    finally:
        os.close(handle)
