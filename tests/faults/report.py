"""What the rounds of each row came to, as one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import click

from collector.tables import Cell, Column, print_paragraph, print_table
from tests.faults.checker import Verdict
from tests.faults.row import Fault, Figure, Round

COUNTED = ("lost", "torn", "twice", "disorder", "foreign", "unbalanced", "unsound")
FIRST = ("lost", "torn", "twice", "unsound")  # the others go first where space is short
COLUMNS = [
    Column("row"),
    Column("rounds", right=True),
    Column("acknowledged", right=True, spare=1),
    *(Column(name, right=True, spare=3 * (name not in FIRST)) for name in COUNTED),
    Column("slowest recovery", right=True),
    Column("figures", cut=20, spare=2),
    Column("verdict"),
]


@dataclass
class Tally:
    """One row of the table."""

    fault: Fault
    rounds: int = 0
    verdict: Verdict = field(default_factory=Verdict)
    slowest_s: float | None = None
    figures: dict[str, Figure] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    skipped: str | None = None

    @property
    def failed(self) -> bool:
        """Whether a round broke a promise, or nothing was acknowledged in any of them."""
        return bool(self.complaints) or (not self.skipped and not self.verdict.acknowledged)

    def add(self, number: int, result: Round) -> None:
        """Take in one round."""
        if result.skipped:
            self.skipped = result.skipped
            return
        self.rounds += 1
        if not self.fault.passes(result):
            self.complaints.append(f"round {number}: {result.fault}")
        self.verdict += result.verdict
        if result.recovery_s is not None:
            self.slowest_s = max(self.slowest_s or 0.0, result.recovery_s)
        for name, figure in result.figures.items():
            before = self.figures.get(name)
            larger = isinstance(figure, str) or not isinstance(before, int | float) or figure > before
            self.figures[name] = figure if larger or before is None else before

    def as_json(self) -> dict[str, Any]:
        """The row for scripts."""
        counts = {name: getattr(self.verdict, name) for name in ("acknowledged", "stored", *COUNTED)}
        return {
            "row": self.fault.name, "about": self.fault.about, "rounds": self.rounds, **counts,
            "slowest_recovery_s": self.slowest_s, "figures": self.figures, "skipped": self.skipped,
            "failed": self.failed, "complaints": self.complaints,
        }  # fmt: skip

    def cells(self) -> list[str | Cell]:
        """The row for people."""
        counts = [getattr(self.verdict, name) for name in COUNTED]
        return [
            self.fault.name,
            f"{self.rounds:,}",
            f"{self.verdict.acknowledged:,}",
            *(Cell(f"{count:,}", "red" if count else "") for count in counts),
            "–" if self.slowest_s is None else f"{self.slowest_s:.2f} s",
            " · ".join(f"{name} {_shown(figure)}" for name, figure in self.figures.items()),
            self._verdict(),
        ]

    def _verdict(self) -> Cell:
        if self.failed:
            return Cell("FAILED", "red")
        return Cell("skipped", "yellow") if self.skipped else Cell("held", "green")


def document(tallies: Sequence[Tally], seed: int) -> dict[str, Any]:
    """The whole run for scripts."""
    return {"seed": seed, "rows": [tally.as_json() for tally in tallies]}


def print_report(tallies: Sequence[Tally], seed: int) -> None:
    """Print the table, then what was skipped and what went wrong, then how to repeat it."""
    print_table(COLUMNS, [tally.cells() for tally in tallies])
    for tally in tallies:
        if tally.skipped:
            print_paragraph(f"{tally.fault.name} skipped: {tally.skipped}", "  ")
        for complaint in tally.complaints[:5]:
            print_paragraph(f"{tally.fault.name}: {complaint}", "  ")
        if tally.failed and not tally.complaints:
            print_paragraph(f"{tally.fault.name}: no record was acknowledged, so nothing was tested", "  ")
    failed = sum(tally.failed for tally in tallies)
    rounds = sum(tally.rounds for tally in tallies)
    held = f"{failed} of {len(tallies)} rows failed" if failed else f"all {len(tallies)} rows held"
    click.echo(f"{held} in {rounds:,} rounds · --seed {seed} repeats them")


def _shown(figure: Figure) -> str:
    if isinstance(figure, float):
        return f"{figure:,.4g}"
    return f"{figure:,}" if isinstance(figure, int) else figure
