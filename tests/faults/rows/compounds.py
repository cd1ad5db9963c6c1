"""Faults on top of faults: each round is some of them in an order of its own."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.faults.checker import Verdict
from tests.faults.compounds import Compounds
from tests.faults.ground import Ground, Skipped
from tests.faults.row import Round, fault

STEPS = 8


PORTION = 10


@fault("compounds", "faults on top of faults (hypothesis)", quick=1, full=200, whole=True)
def run(ground: Ground, count: int) -> Iterator[Round]:
    """One example a round; an example that breaks a promise is not shortened here, but is told."""
    done = 0
    while done < count:
        some = examples(min(PORTION, count - done), ground.seed + done)
        yield from some
        done += len(some)


def examples(count: int, number: int) -> list[Round]:
    """So many, or fewer up to one that broke a promise. The first that hypothesis chooses is the simplest."""
    wanted = settings(
        max_examples=count, stateful_step_count=STEPS, phases=[Phase.generate], deadline=None, database=None,
        suppress_health_check=list(HealthCheck), verbosity=Verbosity.quiet,
    )  # fmt: skip
    Compounds.rounds.clear()
    try:
        run_state_machine_as_test(seed(number)(Compounds), settings=wanted)
    except Skipped:
        raise
    except Exception as error:  # the examples after it are done all the same
        told = "; ".join(getattr(error, "__notes__", []))
        return [*Compounds.rounds, Round(Verdict(), broken=f"{type(error).__name__}: {error} {told}")]
    return [*Compounds.rounds] or [Round(Verdict())]
