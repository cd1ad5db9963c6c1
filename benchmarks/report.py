"""What a benchmark gives back, and how it is printed."""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """One figure: what was measured, in which unit, and the bar it has to clear, if there is one.

    ``bar`` is ``("<=", 2.0)`` or ``(">=", 0.75)``.
    """

    what: str
    figure: float
    unit: str
    bar: tuple[str, float] | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        """``ok``, ``MISSED``, or nothing where there is no bar."""
        if self.bar is None:
            return ""
        sign, limit = self.bar
        return "ok" if (self.figure <= limit if sign == "<=" else self.figure >= limit) else "MISSED"

    def as_json(self) -> dict[str, Any]:
        """For the results file."""
        return {**asdict(self), "verdict": self.verdict}


def table(title: str, rows: list[Row]) -> str:
    """The rows of one benchmark as aligned text."""
    bars = [f"{row.bar[0]} {_number(row.bar[1])} {row.unit}" if row.bar else "" for row in rows]
    figures = [f"{_number(row.figure)} {row.unit}" for row in rows]
    wide = max(len(row.what) for row in rows)
    figure_wide, bar_wide = max(map(len, figures)), max(map(len, bars))
    lines = [title]
    for row, figure, bar in zip(rows, figures, bars, strict=True):
        note = f"  {row.note}" if row.note else ""
        lines.append(
            f"  {row.what:<{wide}}  {figure:>{figure_wide}}  {bar:<{bar_wide}}  {row.verdict:<6}{note}"
        )
    width = shutil.get_terminal_size((120, 40)).columns
    return "\n".join(line.rstrip()[: max(width, 100)] for line in lines)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
