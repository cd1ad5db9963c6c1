"""``python -m tests.faults.worker DESCRIPTOR JOB``: the rounds of one row, told to who started it."""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import closing
from multiprocessing.connection import Connection
from typing import NamedTuple, NoReturn

from collector import log
from tests.faults.allowance import Allowance
from tests.faults.row import load_rows


class Job(NamedTuple):
    """Which row, how many rounds, with which chances, for how many seconds (None: as many as it takes)."""

    name: str
    rounds: int
    seed: int
    seconds: float | None


def main(descriptor: int, job: Job) -> None:
    """Send each `Round`, and at the end whether some were left out; SIGTERM undoes what is under way."""
    signal.signal(signal.SIGTERM, stop)
    os.set_inheritable(descriptor, False)  # a daemon that outlived us would keep it open
    log.configure("error")
    try:
        work(job, Connection(descriptor, readable=False))
    except (KeyboardInterrupt, BrokenPipeError):
        return  # nobody listens any more; what was begun is undone


def work(job: Job, out: Connection) -> None:
    """All rounds. Raises BrokenPipeError where nobody listens, KeyboardInterrupt at SIGTERM."""
    allowance = Allowance(job.seconds)
    with closing(load_rows()[job.name].rounds(job.rounds, job.seed, allowance)) as rounds:
        for result in rounds:
            out.send(result)
    out.send(allowance.is_cut)


def stop(number: int, _: object) -> NoReturn:
    """Leave by way of everything that undoes itself, once."""
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    main(int(sys.argv[1]), Job(*json.loads(sys.argv[2])))
