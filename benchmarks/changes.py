"""Finding changes of level: ours and other detectors on the same series, with fresh seeds each run.

"Found" is a step of the right direction within 12 runs of the true place; of "then mended" it is the
slow-down. The others run in a child process on as many of the same series as their time allows, and
what they find below 3 % is dropped for them as it is for ours. They are development-only: `make peers`
sets them up in `.venv-peers`, or COLLECTOR_PEERS_PYTHON names an interpreter that has them.
"""

from __future__ import annotations

import math
import random
import statistics
import time
from collections.abc import Sequence

from benchmarks.noise import generated as made
from benchmarks.noise.generated import Maker, Series
from benchmarks.noise.recorded import recorded
from benchmarks.noise.scored import Outcome, Steps, alarmed, found, told
from benchmarks.noise.theirs import Theirs, ask
from benchmarks.report import Row
from collector.answers.detection import find

STEADY_SERIES, STEPPED_SERIES, PEER_SERIES = 1000, 300, 80
Bar = tuple[str, float]

# Kind of series, and which percentage of them may alarm or has to be found.
CASES: dict[str, tuple[Maker, Bar]] = {
    "no change, 200 runs: alarms": (made.steady(200), ("<=", 1)),
    "no change, 60 runs: alarms": (made.steady(60), ("<=", 2)),
    "two modes, 200 runs: alarms": (made.two_modes(200), ("<=", 1)),
    "coarse clock, 200 runs: alarms": (made.coarse_clock(200), ("<=", 1)),
    "ramp of 30 %, 200 runs: alarms": (made.ramped(200, 0.30), ("<=", 15)),
    "ramp of 50 %, 60 runs: alarms": (made.ramped(60, 0.50), ("<=", 15)),
    "5 %, 200 runs: found": (made.stepped(200, 0.05), (">=", 40)),
    "10 %, 200 runs: found": (made.stepped(200, 0.10), (">=", 95)),
    "20 %, 200 runs: found": (made.stepped(200, 0.20), (">=", 99)),
    "10 %, 60 runs: found": (made.stepped(60, 0.10), (">=", 60)),
    "20 %, 60 runs: found": (made.stepped(60, 0.20), (">=", 98)),
    "20 % for a third of 200 runs: found": (made.mended(200, 0.20), (">=", 99)),
}
REAL = {"none": "alarms", "+10 %": "found", "+20 %": "found", "mended": "found"}


def run(seconds: int) -> list[Row]:
    """Ours on all series, the others on the first of each kind."""
    seed = random.SystemRandom().randrange(1_000_000)
    rng = random.Random(seed)
    series = {
        name: [maker(rng) for _ in range(STEADY_SERIES if name.endswith("alarms") else STEPPED_SERIES)]
        for name, (maker, _) in CASES.items()
    }
    for case, what in REAL.items():
        series[f"real, {case}: {what}"] = [one for _, its, one in recorded() if its == case]
    ours = {name: [steps_of(one.values) for one in many] for name, many in series.items()}
    theirs = ask({name: [one.values for one in many[:PEER_SERIES]] for name, many in series.items()}, seconds)
    rows = [row for name in series for row in rates(name, series[name], ours[name], theirs)]
    rows[0] = Row(rows[0].what, rows[0].figure, "%", rows[0].bar, f"{rows[0].note}; seed {seed}")
    return [*rows, bias(series, ours), *speeds(rng, theirs), *missing(theirs)]


def steps_of(values: Sequence[float]) -> Steps:
    """What `find` reports: index and whether it is slower from there."""
    return [(step.index, step.ratio > 1) for step in find(values).steps]


def rates(name: str, series: Sequence[Series], ours: Sequence[Steps], theirs: Sequence[Theirs]) -> list[Row]:
    """How many of the series alarmed or were found, by each detector."""
    score = alarmed if name.endswith("alarms") else found
    bar = CASES[name][1] if name in CASES else None
    mine = Outcome.of(score, series, ours)
    rows = [Row(name, mine.percent, "%", bar, mine.margin)]
    for peer in theirs:
        outcome = Outcome.of(score, series, [told(one.values, at) for one, at in peer.pairs(name, series)])
        rows.append(Row(f"  {peer.name}", outcome.percent, "%", None, outcome.margin))
    return rows


def bias(series: dict[str, list[Series]], ours: dict[str, list[Steps]]) -> Row:
    """How much more often slower ones are found than faster ones, in standard errors of the difference."""
    hits: dict[bool, list[bool]] = {True: [], False: []}
    for name in CASES:
        for one, steps in zip(series[name], ours[name], strict=True):
            if len(one.changes) == 1:
                hits[one.changes[0][1]].append(found(one, steps))
    shares = {slower: statistics.fmean(hit) for slower, hit in hits.items()}
    error = math.sqrt(sum(share * (1 - share) / len(hits[slower]) for slower, share in shares.items()))
    note = f"found: {shares[True]:.1%} of slower, {shares[False]:.1%} of faster"
    return Row("slower against faster", abs(shares[True] - shares[False]) / error, "errors", ("<=", 3), note)


def speeds(rng: random.Random, theirs: Sequence[Theirs]) -> list[Row]:
    """CPU time a series: the slowest shape's median of five, and of the others on those of 200 runs."""
    rows = []
    for runs, bar in ((200, None), (500, ("<=", 20.0)), (5000, ("<=", 200.0))):
        shapes = (made.steady(runs), made.stepped(runs, 0.1), made.mended(runs, 0.2), made.coarse_clock(runs))
        slowest = max(statistics.median(timed(rng, shape)) for shape in shapes)
        rows.append(Row(f"CPU time for {runs:,} runs, slowest shape", slowest, "ms", bar))
    rows += [Row(f"  {peer.name}, 200 runs", peer.ms("no change, 200 runs: alarms"), "ms") for peer in theirs]
    return rows


def timed(rng: random.Random, shape: Maker) -> list[float]:
    """Five series of that shape, in ms."""
    took = []
    for _ in range(5):
        values = shape(rng).values
        start = time.process_time()  # other work may run beside
        find(values)
        took.append((time.process_time() - start) * 1000)
    return took


def missing(theirs: Sequence[Theirs]) -> list[Row]:
    """Says how to have the others beside ours, when they are not there."""
    return (
        []
        if theirs
        else [Row("other detectors compared", 0, "", None, "none is installed: run `make peers`")]
    )
