"""Power: on its battery a machine saves it."""

from __future__ import annotations

from collector.answers.causes.gathered import Gathered
from collector.answers.causes.witness import Testimony, witness

# Half of the runs, and more than nothing.
COLUMNS = {"on_battery": 0.5}


@witness("power")
def power(gathered: Gathered) -> Testimony:
    """Whether most runs of one side, and not of the other, were on the battery."""
    battery = gathered.move("on_battery", COLUMNS["on_battery"])
    figures = {"on_battery": battery.as_json()}
    known = battery.moved is not None
    if battery.rise == 0 or (battery.rise > 0) != (gathered.slowdown > 1):
        return Testimony("power", "machine", known, columns=COLUMNS, figures=figures)
    words = ("on battery", "on mains") if battery.rise > 0 else ("on mains", "on battery")
    clause = f"the machine runs {words[0]} since then, {words[1]} before"
    # How much a machine saves differs from one to the next: it can explain any change.
    return Testimony("power", "machine", known, 1.0, clause, columns=COLUMNS, figures=figures)
