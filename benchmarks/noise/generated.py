"""Generated noise, with and without changes of level, and where those are."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

NEAR = 12
PHI, INNOVATION, SLOWED, SLOWER = 0.6, 0.04, 0.15, (1.2, 2.0)


@dataclass(frozen=True)
class Series:
    """Timings in ms, and the changes in them: first run after it, and whether it is slower then."""

    values: list[float]
    changes: tuple[tuple[int, bool], ...] = ()


Maker = Callable[[random.Random], Series]


def machine(rng: random.Random, runs: int) -> list[float]:
    """A developer's machine: AR(1) 0.6 with 4 % innovations, 15 % of runs 1.2 to 2 times slower."""
    state = rng.gauss(0, INNOVATION / math.sqrt(1 - PHI * PHI))
    values = []
    for _ in range(runs):
        state = PHI * state + rng.gauss(0, INNOVATION)
        values.append(100 * math.exp(state) * (rng.uniform(*SLOWER) if rng.random() < SLOWED else 1))
    return values


def steady(runs: int) -> Maker:
    """No change."""
    return lambda rng: Series(machine(rng, runs))


def stepped(runs: int, size: float) -> Maker:
    """One change by ``size`` (0.1: to 110 %, or back from there) somewhere from 30 to 70 % of the runs."""

    def make(rng: random.Random) -> Series:
        at, slower = rng.randint(runs * 3 // 10, runs * 7 // 10), rng.random() < 0.5
        factor = 1 + size if slower else 1 / (1 + size)
        return Series(times(machine(rng, runs), factor, at, runs), ((at, slower),))

    return make


def mended(runs: int, size: float) -> Maker:
    """Slower for a third of the series, somewhere in it, then as before."""

    def make(rng: random.Random) -> Series:
        at = rng.randint(runs // 6, runs // 2)
        end = at + runs // 3
        return Series(times(machine(rng, runs), 1 + size, at, end), ((at, True), (end, False)))

    return make


def ramped(runs: int, total: float) -> Maker:
    """No step: slower or faster by a little each run, by ``total`` in all (0.3: to 130 %, or back)."""

    def make(rng: random.Random) -> Series:
        rise = math.log(1 + total) * rng.choice((-1, 1)) / runs
        return Series([value * math.exp(rise * i) for i, value in enumerate(machine(rng, runs))])

    return make


def two_modes(runs: int) -> Maker:
    """No change: 100 or 120 to 180 at random, in shares of its own, in small noise."""

    def make(rng: random.Random) -> Series:
        share, gap = rng.uniform(0.2, 0.8), rng.uniform(1.2, 1.8)
        draw = [gap if rng.random() < share else 1.0 for _ in range(runs)]
        return Series([100 * mode * math.exp(rng.gauss(0, 0.02)) for mode in draw])

    return make


def coarse_clock(runs: int) -> Maker:
    """No change: the machine's noise read from a clock of 5 to 50 ms a tick, or in steps of 15 %."""

    def make(rng: random.Random) -> Series:
        values, tick = machine(rng, runs), rng.choice((5, 10, 20, 50, 0))
        if tick:
            return Series([round(value / tick) * float(tick) for value in values])
        return Series([1.15 ** round(math.log(value, 1.15)) for value in values])

    return make


def times(values: Sequence[float], factor: float, start: int, end: int) -> list[float]:
    """Those from ``start`` to ``end`` times ``factor``."""
    return [value * factor if start <= i < end else value for i, value in enumerate(values)]
