"""A stretch of time drawn on a terminal: a sparkline a figure, a mark under what it is about."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from collector.charts import sparkline
from collector.moments import at_minute

# Nothing was recorded there: blank in the sparkline, and this below it.
HOLE = "░"
MARK = "▔"
_GAP = "  "
_LEAST_CELLS = 12


@dataclass(frozen=True, slots=True)
class Line:
    """One figure: means by cell, None for none; drawn from ``low`` to ``high``, or in its own range."""

    label: str
    values: Sequence[float | None]
    low: float | None = None
    high: float | None = None
    say: Callable[[float], str] = str


@dataclass(frozen=True, slots=True)
class Stretch:
    """The time that cells stand for, and the part of it that is marked; ms since the epoch."""

    from_ms: int
    step_ms: int
    marked_from_ms: int
    marked_to_ms: int

    def is_marked(self, cell: int) -> bool:
        """Whether some of a cell lies in the marked part."""
        start = self.from_ms + cell * self.step_ms
        return start <= self.marked_to_ms and start + self.step_ms > self.marked_from_ms


def lines(
    stretch: Stretch, drawn: Sequence[Line], about: str, now_ms: int, width: int | None
) -> Iterator[str]:
    """The picture, no wider than ``width``: the times on top, the mark below, named ``about``.

    Cells are put together where there is no room for all of them.
    """
    if not drawn:
        return
    label = max(len(about), *(len(line.label) for line in drawn))
    behind = max(len(_range(line)) for line in drawn)
    cells = len(drawn[0].values)
    room = None if width is None else max(_LEAST_CELLS, width - len(_GAP) * 3 - label - behind)
    together = 1 if room is None else -(-cells // room)
    merged = replace(stretch, step_ms=stretch.step_ms * together)
    rows = [_merged(line.values, together) for line in drawn]
    yield _row("", label, _times(merged, len(rows[0]), now_ms))
    for line, row in zip(drawn, rows, strict=True):
        yield _row(line.label, label, sparkline(row, line.low, line.high), _range(line))
    marks = _marks(merged, rows)
    yield _row(about, label, marks)
    if HOLE in marks:
        yield _row(HOLE, label, "nothing was recorded")


def _row(title: str, width: int, *cells: str) -> str:
    return _GAP.join(["", f"{title:<{width}}", *cells]).rstrip()


def _merged(values: Sequence[float | None], together: int) -> list[float | None]:
    """Means of so many cells each; None only where none of them holds anything."""
    found: list[float | None] = []
    for start in range(0, len(values), together):
        known = [value for value in values[start : start + together] if value is not None]
        found.append(sum(known) / len(known) if known else None)
    return found


def _range(line: Line) -> str:
    known = [value for value in line.values if value is not None]
    return f"{line.say(min(known))}…{line.say(max(known))}" if known else ""


def _times(stretch: Stretch, cells: int, now_ms: int) -> str:
    """When the picture begins and ends."""
    start = at_minute(stretch.from_ms, now_ms)
    end = at_minute(stretch.from_ms + cells * stretch.step_ms, now_ms)
    return start + end.rjust(max(len(end) + 1, cells - len(start)))


def _marks(stretch: Stretch, rows: Sequence[Sequence[float | None]]) -> str:
    """What lies under each cell: a mark, or that nothing at all was recorded there."""
    cells = range(len(rows[0]))
    empty = [all(row[cell] is None for row in rows) for cell in cells]
    return "".join(MARK if stretch.is_marked(c) else HOLE if empty[c] else " " for c in cells)
