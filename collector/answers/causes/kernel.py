"""The system below: another kernel, or a restart."""

from __future__ import annotations

from collector.answers.causes.gathered import Gathered
from collector.answers.causes.witness import Testimony, witness


@witness("kernel")
def kernel(gathered: Gathered) -> Testimony:
    """A new kernel may change any time, and comes with a restart; a restart alone only came with it."""
    before, after = gathered.origins
    figures = {
        name: {"before": was, "after": now, "moved": was != now if was and now else None}
        for name, was, now in (
            ("kernel", before.kernel, after.kernel),
            ("boot_id", before.boot_id, after.boot_id),
        )
    }
    if figures["kernel"]["moved"]:
        clause = f"the kernel changed then: {before.kernel} → {after.kernel}"
        return Testimony("kernel", "machine", True, 1.0, clause, weak=True, figures=figures)
    clause = "the machine was restarted then" if figures["boot_id"]["moved"] else ""
    known = figures["boot_id"]["moved"] is not None
    return Testimony("kernel", "machine", known, 0.0, clause, weak=True, figures=figures)
