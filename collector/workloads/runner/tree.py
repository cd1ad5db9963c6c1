"""Finds all that a program has started, wherever it went."""

from __future__ import annotations

import os

from .proc import read


def descendants(root: int) -> dict[int, int]:
    """Living processes below ``root``: pid → process group.

    Source: proc_pid_stat(5): pid (comm) state ppid pgrp …; comm may hold spaces and parentheses.
    """
    below: dict[int, list[tuple[int, int]]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208  # pathlib would double the time of a start
        if name.isdigit():
            fields = read(f"/proc/{name}/stat").rpartition(b") ")[2].split(None, 3)
            if len(fields) == 4 and fields[0] not in b"ZX":
                below.setdefault(int(fields[1]), []).append((int(name), int(fields[2])))
    found: dict[int, int] = {}
    wanted = [root]
    while wanted:
        children = below.pop(wanted.pop(), [])
        found.update(children)
        wanted += [pid for pid, _ in children]
    return found


def collect_strays(child: int) -> bool:
    """Collect orphans that have ended, but not ``child``; whether anybody is left.

    A subreaper has a child as long as any descendant lives.
    """
    try:
        while info := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            if info.si_pid == child:
                break
            os.waitpid(info.si_pid, 0)
    except ChildProcessError:
        return False
    return True
