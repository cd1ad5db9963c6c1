"""Figures as pictures of one line: sparklines and bars."""

from __future__ import annotations

from collections.abc import Sequence

_HEIGHTS = "▁▂▃▄▅▆▇█"
_EIGHTHS = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")


def sparkline(values: Sequence[float | None], low: float | None = None, high: float | None = None) -> str:
    """Values as bars from ``low`` to ``high`` (their own range unless given); None is a space."""
    known = [value for value in values if value is not None]
    if not known:
        return " " * len(values)
    bottom, top = min(known) if low is None else low, max(known) if high is None else high
    step = (top - bottom) / (len(_HEIGHTS) - 1)
    return "".join(" " if value is None else _height(value - bottom, step) for value in values)


def _height(above: float, step: float) -> str:
    highest = len(_HEIGHTS) - 1
    return _HEIGHTS[0] if step <= 0 else _HEIGHTS[min(highest, max(0, round(above / step)))]


def bar(share: float, width: int = 20) -> str:
    """A share from 0 to 1 as a horizontal bar of at most ``width`` characters, to an eighth of one."""
    eighths = round(min(1.0, max(0.0, share)) * width * 8)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8]
