"""A command timed at a terminal, now: it keeps the terminal, and the person can stop it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from collector.workloads.base import Spawner


def time_command(
    argv: Sequence[str],
    *,
    children: Spawner,
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
    timeout: float | None = None,
) -> dict[str, Any]:
    """Run ``argv`` with our own stdin, stdout, stderr and environment; the runner's report on it.

    `child.result_of` turns the report into a result. A Ctrl-C reaches the command as it always does,
    and us not until the report is in. What the command leaves running goes on.
    """
    spec = {
        "argv": argv,
        "cwd": cwd,
        "env": dict(os.environ) if env is None else env,
        "timeout": timeout,
        "output": "inherit",
        "own_session": False,
    }
    with _interrupts_are_the_childs():
        return children.run(spec)


@contextmanager
def _interrupts_are_the_childs() -> Iterator[None]:
    """Outlive Ctrl-C and its kin, which the terminal sends to the whole group."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's
        return
    # A handler of ours rather than SIG_IGN, which the command would inherit; it does inherit what
    # was ignored already, as under nohup.
    numbers = [n for n in (signal.SIGINT, signal.SIGQUIT) if signal.getsignal(n) != signal.SIG_IGN]
    before = {number: signal.signal(number, lambda *_: None) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
