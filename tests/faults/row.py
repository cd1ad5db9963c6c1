"""Rows of the table of faults: what announces one, and what each is given."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from tests.faults import rows
from tests.faults.allowance import Allowance
from tests.faults.checker import Verdict
from tests.faults.ground import Ground, Skipped

ALL_ROUNDS = 100_000  # more than there are: a row that is given so many leaves nothing out
RECOVERY_BAR_S = 10.0  # of every row
_TIMES = ("s", "ms")

Figure = float | int | str


class Round(NamedTuple):
    """What became of one round. ``recovery_s``: from a start, or the end of a fault, to a committed answer.

    Of figures with the same name the table shows the largest. ``broken``: why it could not go to its end.
    ``is_sum``: it is none by itself, and only brings the verdict on those before it.
    """

    verdict: Verdict
    recovery_s: float | None = None
    figures: dict[str, Figure] = {}  # noqa: RUF012  # a NamedTuple's default; nobody writes to it
    skipped: str | None = None
    broken: str | None = None
    is_sum: bool = False

    @property
    def fault(self) -> str:
        """What was wrong, as a sentence."""
        return self.broken or self.verdict.sentence


One = Callable[[Ground, int], Round]
Whole = Callable[[Ground, int], Iterator[Round]]
Rounds = Generator[Round, None, None]
Run = TypeVar("Run", One, Whole)


@dataclass(frozen=True, slots=True)
class Fault:
    """A row: its name, a sentence on what it does, and how many rounds it takes.

    ``suffix``: the newest acknowledged records of each source may be missing, no others. ``bars``: the most
    that a figure may be, by its name; a figure whose name ends in s or ms is a time.
    """

    name: str
    about: str
    quick: int
    full: int
    suffix: bool
    rounds: Callable[[int, int, Allowance], Rounds]  # (count, seed, allowance)
    bars: Mapping[str, float] = field(default_factory=dict)

    def passes(self, result: Round) -> bool:
        """Whether the row's promise held in this round."""
        if result.broken:
            return False
        return result.verdict.ok_but_for_a_suffix if self.suffix else result.verdict.ok

    def over(self, result: Round, *, times: bool = True) -> list[str]:
        """What of a round is over its bar, as sentences; without ``times`` only what is none."""
        found = [
            f"{name} {figure:.4g}, bar {self.bars[name]:g}"
            for name, figure in result.figures.items()
            if name in self.bars and (times or not is_time(name)) and _over(figure, self.bars[name])
        ]
        if times and _over(result.recovery_s, RECOVERY_BAR_S):
            found.append(f"recovered after {result.recovery_s:.1f} s, bar {RECOVERY_BAR_S:g}")
        return found


def is_time(name: str) -> bool:
    """Whether a figure of that name is a time, by its last word: it hangs on what else the machine does."""
    return name.rsplit(maxsplit=1)[-1] in _TIMES


def _over(figure: Figure | None, bar: float) -> bool:
    # What is no number at all (NaN, too) has not met the bar.
    return figure is not None and not (isinstance(figure, int | float) and figure <= bar)


FAULTS: dict[str, Fault] = {}


def fault(
    name: str, about: str, *, quick: int, full: int, whole: bool = False, suffix: bool = False,
    bars: Mapping[str, float] | None = None,
) -> Callable[[Run], Run]:  # fmt: skip
    """Announce a row: ``run(ground, number) -> Round``, each round on a ground of its own.

    With ``whole`` it is ``run(ground, count)``, which yields its rounds, all on the same ground; since the
    ledger goes on through them, a sum after the last brings the verdict, and they an empty one: such a row
    takes its numbers from `Ground.numbers`, so that it can come to an end earlier. ``bars`` as in `Fault`.
    """

    def announce(run: Run) -> Run:
        rounds = _at_once(name, run) if whole else _one_by_one(name, run)  # type: ignore[arg-type]
        FAULTS[name] = Fault(name, about, quick, full, suffix, rounds, bars or {})
        return run

    return announce


def load_rows() -> dict[str, Fault]:
    """All rows there are, by name."""
    for module in pkgutil.iter_modules(rows.__path__):
        importlib.import_module(f"{rows.__name__}.{module.name}")
    return dict(sorted(FAULTS.items()))


def on_fresh_ground(name: str, run: One, number: int) -> Round:
    """One round on a ground of its own, whose chances come of ``name``; what it raises is a broken round."""
    try:
        with Ground(name) as ground:
            return run(ground, number)
    except Skipped as reason:
        return Round(Verdict(), skipped=str(reason))
    except Exception as error:  # the rounds after it are done all the same
        return Round(Verdict(), broken=f"{type(error).__name__}: {error}")


def _one_by_one(name: str, run: One) -> Callable[[int, int, Allowance], Rounds]:
    def rounds(count: int, seed: int, allowance: Allowance) -> Rounds:
        for number in range(count):
            if number and allowance.is_over():
                return
            yield (result := on_fresh_ground(f"{name}/{seed}/{number}", run, number))
            if result.skipped:
                return

    return rounds


def _at_once(name: str, run: Whole) -> Callable[[int, int, Allowance], Rounds]:
    def rounds(count: int, seed: int, allowance: Allowance) -> Rounds:
        try:
            with Ground(f"{name}/{seed}", allowance) as ground:
                for result in run(ground, count):
                    yield result
                    if result.verdict.acknowledged and allowance.is_over():  # each has a verdict of its own
                        return
        except Skipped as reason:
            yield Round(Verdict(), skipped=str(reason))
        except Exception as error:  # the rows after it are done all the same
            yield Round(Verdict(), broken=f"{type(error).__name__}: {error}")

    return rounds
