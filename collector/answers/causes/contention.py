"""Contention: other work took the cores."""

from __future__ import annotations

from collector.answers.causes.gathered import Gathered
from collector.answers.causes.move import Move
from collector.answers.causes.witness import Testimony, share, stretched, witness
from collector.answers.causes.words import from_to

# Shares of all cores: below it, what other work takes away is under the smallest change that is told, 3 %.
FLOOR_PERCENT = 3.0
# Of one core: what the rise of a single program must be to be named. Daemons stay under it.
NAMED_PERCENT = 10.0
MOSTLY = 0.5


@witness("contention")
def contention(gathered: Gathered) -> Testimony:
    """Others' share of the cores; all cores' where only that is known; and tasks that waited for one."""
    of_others = gathered.move("others_percent", FLOOR_PERCENT)
    busy = gathered.move("busy_percent", FLOOR_PERCENT)
    waited = gathered.move("cpu_some_percent", FLOOR_PERCENT)
    figures = {
        "others_percent": of_others.as_json(),
        "busy_percent": busy.as_json(),
        "cpu_some_percent": waited.as_json(),
    }
    is_of_others = None not in {of_others.before, of_others.after}
    cores = of_others if is_of_others else busy
    # Where others' work is known, waiting without it is that of the run's own threads for each other.
    by_cores, by_waiting = _explains(cores, gathered), 0.0 if is_of_others else _explains(waited, gathered)
    clause = ""
    if by_cores:
        words = ("other work took", " of the cores") if is_of_others else ("the cores were busy", "")
        clause = f"{words[0]} {from_to(cores)}{words[1]}"
    elif by_waiting:
        clause = f"cpu pressure {from_to(waited)}"
    if clause and (taker := taken_by(gathered)):
        clause += taker[0]
        figures["process"] = taker[1]
    return Testimony(
        "contention",
        "machine",
        cores.moved is not None,
        max(by_cores, by_waiting),
        clause,
        columns={"others_percent": FLOOR_PERCENT},
        figures=figures,
    )


def taken_by(gathered: Gathered) -> tuple[str, dict[str, object]] | None:
    """Which program took more of the cores than before, or less where the change is to the better."""
    sign = 1 if gathered.slowdown > 1 else -1
    rises = {name: sign * (now - was) for name, (was, now) in gathered.processes.items()}
    top = max(rises, key=lambda name: rises[name], default=None)
    if top is None or rises[top] < NAMED_PERCENT:
        return None
    was, now = gathered.processes[top]
    of_all = rises[top] / sum(rise for rise in rises.values() if rise > 0)
    word = "mostly" if of_all >= MOSTLY else "above all"
    figures = {"name": top, "before": was, "after": now, "moved": True}
    return f", {word} {top} ({max(was, now):.0f} % of a core)", figures


def _explains(moved: Move, gathered: Gathered) -> float:
    if not moved.moved or moved.before is None or moved.after is None:
        return 0.0
    return share(stretched(moved.before, moved.after), gathered.slowdown)
