"""Samples what the processors did."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

import msgspec
import psutil

from collector.readings.frequency import read_frequency_mhz
from collector.records.cpu import CpuSample
from collector.samplers.base import Sampler, sampler


class Reading(NamedTuple):
    """Cumulative seconds of all cores, load averages, and cumulative context switches."""

    times: Any
    load: tuple[float, float, float]
    switches: int
    frequency_mhz: float | None


@sampler
class Cpu(Sampler[Reading]):
    """Shares of the time between two readings, never psutil's own first 0.0."""

    name = "cpu"

    def read(self) -> Reading:
        """Source: /proc/stat and /proc/loadavg through psutil, cpufreq of sysfs."""
        return Reading(
            psutil.cpu_times(), os.getloadavg(), psutil.cpu_stats().ctx_switches, read_frequency_mhz()
        )

    def records(
        self, before: Reading | None, now: Reading, seconds: float, timestamp: int
    ) -> list[msgspec.Struct]:
        """One row. Guest time is part of user time already, as /proc/stat counts it."""
        assert before is not None
        spent = {name: max(0.0, getattr(now.times, name) - getattr(before.times, name))
                 for name in ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")}
        total = sum(spent.values())
        if total <= 0:
            return []
        share = {name: 100 * value / total for name, value in spent.items()}
        return [
            CpuSample.record(
                timestamp=timestamp,
                busy_percent=100 - share["idle"] - share["iowait"],
                user_percent=share["user"] + share["nice"],
                system_percent=share["system"] + share["irq"] + share["softirq"],
                iowait_percent=share["iowait"],
                steal_percent=share["steal"],
                load_1m=now.load[0],
                load_5m=now.load[1],
                load_15m=now.load[2],
                context_switches_per_s=(now.switches - before.switches) / seconds,
                frequency_mhz=now.frequency_mhz,
            )
        ]
