"""What the rounds of one row came to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from tests.faults.checker import Verdict
from tests.faults.row import ALL_ROUNDS, Fault, Figure, Round

COUNTED = ("lost", "torn", "twice", "disorder", "foreign", "unbalanced", "unsound")

End = Literal["", "cut", "stopped"]


@dataclass
class Tally:
    """One row of the table. ``end``: how it ended early: its time was over, or somebody ended the run."""

    fault: Fault
    planned: int
    rounds: int = 0
    end: End = ""
    verdict: Verdict = field(default_factory=Verdict)
    slowest_s: float | None = None
    figures: dict[str, Figure] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    over: dict[str, None] = field(default_factory=dict)  # what was over its bar, each once
    skipped: str | None = None

    @property
    def failed(self) -> bool:
        """Whether a round broke a promise, or was over a bar, or nothing was acknowledged in any of them."""
        return bool(self.complaints or self.over) or self.tested_nothing

    @property
    def tested_nothing(self) -> bool:
        """Whether it came to an end without one acknowledged record."""
        return not (self.skipped or self.verdict.acknowledged or self.end == "stopped")

    @property
    def unmeasured(self) -> list[str]:
        """The bars of which no round had the figure."""
        return [] if self.skipped else [name for name in self.fault.bars if name not in self.figures]

    @property
    def state(self) -> str:
        """Failed, skipped, stopped or held."""
        if self.failed:
            return "FAILED"
        return "skipped" if self.skipped else self.end if self.end == "stopped" else "held"

    @property
    def shown_rounds(self) -> str:
        """How many were run, and of how many where some were left out."""
        if not self.end:
            return f"{self.rounds:,}"
        planned = self._of_rounds()
        return f"{self.rounds:,} of {'all' if planned is None else f'{planned:,}'}"

    def add(self, result: Round) -> None:
        """Take in one round."""
        if result.skipped:
            self.skipped = result.skipped
            return
        if not self.fault.passes(result):
            self.complaints.append(f"round {self.rounds}: {result.fault}")
        self.over |= dict.fromkeys(self.fault.over(result))
        self.rounds += not result.is_sum
        self.verdict += result.verdict
        if result.recovery_s is not None:
            self.slowest_s = max(self.slowest_s or 0.0, result.recovery_s)
        for name, figure in result.figures.items():
            self._take(name, figure)

    def _take(self, name: str, figure: Figure) -> None:
        """The largest so far; of texts the last."""
        before = self.figures.get(name)
        if isinstance(figure, str) or not isinstance(before, int | float) or figure > before:
            self.figures[name] = figure

    def _of_rounds(self) -> int | None:
        """How many there should have been; None for all, where nobody has counted them."""
        if not self.end:
            return self.rounds
        return None if self.planned >= ALL_ROUNDS else self.planned

    def as_json(self) -> dict[str, Any]:
        """The row for scripts."""
        counts = {name: getattr(self.verdict, name) for name in ("acknowledged", "stored", *COUNTED)}
        return {
            "row": self.fault.name, "about": self.fault.about, "rounds": self.rounds,
            "of_rounds": self._of_rounds(), "end": self.end or "all", **counts,
            "slowest_recovery_s": self.slowest_s, "figures": self.figures, "bars": dict(self.fault.bars),
            "skipped": self.skipped, "failed": self.failed, "over": list(self.over),
            "complaints": self.complaints,
        }  # fmt: skip
