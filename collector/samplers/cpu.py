"""Samples what the processors did."""

from __future__ import annotations

import os
from typing import NamedTuple

import msgspec
import psutil

from collector.readings.frequency import Frequency
from collector.readings.processor import KINDS, TICKS_PER_S, Processor
from collector.records.cpu import CpuSample
from collector.samplers.base import Context, Sampler, rates, sampler

LEAST_TICKS = 5


class Reading(NamedTuple):
    """Cumulative counters of all cores, load averages over 1, 5 and 15 minutes, and the clock now."""

    counted: Processor
    load: tuple[float, float, float]
    frequency_mhz: float | None


@sampler
class Cpu(Sampler[Reading]):
    """Shares of the time between two readings; psutil's own ``cpu_percent`` begins with a false 0.0."""

    name = "cpu"
    may_block = False

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._frequency = Frequency(context.sys)

    def read(self) -> Reading:
        """Source: cpufreq of sysfs, which may take a while and so comes first, then psutil."""
        frequency_mhz = self._frequency.read()
        times = psutil.cpu_times()
        counted = Processor(
            times.user,
            times.nice,
            times.system,
            times.idle,
            times.iowait,
            times.irq,
            times.softirq,
            times.steal,
            psutil.cpu_stats().ctx_switches,
            os.cpu_count() or 1,
        )
        return Reading(counted, os.getloadavg(), frequency_mhz)

    def records(
        self, before: Reading | None, now: Reading, seconds: float, timestamp: int
    ) -> list[msgspec.Struct]:
        """One row; none when hardly a tick has passed or the counters started anew."""
        assert before is not None
        share = percents(before.counted, now.counted)
        switches = rates((before.counted.switches,), (now.counted.switches,), seconds)
        if share is None or switches is None:
            return []
        user, nice, system, _, iowait, irq, softirq, steal = share
        return [
            CpuSample.record(
                timestamp=timestamp,
                busy_percent=user + nice + system + irq + softirq + steal,
                user_percent=user + nice,
                system_percent=system + irq + softirq,
                iowait_percent=iowait,
                steal_percent=steal,
                load_1m=now.load[0],
                load_5m=now.load[1],
                load_15m=now.load[2],
                context_switches_per_s=switches[0],
                frequency_mhz=now.frequency_mhz,
            )
        ]


def percents(before: Processor, now: Processor) -> list[float] | None:
    """Shares of the eight kinds of time, in the order of `Processor`, with the sum 100. Pure.

    None over less than five ticks a core, of which a share would mostly be rounding. Idle and I/O wait
    may go back by a tick or two (proc(5)): such a kind counts as none.
    """
    spent = [max(0.0, b - a) for a, b in zip(before[:KINDS], now[:KINDS], strict=True)]
    total = sum(spent)
    if total < LEAST_TICKS / TICKS_PER_S * now.cores:
        return None
    return [100 * seconds / total for seconds in spent]
