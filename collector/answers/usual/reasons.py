"""A word beside each figure that stands out: which process, which disk, how hot. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from collector.answers.timed import Row
from collector.units import percent, size

# From here on most processors slow themselves down.
HOT_CELSIUS = 85.0
THERMAL = "thermal"
# What one process took beyond its usual, in percent of a core, before it is named.
NAMED_PERCENT = 20.0


def add(figures: Sequence[Row], processes: Sequence[Row]) -> None:
    """Write the ``why`` of each figure that stands out, where the rest of the answer tells one."""
    by_concern = {
        "cpu": _taker(processes),
        "memory": _largest(processes),
        "io": _disk(figures),
        "clock": _slowed(figures),
    }
    for row in figures:
        if row["stands_out"] is not None and row["why"] is None:
            row["why"] = by_concern.get(row["concern"]) or None


def _taker(processes: Sequence[Row]) -> str:
    """Who took the processor beyond what is usual for it."""
    beyond = {row["name"]: row["cpu_percent"] - (row["usual_cpu_percent"] or 0.0) for row in processes}
    beyond = {name: more for name, more in beyond.items() if more >= NAMED_PERCENT}
    if not beyond or all(row["usual_cpu_percent"] is None for row in processes):
        return ""
    name, most = max(beyond.items(), key=lambda item: item[1])
    mostly = "mostly " if most * 2 >= sum(beyond.values()) else ""
    taken = next(row["cpu_percent"] for row in processes if row["name"] == name)
    return f"{mostly}{name}, {percent(taken)} of a core"


def _largest(processes: Sequence[Row]) -> str:
    if not processes:
        return ""
    row = max(processes, key=lambda row: row["rss_bytes"])
    return f"largest is {row['name']}, {size(row['rss_bytes'])}"


def _disk(figures: Sequence[Row]) -> str:
    busy = [row for row in figures if row["name"].startswith("disk.busy_percent.")]
    busiest = max(busy, key=lambda row: row["value"], default=None)
    if busiest is None or busiest["stands_out"] is None:
        return ""
    return f"{busiest['label']} {percent(busiest['value'])}"


def _slowed(figures: Sequence[Row]) -> str:
    """Why the clock is low: heat or the battery, where one of them is told."""
    for row in figures:
        if row["concern"] == "heat" and row["value"] is not None:
            is_hot = row["stands_out"] is not None or row["value"] >= HOT_CELSIUS
            if is_hot:
                return f"{THERMAL}: {row['value']:.0f} °C"
        if row["concern"] == "power" and row["stands_out"] is not None:
            return "on battery"
    return ""
