"""Quantities as people write and read them: ``5s``, ``84.2 MB``, ``3 h 12 m``."""

from __future__ import annotations

import math
import re

_SECONDS = {
    "us": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
    "d": 86400.0,
    "w": 604800.0,
    "y": 31_536_000.0,
}
_BYTES = {"B": 1, "KB": 1000, "MB": 1000**2, "GB": 1000**3, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
# Bounded, so that no setting is infinite or beyond what timers and calendars can hold.
_LONGEST = 10 * 366 * 86400.0
_LARGEST = 2**63 - 1
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(us|ms|[smhdwy])\s*")
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([KMG]i?B|B)")


class Duration(float):
    """A length of time in seconds, written in configs as ``100ms``, ``5s``, ``1h30m``."""

    allowed = "a length of time such as 100ms, 5s, 30m, 1h30m, 7d or 2y"

    @classmethod
    def parse(cls, text: object) -> Duration:
        """Read ``text``; raises ValueError that says what is allowed."""
        if not isinstance(text, str):
            raise ValueError(f"not {cls.allowed} (in quotes)")
        compact = text.strip()
        if not compact or _PART.sub("", compact):
            raise ValueError(f"not {cls.allowed}")
        seconds = sum(float(n) * _SECONDS[unit] for n, unit in _PART.findall(compact))
        if seconds < _SECONDS["us"]:
            raise ValueError("must be longer than zero, at least 1us")
        if seconds > _LONGEST:
            raise ValueError("must not be longer than ten years")
        return cls(seconds)

    def __str__(self) -> str:
        return span(self)


class Size(int):
    """A number of bytes, written in configs as ``500MB`` or ``64KiB``."""

    allowed = "a size such as 64KiB or 500MB"

    @classmethod
    def parse(cls, text: object) -> Size:
        """Read ``text``; raises ValueError that says what is allowed."""
        match = _SIZE.fullmatch(text.strip()) if isinstance(text, str) else None
        if match is None:
            raise ValueError(f"not {cls.allowed} (in quotes)")
        count = float(match[1]) * _BYTES[match[2]]
        if count > _LARGEST:
            raise ValueError("must not be larger than a 64-bit number can say")
        return cls(round(count))

    def __str__(self) -> str:
        return size(self)


def span(seconds: float) -> str:
    """A setting's length of time as the config writes it: ``1h30m``, ``100ms``."""
    if seconds < 1:
        return f"{round(seconds * 1000, 6):.10g}ms"
    out, rest = "", round(seconds, 3)
    for unit in "ywdhm":
        n, rest = divmod(rest, _SECONDS[unit])
        out += f"{int(n)}{unit}" if n else ""
    rest = round(rest, 3)  # what is left of 1.1h is not 4.5e-13s
    return out + (f"{rest:g}s" if rest or not out else "")


def duration(ms: float | None) -> str:
    """A measured time in the unit that fits, three figures: ``0.31 ms``, ``41.8 s``, ``1 h 12 m``."""
    if ms is None or not math.isfinite(ms):
        return "–"
    if ms == 0:
        return "0 ms"
    if ms < 0.9995:
        return f"{ms * 1000:.3g} µs" if ms < 0.01 else f"{ms:.2f} ms"
    if ms < 999.5:
        return f"{_three(ms)} ms"
    if ms < 119_500:
        return f"{_three(ms / 1000)} s"
    return long_span(ms / 1000)


def counted(count: int, what: str) -> str:
    """How many there are of something: ``1 gap``, ``1,204 runs``."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def long_span(seconds: float) -> str:
    """An age or uptime in at most two units: ``6 h 12 m``, ``3 d 4 h``, ``12 s``."""
    if seconds < 1:
        return "0 s"
    units = [("d", 86400), ("h", 3600), ("m", 60), ("s", 1)]
    whole = int(seconds)
    for i, (name, length) in enumerate(units):
        if whole >= length:
            n, rest = divmod(whole, length)
            if i + 1 < len(units):
                lower, lower_length = units[i + 1]
                if rest // lower_length:
                    return f"{n} {name} {rest // lower_length} {lower}"
            return f"{n} {name}"
    return "0 s"


def ago(ms: float) -> str:
    """How long ago, for something that happened ``ms`` milliseconds before now."""
    if ms < 0:
        return f"in {long_span(-ms / 1000)}"
    return f"{ms / 1000:.1f} s ago" if ms < 10_000 else f"{long_span(ms / 1000)} ago"


def size(count: float | None) -> str:
    """Bytes in the decimal unit that fits: ``84.2 MB``."""
    if count is None:
        return "–"
    for unit in ("B", "KB", "MB", "GB"):
        if abs(count) < 999.5:
            return f"{count:.0f} B" if unit == "B" else f"{_three(count)} {unit}"
        count /= 1000
    return f"{_three(count)} TB"


def percent(value: float | None) -> str:
    """A share, finer where it is small: ``12 %``, ``4.5 %``, ``0.14 %``."""
    if value is None:
        return "–"
    if abs(value) >= 9.95:
        return f"{value:.0f} %"
    if value == 0:
        return "0 %"
    return f"{value:.1f} %" if abs(value) >= 0.995 else f"{value:.2f} %"


def _three(value: float) -> str:
    digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:.{digits}f}"
