"""A machine that was quiet for days, and one run on it that was not like the others."""

from __future__ import annotations

from typing import Any

from collector.records.cpu import CpuSample
from collector.records.disk import DiskSample
from collector.records.memory import MemorySample
from collector.records.pressure import PressureSample
from collector.records.process import ProcessSample
from tests.answers.made import DAY, HOUR, MINUTE, Made

COMMIT, LATER = "3f9c2ab" + "0" * 33, "77aa001" + "1" * 33
LAST = HOUR  # the run that is asked about began so long before now
EVERY = 30 * MINUTE
QUIET: dict[str, Any] = {
    "others_percent": 6.0, "cpu_some_percent": 1.0, "memory_some_percent": 0.0, "io_some_percent": 0.3,
    "available_bytes": 9_800_000_000, "frequency_mhz": 3900.0, "temperature_celsius": 62.0,
    "on_battery": False, "noisy": False, "git_commit": COMMIT, "git_dirty": False, "user_ms": 40_000.0,
    "system_ms": 800.0, "command": "make test",
}  # fmt: skip
BUSY: dict[str, Any] = {
    "others_percent": 71.0, "cpu_some_percent": 38.0, "available_bytes": 2_100_000_000,
    "frequency_mhz": 2400.0, "temperature_celsius": 97.0, "noisy": True,
}  # fmt: skip


def runs(made: Made, count: int = 60, **columns: Any) -> None:
    """So many quiet runs of ``unit-tests`` before the last one, each some 41.8 s long."""
    made.workload("unit-tests")
    made.conn.execute("BEGIN")  # as one commit, which is quicker
    for n in range(count, 0, -1):
        made.run("unit-tests", LAST + n * EVERY, 41_800.0 + 100 * (n % 5), **{**QUIET, **columns})
    made.conn.execute("COMMIT")


def last(made: Made, wall_ms: float | None = 58_900.0, **columns: Any) -> None:
    """The run that is asked about."""
    made.run("unit-tests", LAST, wall_ms, **{**QUIET, **columns})


def sample(made: Made, ago_ms: int, busy: float = 8.0, io: float = 0.0, disk: float = 3.0) -> None:
    """What the samplers say of one moment."""
    at = made.now_ms - ago_ms
    made.add(
        CpuSample.record(
            timestamp=at, busy_percent=busy, user_percent=busy, system_percent=0, iowait_percent=io,
            steal_percent=0, load_1m=1, load_5m=1, load_15m=1, context_switches_per_s=100,
            frequency_mhz=3900,
        ),
        PressureSample.record(
            timestamp=at, cpu_some_percent=busy / 4, memory_some_percent=0, memory_full_percent=0,
            io_some_percent=io, io_full_percent=0,
        ),
        MemorySample.record(
            timestamp=at, total_bytes=16 * 10**9, used_bytes=6 * 10**9, available_bytes=10 * 10**9,
            used_percent=37.5, swap_used_bytes=0, swap_in_bytes_per_s=0, swap_out_bytes_per_s=0,
        ),
        DiskSample.record(
            timestamp=at, device="nvme0n1", read_bytes_per_s=0, written_bytes_per_s=1e6, reads_per_s=0,
            writes_per_s=9, busy_percent=disk,
        ),
    )  # fmt: skip


def quiet_days(made: Made, around_ago_ms: int, days: int = 4) -> None:
    """Samples of every minute of the hour around that time on the days before."""
    made.conn.execute("BEGIN")
    for day in range(1, days + 1):
        for minute in range(-60, 61, 2):
            sample(made, around_ago_ms + day * DAY + minute * MINUTE, busy=8.0 + minute % 3)
    made.conn.execute("COMMIT")


def process(made: Made, ago_ms: int, name: str, cpu: float, pid: int = 7, rss: int = 300_000_000) -> None:
    """One process of a walk at that time."""
    made.add(
        ProcessSample.record(
            timestamp=made.now_ms - ago_ms, pid=pid, name=name, cpu_percent=cpu, rss_bytes=rss
        )
    )
