"""One job: from the control socket, through the program's life, to the report."""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]  # the half in C: signal itself loads enum
import errno
import os
import sys

from .child import PR_SET_CHILD_SUBREAPER, Child, find, prctl
from .ending import Ending
from .proc import read_io
from .watch import Watch
from .wire import packed, receive, write

TYPE_CHECKING = False  # importing typing would cost 3 ms
if TYPE_CHECKING:
    from typing import Any

# Counters of resident memory lag: by up to 64 pages a task before Linux 6.2, by a batch a core since then.
FLOOR_SLACK_BYTES = 2 << 20


def main() -> None:
    """Take one job from the control socket (its number is the last argument), and report on it."""
    control = int(sys.argv[-1])
    os.set_inheritable(control, False)
    ignored = take_no_signals()
    job = receive(lambda most: os.read(control, most))
    report = None if job is None else through(job, control, ignored)
    if report is not None:
        send(control, report)
    os._exit(0)  # nothing is left to clean up, and the interpreter would take 2 ms for it


def through(job: dict[str, Any], control: int, ignored: set[int]) -> dict[str, Any]:
    """Start the program and stay with it; the report on it."""
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    try:
        if job["cwd"]:
            os.chdir(job["cwd"])
    except OSError as error:
        return not_started(error.errno or 0, f"cwd {job['cwd']}")
    try:
        program = find(job["argv"][0], job["env"].get("PATH", os.defpath))
        child = Child(job, program, set() if job["own_session"] else ignored)
    except OSError as error:
        return not_started(error.errno or 0, error.filename or job["argv"][0])
    send(control, {"pid": child.pid})
    return attend(child, job, control)


def attend(child: Child, job: dict[str, Any], control: int) -> dict[str, Any]:
    """Wait for the child, end what is left of it, and report."""
    watch = Watch(child, control)
    watch.until(child.started_ns() / 1e9 + job["timeout"])
    cut = "stopped" if watch.stopped else "timeout" if watch.ended_ns is None else ""
    ending = Ending(by_group=job["own_session"])
    if cut:
        ending.child(watch)
    watch.drain()
    report = measure(child, watch.ended_ns)
    # What a person starts at a terminal may leave a server behind on purpose.
    left = ending.rest() if cut or job["own_session"] else 0
    behind = 0 if cut else ending.met
    return {"ended": cut or "exit", "left": left, "behind": behind, **report}


def measure(child: Child, ended_ns: int | None) -> dict[str, Any]:
    """What the child printed and cost; its zombie is read before it is collected."""
    report: dict[str, Any] = {}
    for name, kept in child.kept.items():
        report |= {name: kept.text(), f"{name}_bytes": kept.total}
    if ended_ns is None:
        return report  # not even KILL ends a process that hangs in the kernel
    told = child.told()
    used = read_io(child.pid)
    _, status, usage = os.wait4(child.pid, 0)
    if told.failure:
        return not_started(told.failure, child.program)
    most = usage.ru_maxrss * 1024
    spent = usage.ru_utime + usage.ru_stime
    # What the fork spent before it became the program is not the program's.
    own = max(0.0, 1 - told.spent_ns / 1e9 / spent) if spent else 0.0
    return {
        **report,
        **used,
        "wall_ms": (ended_ns - told.started_ns) / 1e6,
        "exit_code": os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
        "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else None,
        "user_ms": usage.ru_utime * own * 1000,
        "system_ms": usage.ru_stime * own * 1000,
        # At the floor it is the figure of the fork before it became the program.
        "max_rss_bytes": most if most > told.size + FLOOR_SLACK_BYTES else None,
        "voluntary_switches": usage.ru_nvcsw,
        "involuntary_switches": usage.ru_nivcsw,
    }


def send(control: int, message: dict[str, Any]) -> None:
    """Say something to the recorder, which may be gone by now."""
    try:
        write(control, packed(message))
    except OSError:
        return


def not_started(code: int, what: str) -> dict[str, Any]:
    """The report on a program that could not be started, with the reason in words."""
    reasons = {
        errno.ENOENT: "there is no such file",
        errno.EACCES: "it is not executable for this user",
        errno.ENOEXEC: "it is not a program (a script needs a first line such as #!/bin/sh)",
        errno.ENOTDIR: "that is not a folder",
    }
    if code == errno.ENOENT and os.path.isfile(what):  # noqa: PTH113  # pathlib would double the time of a start
        reasons[code] = "the interpreter of its first line (#!) does not exist"
    return {"ended": "not_started", "reason": f"{what}: {reasons.get(code, os.strerror(code))}"}


def take_no_signals() -> set[int]:
    """The control socket says when to stop; a Ctrl-C or a hang-up is meant for the child.

    They are blocked and not ignored, so that one which reaches the fork before it became the program
    waits until then. Returns what was ignored before, as under nohup.
    """
    ends = {signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP}
    signal.pthread_sigmask(signal.SIG_SETMASK, ends)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    return {number for number in ends if signal.getsignal(number) == signal.SIG_IGN}
