"""What `collector.client.record` costs its caller, beside an append and a log call that goes nowhere."""

from __future__ import annotations

import logging
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.recorder import recorder
from benchmarks.report import Row
from collector.client import Client

ROUNDS = 9
CALLS = 5_000
BAR_US = 5.0


def run(_seconds: int) -> list[Row]:
    """Medians of nine rounds of 5,000 calls each; all in turns in one process."""
    with tempfile.TemporaryDirectory() as folder, recorder(Path(folder)) as daemon:
        socket = daemon.database.parent / "run" / f"{daemon.database.stem}.sock"
        with Client(socket) as served, Client(Path(folder) / "none.sock") as alone:
            rounds = [_round(served, alone) for _ in range(ROUNDS)]
            told = served.counters()
    served_us, alone_us, timed_us, append_us, log_us = (
        statistics.median(of) for of in zip(*rounds, strict=True)
    )
    slowest_us = statistics.median(_slowest_us() for _ in range(3))
    note = f"{told['committed']:,} committed, {told['dropped']:,} dropped, {told['rejected']:,} rejected"
    return [
        Row("record(), a daemon drains", served_us, "µs", ("<=", BAR_US), note),
        Row("record(), no daemon, queue full", alone_us, "µs", ("<=", BAR_US)),
        Row("with timed(), a daemon drains", timed_us, "µs"),
        Row("bare deque.append of a dict", append_us, "µs"),
        Row("logging.info to a NullHandler", log_us, "µs"),
        Row("record() to append", served_us / append_us, "×"),
        Row("record() to logging", served_us / log_us, "×"),
        Row("slowest of 5,000 calls, one each 0.2 ms", slowest_us, "µs", note="the sender works meanwhile"),
        Row("import collector.client", _import_ms(), "ms"),
    ]


def _round(served: Client, alone: Client) -> tuple[float, float, float, float, float]:
    """µs a call of each, with an empty queue at its beginning where a daemon drains it."""
    kept: deque[dict[str, Any]] = deque(maxlen=10_000)
    log = logging.getLogger("benchmarks.client")
    log.addHandler(logging.NullHandler())
    log.setLevel(logging.INFO)
    log.propagate = False

    def timed() -> None:
        with served.timed("run", "bench"):
            pass

    results = []
    for call in (
        lambda: served.record("run", workload="bench", wall_ms=12.5, rows=3),
        lambda: alone.record("run", workload="bench", wall_ms=12.5, rows=3),
        timed,
        lambda: kept.append({"workload": "bench", "wall_ms": 12.5, "rows": 3}),
        lambda: log.info("run %s %s %s", "bench", 12.5, 3),
    ):
        served.flush(30)
        results.append(_us_a_call(call))
    served_us, alone_us, timed_us, append_us, log_us = results
    return served_us, alone_us, timed_us, append_us, log_us


def _us_a_call(call: Callable[[], None]) -> float:
    start = time.perf_counter()
    for _ in range(CALLS):
        call()
    return (time.perf_counter() - start) / CALLS * 1e6


def _slowest_us() -> float:
    """The longest single call while records come steadily and the sender works on them."""
    with tempfile.TemporaryDirectory() as folder, recorder(Path(folder)) as daemon:
        socket = daemon.database.parent / "run" / f"{daemon.database.stem}.sock"
        with Client(socket) as client:
            slowest = 0.0
            for _ in range(CALLS):
                start = time.perf_counter()
                client.record("run", workload="bench", wall_ms=12.5, rows=3)
                slowest = max(slowest, time.perf_counter() - start)
                time.sleep(0.0002)
    return slowest * 1e6


def _import_ms() -> float:
    """In a fresh interpreter, beyond what that has loaded itself."""
    code = "import time; t = time.perf_counter(); import collector.client; print(time.perf_counter() - t)"
    times = [float(subprocess.check_output([sys.executable, "-c", code])) for _ in range(ROUNDS)]
    return statistics.median(times) * 1000
