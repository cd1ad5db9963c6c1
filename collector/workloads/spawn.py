"""The recorder's side of the runner: starts one for each child, hears its report, can end them all."""

from __future__ import annotations

import math
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from collector.workloads.environment import environment
from collector.workloads.runner.tree import descendants
from collector.workloads.runner.wire import packed, receive

# What a runner may need beyond the timeout: two seconds from TERM to KILL, and the passes after it.
ANSWER_SECONDS = 5.0
# A runner that was told to stop ends its tree within this, or is killed with it.
STOP_SECONDS = 3.5
MISSED = {"ended": "missed", "reason": "the recorder stops"}

FOLDER = str(Path(__file__).parent)


def interpreter(python: str, flags: tuple[str, ...], module: str) -> list[str]:
    """The words that run ``main`` of one of the scripts beside this file in a Python of its own.

    As a module of that folder rather than as a file, so that it is compiled only once; and not as
    part of this package, which would load the whole recorder.
    """
    start = (
        "import sys; folder = sys.argv.pop(1); sys.path.append(folder);"
        f" from {module} import main; sys.path.remove(folder); main()"
    )
    return [python, *flags, "-c", start, FOLDER]


class Children:
    """Runs children, each through a runner of its own; safe to share between threads.

    ``umask`` is what files of theirs are made with; -1 is our own.
    """

    def __init__(self, umask: int = -1) -> None:
        self._umask = umask
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._stopping = False
        self._given_up = False

    def run(self, spec: dict[str, Any]) -> dict[str, Any]:
        """Run one child to its end and return the report on it.

        ``spec``: ``argv``, and optionally ``cwd``, ``env`` (complete; the default is `environment`),
        ``timeout`` (seconds, None for none), ``output`` (``capture``, or ``inherit`` to keep the
        terminal), ``payload`` (bytes for its stdin), ``report`` (it may write one to its fd 3) and
        ``own_session``.

        The report: ``ended`` is ``exit``, ``timeout``, ``stopped`` (by `stop_all`, with
        ``after_ms``), ``missed`` (not begun for that reason), ``not_started`` or ``crashed`` (the
        runner itself), the last three with a ``reason``; then columns of `Run`, ``report`` as the
        child wrote it, ``behind``, how many processes an ended child left running, and ``left``,
        how many could not be ended.
        """
        job = _complete(spec)
        ours, theirs = socket.socketpair()
        with ours, theirs:
            with self._lock:
                if self._stopping:
                    return dict(MISSED)
                self._open.add(ours)
            began = time.monotonic()
            try:
                report = self._attended(job, ours, theirs)
            finally:
                with self._lock:
                    self._open.discard(ours)
        if report["ended"] == "stopped":
            report["after_ms"] = (time.monotonic() - began) * 1000
        return report

    def stop_all(self) -> None:
        """Tell every runner to end its tree and report; what is run later returns at once."""
        with self._lock:
            self._stopping = True
            self._hang_up(socket.SHUT_WR)  # the way back stays open for the report
            if self._open:
                timer = threading.Timer(STOP_SECONDS, self._give_up)
                timer.daemon = True
                timer.start()

    def _give_up(self) -> None:
        """Listen no longer to runners that do not answer."""
        with self._lock:
            self._given_up = True
            self._hang_up(socket.SHUT_RDWR)

    def _hang_up(self, how: int) -> None:
        for control in self._open:
            with suppress(OSError):  # its runner may have hung up first
                control.shutdown(how)

    def _attended(self, job: dict[str, Any], ours: socket.socket, theirs: socket.socket) -> dict[str, Any]:
        try:
            runner = _start(job, theirs, self._umask)
        except OSError as error:
            return {"ended": "crashed", "reason": f"cannot start the runner: {error.strerror}"}
        theirs.close()
        child = 0
        late = False
        try:
            ours.sendall(packed(job))
            read = _reader(ours, time.monotonic() + job["timeout"] + ANSWER_SECONDS)
            report = receive(read)
            if report and "pid" in report:
                child = report["pid"]
                report = receive(read)
        except TimeoutError:
            report, late = None, True
        except OSError:
            report = None
        patience = 0.0 if late or self._given_up else STOP_SECONDS if report or self._stopping else 1.0
        status = _end(runner, child, patience)
        if report:
            return report
        if self._stopping:
            return {"ended": "stopped"}
        reason = "did not answer in time" if late else f"ended with status {status}"
        return {"ended": "crashed", "reason": f"the runner {reason}"}


def _complete(spec: dict[str, Any]) -> dict[str, Any]:
    timeout = spec.get("timeout")
    cwd = spec.get("cwd")
    env = spec.get("env")
    # Exact types only: marshal takes no subclass of str or float, such as a Duration.
    return {
        "argv": [str(word) for word in spec["argv"]],
        "cwd": str(cwd) if cwd else None,
        "env": environment() if env is None else dict(env),
        "timeout": math.inf if timeout is None else float(timeout),
        "output": spec.get("output", "capture"),
        "payload": bytes(spec.get("payload", b"")),
        "report": bool(spec.get("report")),
        "own_session": bool(spec.get("own_session", True)),
    }


def _start(job: dict[str, Any], control: socket.socket, umask: int) -> subprocess.Popen[bytes]:
    silent = None if job["output"] == "inherit" else subprocess.DEVNULL
    return subprocess.Popen(
        [*interpreter(sys.executable, ("-I", "-S"), "runner.main"), str(control.fileno())],
        stdin=silent,
        stdout=silent,
        env=environment(),
        pass_fds=(control.fileno(),),
        start_new_session=job["own_session"],
        umask=umask,
    )


def _reader(control: socket.socket, deadline: float) -> Callable[[int], bytes]:
    """Read from the socket until ``deadline``; raises TimeoutError then."""

    def read(most: int) -> bytes:
        left = deadline - time.monotonic()
        control.settimeout(None if left == math.inf else max(left, 0.001))
        return control.recv(most)

    return read


def _end(runner: subprocess.Popen[bytes], child: int, patience: float) -> int:
    """Collect the runner; one that does not end in ``patience`` seconds is killed with all below it."""
    with suppress(subprocess.TimeoutExpired):
        status = runner.wait(patience)
        if status == 0:
            return status
    for pid in descendants(runner.pid):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    if child:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child, signal.SIGKILL)  # what a dead runner left behind is no longer below it
    runner.kill()
    return runner.wait()
