"""Figures as they stand in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from collector.answers.causes.move import Move
from collector.redact import shortened

# Two lines of a terminal.
LONGEST = 160


def times(ratio: float) -> str:
    """A ratio with three figures at the most: ``×1.15``, ``×2.8``, ``×12``."""
    digits = 2 if ratio < 1.995 else 1 if ratio < 9.95 else 0
    return f"×{ratio:.{digits}f}"


def slowed(ratio: float) -> str:
    """Which way time went, and by how much: ``slowed ×2.8``, ``sped up ×1.3``."""
    return f"slowed {times(ratio)}" if ratio >= 1 else f"sped up {times(1 / ratio)}"


def from_to(moved: Move) -> str:
    """Two shares, the unit once: ``0.2 → 31 %``."""
    return f"{_share(moved.before)} → {_share(moved.after)} %"


def _share(value: float | None) -> str:
    """To a tenth at the most, and that only where it is small: the rest is chance."""
    return "–" if value is None else f"{round(value, 1 if value < 9.95 else 0):g}"


def short(commit: str) -> str:
    """A commit as git shows it."""
    return commit[:7]


def sentence(clauses: Sequence[str], last: str = "") -> str:
    """The clauses in one sentence: the first and the ``last`` in any case, of the others as many as fit."""
    end = f"; {last}" if last else ""
    said = shortened(clauses[0], LONGEST - len(end))
    for clause in clauses[1:]:
        if len(said) + len(clause) + 2 + len(end) <= LONGEST:
            said += f"; {clause}"
    return said + end
