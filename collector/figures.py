"""Stored values as people read them: each in the unit that its column states."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from collector.moments import at_second
from collector.records.columns import Timestamp
from collector.units import duration, percent, size

# Numbers that name something instead of counting it.
_NAMES = ("pid",)
_WORDS: dict[object, str] = {None: "–", True: "yes", False: "no"}


def figure(column: Any, value: Any, now_ms: int) -> str:
    """A value of ``column``, a field of a record's model: ``41.8 s``, ``84.2 MB/s``, ``Tue 14:05:03``."""
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bytes):
        return size(len(value))
    if isinstance(value, (bool, str)) or value is None:
        return _WORDS.get(value, str(value))
    if isinstance(column, Timestamp):
        return at_second(value, now_ms)
    is_name = getattr(column, "primary_key", False) or column.column_name in _NAMES
    return str(value) if is_name else _UNITS.get(getattr(column, "unit", ""), _number)(value)


def _number(value: float) -> str:
    """A count in full, anything else with three figures: ``1,204``, ``12.3``, ``0.014``."""
    if isinstance(value, int) or abs(value) >= 99.95 or value == 0:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 9.995 else f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.2g}"


def _clock(mhz: float) -> str:
    return f"{mhz / 1000:.2f} GHz" if mhz >= 1000 else f"{mhz:.0f} MHz"


_UNITS: dict[str, Callable[[Any], str]] = {
    "ms": duration,
    "s": lambda seconds: duration(seconds * 1000),
    "B": size,
    "MB": lambda megabytes: size(megabytes * 1e6),
    "B/s": lambda rate: f"{size(rate)}/s",
    "1/s": lambda rate: f"{_number(rate)} /s",
    "%": percent,
    "% of a core": percent,
    "MHz": _clock,
    "°C": lambda celsius: f"{celsius:.0f} °C",
}
