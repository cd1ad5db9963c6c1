"""What a laptop's samplers write at the defaults: every 5 seconds while it is awake, processes every 30.

Made up, but of the types and digits of real samples: shares and rates are quotients of counters, so they
have all their digits; bytes are whole pages; what is nothing on most machines, such as swap, is nothing.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from typing import Any

Row = tuple[Any, ...]
Rows = dict[str, list[Row]]

EVERY_MS = 5_000
WALK_MS = 30_000
TOTAL_BYTES = 33_435_123_712
DISK_BYTES = 494_384_795_648
PAGE = 4096
NAMES = 60


class Machine:
    """Goes on from one moment to the next; ``chance`` is all it is made of."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._busy = 0.05  # how busy somebody is at it, 0 to 1
        self._load = [0.4, 0.4, 0.4]
        self._used = 9_000_000_000.0
        self._full = {"/": 0.61, "/home": 0.43}
        self._heat, self._battery = 47.0, 80.0
        self._database = 400_000_000
        # pid, name, usual share of a core, how often it does anything in half a minute, resident pages
        self._processes = [
            (2_000 + 37 * n, f"process-{n % NAMES:02d}", 40 / (rank + 1), max(0.01, 0.95 - rank / 12),
             round(900_000 / (n + 3)))
            for n in range(NAMES + 20)
            for rank in [7 * n % (NAMES + 20)]  # the largest are not the busiest
        ]  # fmt: skip

    def rows(self, moment_ms: int) -> Rows:
        """One tick, as rows of each kind in the order of its columns."""
        self._move(moment_ms)
        late = int(self._chance.random() < 0.1)
        at = moment_ms + late
        rows: Rows = {
            "cpu": [self._cpu(at)],
            "disk": [self._disk(at, "nvme0n1", 1.0), self._disk(at, "sda", 0.02)],
            "filesystem": [self._filesystem(at + 1, mount) for mount in self._full],
            "memory": [self._memory(at)],
            "network": [self._network(at, "lo", 0.1), self._network(at, "wlan0", 1.0)],
            "pressure": [self._pressure(at)],
            "sensor": [self._sensor(at)],
            "recorder": [self._recorder(at, late)],
        }
        if moment_ms % WALK_MS == 0:
            rows["process"] = self._walk(at)
        return rows

    def _move(self, moment_ms: int) -> None:
        chance = self._chance
        # Mostly somebody reads; now and then something is built, for some minutes.
        if chance.random() < 0.01:
            self._busy = chance.choice((0.01, 0.02, 0.05, 0.1, 0.8))
        now = self._busy * chance.lognormvariate(0, 0.3) * 16
        for i, minutes in enumerate((1, 5, 15)):
            kept = math.exp(-EVERY_MS / 60_000 / minutes)
            self._load[i] = round(2048 * (self._load[i] * kept + now * (1 - kept))) / 2048
        self._used = min(max(self._used + chance.gauss(0, 2e7), 4e9), 3e10)
        self._heat = min(max(self._heat + chance.gauss(0, 0.4) + 3 * (self._busy - 0.1), 38), 96)
        self._battery = 50 + 45 * math.sin(moment_ms / 9e6)
        self._full["/"] = min(max(self._full["/"] + chance.gauss(0, 1e-6), 0.5), 0.8)

    def _share(self, percent: float) -> float:
        """A share of the ticks of 16 cores in 5 seconds."""
        ticks = 8000 + self._chance.randrange(-16, 17)
        return 100 * round(min(max(percent, 0.0), 100.0) * ticks / 100) / ticks

    def _rate(self, per_s: float) -> float:
        """A counter's gain in about 5 seconds, over them."""
        seconds = 5 + self._chance.gauss(0, 0.0005)
        return round(max(per_s, 0.0) * seconds) / seconds

    def _spread(self, usual: float, often: float = 1.0) -> float:
        """Something around ``usual``; nothing at all where it does not happen ``often``."""
        return usual * self._chance.lognormvariate(0, 0.8) if self._chance.random() < often else 0.0

    def _cpu(self, at: int) -> Row:
        user, system = self._spread(70 * self._busy), self._spread(12 * self._busy)
        return (
            at, self._share(user + system), self._share(user), self._share(system),
            self._share(self._spread(0.3, 0.5)), 0.0, *self._load,
            self._rate(self._spread(4000)), 1400 + 2600 * min(self._busy * self._chance.random() * 2, 1),
        )  # fmt: skip

    def _memory(self, at: int) -> Row:
        used = round(self._used / PAGE) * PAGE
        swapped = self._rate(self._spread(40_000, 0.01))
        return at, TOTAL_BYTES, used, TOTAL_BYTES - used, 100 * used / TOTAL_BYTES, 524_288, swapped, 0.0

    def _disk(self, at: int, device: str, share: float) -> Row:
        reads = self._rate(self._spread(30 * share, 0.3 + self._busy))
        writes = self._rate(self._spread(40 * share, min(1.0, 60 * share)))
        return (
            at, device, reads * PAGE * self._chance.randrange(1, 30),
            writes * PAGE * self._chance.randrange(1, 8), reads, writes, self._rate(writes / 8),
        )  # fmt: skip

    def _filesystem(self, at: int, mount: str) -> Row:
        used = round(self._full[mount] * DISK_BYTES / PAGE) * PAGE
        free = round((DISK_BYTES * 0.95 - used) / PAGE) * PAGE
        return at, mount, used, free, 100 * used / (used + free)

    def _network(self, at: int, interface: str, share: float) -> Row:
        received, sent = (self._rate(self._spread(usual * share, 0.8)) for usual in (40_000, 6_000))
        return at, interface, received, sent, 0.0, 0.0

    def _pressure(self, at: int) -> Row:
        cpu = self._spread(8 * self._busy, min(1.0, 0.3 + self._busy))
        io = self._spread(0.4, 0.3)
        return at, cpu, 0.0, 0.0, io, io * self._chance.random()

    def _sensor(self, at: int) -> Row:
        return at, round(8 * self._heat) / 8, float(round(self._battery)), int(math.sin(at / 9e6) > -0.2)

    def _recorder(self, at: int, late: int) -> Row:
        self._database += PAGE * (self._chance.random() < 0.2)
        return (
            at, 100 * self._spread(0.012) / 5, 37_000_000 + PAGE * self._chance.randrange(300),
            self._chance.choice((0, 0, 9, 11)), self._spread(1.3), self._rate(self._spread(6000)), 0,
            float(late), self._database, PAGE * self._chance.randrange(200, 1000),
        )  # fmt: skip

    def _walk(self, at: int) -> list[Row]:
        """The ten that use most processor time and the ten largest."""
        used = {
            pid: round(self._spread(3 * usual * self._busy + 1, often)) / (0.3 + self._chance.gauss(0, 1e-4))
            for pid, _, usual, often, _ in self._processes
        }
        busiest = sorted((one for one in self._processes if used[one[0]]), key=lambda one: -used[one[0]])
        return [
            (at, pid, name, used[pid], PAGE * (pages + self._chance.randrange(50)))
            for pid, name, _, _, pages in dict.fromkeys([*busiest[:10], *self._processes[:10]])
        ]


def ticks(machine: Machine, moments: range, awake: Any) -> Iterator[Rows]:
    """All ticks in ``moments`` at which the machine is awake."""
    for moment_ms in moments:
        if awake(moment_ms):
            yield machine.rows(moment_ms)
