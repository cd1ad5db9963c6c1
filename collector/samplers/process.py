"""Samples the processes that use most processor time or memory."""

from __future__ import annotations

import heapq
import os
import time
from typing import NamedTuple

import msgspec

from collector.log import printable
from collector.readings.memory import PAGE_BYTES
from collector.readings.processor import TICKS_PER_S
from collector.records.process import ProcessSample
from collector.samplers.base import Context, Sampler, sampler
from collector.settings import Settings
from collector.units import Duration


class Process(NamedTuple):
    """One process: processor time so far and start, both in ticks, the start counted from boot."""

    name: bytes
    ticks: int
    started: int
    rss_bytes: int


class Walk(NamedTuple):
    """All processes at one time, and when it began: ticks since boot."""

    began: int
    processes: dict[int, Process]


@sampler
class Processes(Sampler[Walk]):
    """An own walk: 7 to 13 µs a process, where psutil takes 55. Names only, never arguments."""

    name = "process"
    may_block = False

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._proc = str(context.proc)
        self._top = context.settings.sampling.processes.top

    @classmethod
    def every(cls, settings: Settings) -> Duration:
        """Its own interval: a walk costs more than all other samplers together."""
        return settings.sampling.processes.every

    def read(self) -> Walk:
        """Source: /proc/PID/stat (proc_pid_stat(5)) of every process that this user may see."""
        began = int(time.clock_gettime(time.CLOCK_BOOTTIME) * TICKS_PER_S)
        processes = {}
        with os.scandir(self._proc) as entries:
            for entry in entries:
                if entry.name.isdigit() and (process := _look(entry.path)) is not None:
                    processes[int(entry.name)] = process
        return Walk(began, processes)

    def records(self, before: Walk | None, now: Walk, seconds: float, timestamp: int) -> list[msgspec.Struct]:
        """The top N by processor time and the top N by memory, each process once."""
        assert before is not None
        used = used_percents(before, now, seconds)
        processes = now.processes
        busiest = heapq.nlargest(self._top, (pid for pid in used if used[pid] > 0), key=used.__getitem__)
        largest = heapq.nlargest(
            self._top,
            (pid for pid in used if processes[pid].rss_bytes > 0),
            key=lambda pid: processes[pid].rss_bytes,
        )
        return [
            ProcessSample.record(
                timestamp=timestamp,
                pid=pid,
                name=printable(processes[pid].name.decode(errors="replace"))[:64],
                cpu_percent=used[pid],
                rss_bytes=processes[pid].rss_bytes,
            )
            for pid in dict.fromkeys(busiest + largest)
        ]


def used_percents(before: Walk, now: Walk, seconds: float) -> dict[int, float]:
    """Share of one core that each process used since ``before``, where that can be told. Pure.

    A process that started since then used all its time since then. Neither is known of one that is
    older and was hidden from the walk before. A pid used anew is a new process: its start differs.
    """
    used = {}
    for pid, process in now.processes.items():
        earlier = before.processes.get(pid)
        if earlier is not None and earlier.started == process.started:
            ticks = process.ticks - earlier.ticks
        elif process.started >= before.began:
            ticks = process.ticks
        else:
            continue
        if ticks >= 0:
            used[pid] = 100 * ticks / TICKS_PER_S / seconds
    return used


def parse(text: bytes) -> Process:
    """Read the text of /proc/PID/stat. A name may hold spaces and parentheses: it ends at the last one."""
    end = text.rindex(b")")
    # Behind the name come fields 3 (state) and on; 14 utime, 15 stime, 22 starttime, 24 rss in pages.
    field = text[end + 2 :].split(None, 22)
    return Process(
        text[text.index(b"(") + 1 : end],
        int(field[11]) + int(field[12]),
        int(field[19]),
        int(field[21]) * PAGE_BYTES,
    )


def _look(folder: str) -> Process | None:
    """The process of one folder of /proc; None when it has ended meanwhile."""
    try:
        fd = os.open(f"{folder}/stat", os.O_RDONLY | os.O_CLOEXEC)
        try:
            text = os.read(fd, 4096)
        finally:
            os.close(fd)
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    return parse(text) if text else None
