"""Throttling: the clock of the cores fell, mostly since they got hot."""

from __future__ import annotations

from collector.answers.causes.gathered import Gathered
from collector.answers.causes.move import Move
from collector.answers.causes.witness import Testimony, share, witness

# Governors let the clock wander by as much from one moment to the next.
FLOOR_MHZ = 100.0
# Sensors count in whole degrees, and a fan that starts is worth some.
FLOOR_CELSIUS = 5.0
COLUMNS = {"frequency_mhz": FLOOR_MHZ}


@witness("heat")
def heat(gathered: Gathered) -> Testimony:
    """Work takes as much longer as the clock is slower, at the most; heat alone slows nothing."""
    clock = gathered.move("frequency_mhz", FLOOR_MHZ)
    warmth = gathered.move("temperature_celsius", FLOOR_CELSIUS)
    figures = {"frequency_mhz": clock.as_json(), "temperature_celsius": warmth.as_json()}
    known = clock.moved is not None
    if not clock.rise or not clock.before or not clock.after:
        return Testimony("heat", "machine", known, columns=COLUMNS, figures=figures)
    explains = share(clock.before / clock.after, gathered.slowdown)
    clause = _clause(clock, warmth) if explains else ""
    return Testimony("heat", "machine", known, explains, clause, columns=COLUMNS, figures=figures)


def _clause(clock: Move, warmth: Move) -> str:
    assert clock.before is not None
    assert clock.after is not None
    word = "fell" if clock.rise < 0 else "rose"
    clause = f"the clock {word} {clock.before / 1000:.1f} → {clock.after / 1000:.1f} GHz"
    hotter = warmth.rise > 0 > clock.rise or warmth.rise < 0 < clock.rise
    return f"{clause} at {warmth.before:.0f} → {warmth.after:.0f} °C" if hotter else clause
