"""Memory: tasks waited for it, or the machine swapped."""

from __future__ import annotations

from collector.answers.causes.gathered import Gathered
from collector.answers.causes.move import Move
from collector.answers.causes.witness import Testimony, share, stretched, witness
from collector.answers.causes.words import from_to
from collector.units import size

# Of the time: as for changes themselves, less than this is nobody's 3 %.
FLOOR_PERCENT = 2.0
# Some 250 pages a second, a tenth of a millisecond each on a good disk: 2 to 3 % of the time.
FLOOR_SWAP_BYTES_PER_S = 1e6
# Caches come and go by as much on any machine.
FLOOR_AVAILABLE_BYTES = 256e6


@witness("memory")
def memory(gathered: Gathered) -> Testimony:
    """Pressure says how much of the time was lost; swap and what was available say why."""
    waited = gathered.move("memory_some_percent", FLOOR_PERCENT)
    swapped = gathered.move("swap_bytes_per_s", FLOOR_SWAP_BYTES_PER_S)
    available = gathered.move("available_bytes", FLOOR_AVAILABLE_BYTES)
    own = gathered.move("max_rss_bytes", FLOOR_AVAILABLE_BYTES)
    figures = {
        "memory_some_percent": waited.as_json(),
        "swap_bytes_per_s": swapped.as_json(),
        "available_bytes": available.as_json(),
        "max_rss_bytes": own.as_json(),
    }
    known = waited.moved is not None
    # What the runs themselves took is no doing of the machine.
    explains = 0.0 if own.rise * available.rise < 0 else _explains(waited, swapped, gathered)
    clause = _clause(waited, swapped, available) if explains else ""
    columns = {"memory_some_percent": FLOOR_PERCENT}
    return Testimony("memory", "machine", known, explains, clause, columns=columns, figures=figures)


def _explains(waited: Move, swapped: Move, gathered: Gathered) -> float:
    if waited.moved and waited.before is not None and waited.after is not None:
        return share(stretched(waited.before, waited.after), gathered.slowdown)
    # Without pressure (older kernels), swapping is all there is to see.
    slower = gathered.slowdown > 1
    return float(waited.moved is None and swapped.rise != 0 and (swapped.rise > 0) == slower)


def _clause(waited: Move, swapped: Move, available: Move) -> str:
    clauses = [f"memory pressure {from_to(waited)}"] if waited.moved else []
    if swapped.moved:
        clauses.append(f"swap {size(swapped.before)} → {size(swapped.after)} a second")
    if available.moved:
        clauses.append(f"{size(available.before)} → {size(available.after)} available")
    return ", ".join(clauses[:2])
