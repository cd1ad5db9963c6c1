"""The recorder's own version: it measures the runs, and brings the canary with it."""

from __future__ import annotations

from collector.answers.causes.gathered import Gathered
from collector.answers.causes.witness import Testimony, witness


@witness("version")
def version(gathered: Gathered) -> Testimony:
    """Whether another recorder took over between the runs."""
    was, now = (origin.version for origin in gathered.origins)
    moved = was != now if was and now else None
    figures = {"version": {"before": was, "after": now, "moved": moved}}
    clause = f"the recorder changed then: collector {was} → {now}" if moved else ""
    return Testimony(
        "version", "code", moved is not None, float(bool(moved)), clause, weak=True, figures=figures
    )
