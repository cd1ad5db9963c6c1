"""Rows at work in processes of their own, some at a time, within the minutes there are."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from multiprocessing.connection import Pipe, wait

import click

from tests.faults.row import Round
from tests.faults.tally import Tally
from tests.faults.worker import Job

# What a worker that is told to stop may take: it kills daemons, unmounts disks and removes folders.
PATIENCE_SECONDS = 60.0


def run_rows(
    tallies: Sequence[Tally], seed: int, *, jobs: int, minutes: float | None, tell: Callable[[Tally], None]
) -> None:
    """Fill the tallies, ``jobs`` of them at a time; ``tell`` hears of each that has changed.

    Whatever is raised meanwhile, no worker and nothing of its round is left.
    """
    ends = None if minutes is None else time.monotonic() + 60 * minutes
    waiting, working = deque(tallies), list[Worker]()
    try:
        while waiting or working:
            while waiting and len(working) < jobs:
                seconds = share_s(ends, len(waiting), jobs)
                working.append(Worker(waiting.popleft(), seed, seconds))
            for ready in wait([worker.results for worker in working]):
                (worker,) = (each for each in working if each.results is ready)
                if not worker.hear():
                    working.remove(worker)
                tell(worker.tally)
    finally:
        for worker in working:
            worker.stop()
        for worker in working:
            worker.wait_stopped()


def share_s(ends: float | None, waiting: int, jobs: int) -> float | None:
    """What the next row may take of the time that is left, if the rows after it take as much each."""
    if ends is None:
        return None
    return max(0.0, ends - time.monotonic()) * jobs / (waiting + jobs - 1)


class Worker:
    """One row in its process. It has a session of its own: Ctrl-C ends it and its daemons by way of us."""

    def __init__(self, tally: Tally, seed: int, seconds: float | None) -> None:
        self.tally = tally
        job = Job(tally.fault.name, tally.planned, seed, seconds)
        self.results, out = Pipe(duplex=False)
        with out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.worker", str(out.fileno()), json.dumps(job)],
                pass_fds=[out.fileno()], stdin=subprocess.DEVNULL, stdout=sys.stderr, start_new_session=True,
            )  # fmt: skip

    def hear(self) -> bool:
        """Take in what it says next; False when that was its last word."""
        try:
            said = self.results.recv()
        except EOFError:
            status = self._process.wait()
            self.tally.complaints.append(f"round {self.tally.rounds}: its process ended with status {status}")
            return False
        if isinstance(said, Round):
            self.tally.add(said)
            return True
        self.tally.end = "cut" if said else ""
        self._process.wait()
        return False

    def stop(self) -> None:
        """Have it undo the round that is under way, and end."""
        self.tally.end = "stopped"
        self.results.close()
        self._process.terminate()

    def wait_stopped(self) -> None:
        """Wait for that; it is killed where that takes too long, and then may leave something."""
        try:
            self._process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            click.echo(f"{self.tally.fault.name} had to be killed and may have left something", err=True)
