"""Rows of the table of faults: what announces one, and what each is given."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from tests.faults import rows
from tests.faults.checker import Verdict
from tests.faults.ground import Ground, Skipped

Figure = float | int | str


class Round(NamedTuple):
    """What became of one round. ``recovery_s``: from a start, or the end of a fault, to a committed answer.

    Of figures with the same name the table shows the largest. ``broken``: why it could not go to its end.
    """

    verdict: Verdict
    recovery_s: float | None = None
    figures: dict[str, Figure] = {}  # noqa: RUF012  # a NamedTuple's default; nobody writes to it
    skipped: str | None = None
    broken: str | None = None

    @property
    def fault(self) -> str:
        """What was wrong, as a sentence."""
        return self.broken or self.verdict.sentence


One = Callable[[Ground, int], Round]
Whole = Callable[[Ground, int], Iterator[Round]]
Run = TypeVar("Run", One, Whole)


@dataclass(frozen=True, slots=True)
class Fault:
    """A row: its name, a sentence on what it does, and how many rounds it takes.

    ``suffix``: the newest acknowledged records of each source may be missing, no others.
    """

    name: str
    about: str
    quick: int
    full: int
    suffix: bool
    rounds: Callable[[int, int], Iterator[Round]]  # (count, seed)

    def passes(self, result: Round) -> bool:
        """Whether the row's promise held in this round."""
        if result.broken:
            return False
        return result.verdict.ok_but_for_a_suffix if self.suffix else result.verdict.ok


FAULTS: dict[str, Fault] = {}


def fault(
    name: str, about: str, *, quick: int, full: int, whole: bool = False, suffix: bool = False
) -> Callable[[Run], Run]:
    """Announce a row: ``run(ground, number) -> Round``, each round on a ground of its own.

    With ``whole`` it is ``run(ground, count)``, which yields its rounds, all on the same ground; since the
    ledger goes on through them, only the last brings a verdict, and the others an empty one.
    """

    def announce(run: Run) -> Run:
        rounds = _at_once(name, run) if whole else _one_by_one(name, run)  # type: ignore[arg-type]
        FAULTS[name] = Fault(name, about, quick, full, suffix, rounds)
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


def _one_by_one(name: str, run: One) -> Callable[[int, int], Iterator[Round]]:
    def rounds(count: int, seed: int) -> Iterator[Round]:
        for number in range(count):
            yield (result := on_fresh_ground(f"{name}/{seed}/{number}", run, number))
            if result.skipped:
                return

    return rounds


def _at_once(name: str, run: Whole) -> Callable[[int, int], Iterator[Round]]:
    def rounds(count: int, seed: int) -> Iterator[Round]:
        try:
            with Ground(f"{name}/{seed}") as ground:
                yield from run(ground, count)
        except Skipped as reason:
            yield Round(Verdict(), skipped=str(reason))
        except Exception as error:
            yield Round(Verdict(), broken=f"{type(error).__name__}: {error}")

    return rounds
