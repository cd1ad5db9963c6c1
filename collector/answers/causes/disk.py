"""The disk: tasks waited for it, and not for what the runs themselves read or wrote."""

from __future__ import annotations

from collector.answers.causes.contention import taken_by
from collector.answers.causes.gathered import Gathered
from collector.answers.causes.witness import Testimony, share, stretched, witness
from collector.answers.causes.words import from_to

# Of the time: disks are waited for in ordinary work.
FLOOR_PERCENT = 2.0
# Less is a log file's worth.
FLOOR_BYTES = 1e6


@witness("disk")
def disk(gathered: Gathered) -> Testimony:
    """Pressure on the disks during the runs."""
    waited = gathered.move("io_some_percent", FLOOR_PERCENT)
    figures = {"io_some_percent": waited.as_json()}
    explains = 0.0
    if waited.moved and waited.before is not None and waited.after is not None and not _is_own(gathered):
        explains = share(stretched(waited.before, waited.after), gathered.slowdown)
    clause = f"io pressure {from_to(waited)}" if explains else ""
    # Samples of processes know their processor time, and nothing of disks: it is said as that.
    if clause and (taker := taken_by(gathered)):
        clause += f" while {taker[1]['name']} ran"
        figures["process"] = taker[1]
    columns = {"io_some_percent": FLOOR_PERCENT}
    return Testimony(
        "disk", "machine", waited.moved is not None, explains, clause, columns=columns, figures=figures
    )


def _is_own(gathered: Gathered) -> bool:
    """Whether the runs read or wrote more than before themselves, or less where it got better."""
    sign = 1 if gathered.slowdown > 1 else -1
    return any(
        gathered.move(column, FLOOR_BYTES).rise * sign > 0 for column in ("read_bytes", "written_bytes")
    )
