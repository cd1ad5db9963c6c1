"""What feeds the machine: its battery, and whether mains power is connected.

Source: /sys/class/power_supply (Documentation/ABI/testing/sysfs-class-power). The batteries of mice
and headsets stand there too, with scope ``Device``; asking them wakes them, so only their scope is read.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from collector.readings.kernel_file import read_word

# On many laptops each answer is asked of a slow embedded controller, and a charge takes minutes to move.
FRESH_SECONDS = 10.0

Ask = Callable[[str], str | None]


class Feed(NamedTuple):
    """Charge in percent of all batteries together, and whether mains feeds; None when nothing tells."""

    battery_percent: float | None
    on_mains: bool | None


class Battery(NamedTuple):
    """One battery: its charge in percent, how much it holds when full (in any unit), what it does."""

    percent: float | None
    full: float | None
    status: str


class Power:
    """The supplies of one machine, asked at most every 10 s; safe to share between threads."""

    def __init__(self, sys: str | Path = "/sys") -> None:
        self._folder = Path(sys, "class/power_supply")
        self._last: tuple[float, Feed] | None = None

    def read(self, monotonic: float | None = None) -> Feed:
        """What feeds the machine at ``monotonic``, or as it was up to 10 s before."""
        now = time.monotonic() if monotonic is None else monotonic
        last = self._last
        if last is None or not 0 <= now - last[0] < FRESH_SECONDS:
            self._last = last = (now, self._ask())
        return last[1]

    def _ask(self) -> Feed:
        batteries, mains = [], []
        for path in sorted(self._folder.glob("*/type")):
            ask = functools.partial(_word, path.parent)
            kind = ask("type")
            if ask("scope") == "Device":
                continue
            if kind == "Battery":
                batteries.append(_battery(ask))
            elif kind in {"Mains", "USB"} and (online := ask("online")) is not None:
                mains.append(online != "0")
        return combine(batteries, mains)


def combine(batteries: list[Battery], mains: list[bool]) -> Feed:
    """All supplies as one. Pure.

    Without a battery an empty socket tells nothing: a desktop with USB ports for charging phones has
    supplies that are all offline.
    """
    if not batteries:
        return Feed(None, True if any(mains) else None)
    told = [(battery.percent, battery.full or 0.0) for battery in batteries if battery.percent is not None]
    weights = [full for _, full in told] if all(full > 0 for _, full in told) else [1.0] * len(told)
    charge = sum(percent * w for (percent, _), w in zip(told, weights, strict=True))
    charged = min(100.0, charge / sum(weights)) if told else None
    if mains:
        return Feed(charged, any(mains))
    status = {battery.status for battery in batteries} - {"Unknown", ""}
    return Feed(charged, "Discharging" not in status if status else None)


def _battery(ask: Ask) -> Battery:
    full = _number(ask("energy_full")) or _number(ask("charge_full"))
    left = _number(ask("energy_now")) or _number(ask("charge_now"))
    percent = _number(ask("capacity"))
    if percent is None and full and left is not None:
        percent = 100 * left / full
    return Battery(percent, full, ask("status") or "")


def _word(folder: Path, name: str) -> str | None:
    return read_word(folder / name)


def _number(text: str | None) -> float | None:
    return float(text) if text is not None and text.lstrip("-").isdigit() else None


@functools.cache
def _power() -> Power:
    return Power()


def on_battery() -> bool | None:
    """Whether this machine runs on its battery now; None when nothing tells."""
    on_mains = _power().read().on_mains
    return None if on_mains is None else not on_mains
