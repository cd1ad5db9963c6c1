"""Why a change came about, as far as the record shows: code, machine, data, or unknown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from collector.answers.causes.gather import gather
from collector.answers.causes.gathered import Gathered
from collector.answers.causes.weigh import weigh
from collector.answers.causes.witness import WITNESSES, Testimony
from collector.answers.causes.words import sentence
from collector.answers.found import Cause, Found

if TYPE_CHECKING:
    from collector.orm import peewee


def cause(database: peewee.SqliteDatabase, found: Found, others: Sequence[Found] = ()) -> Cause:
    """The verdict on ``found``, with the figures behind it; ``others`` are the changes found beside it."""
    return judged(gather(database, found, others))


def judged(gathered: Gathered) -> Cause:
    """The same, of what was gathered. Pure."""
    heard = {name: WITNESSES[name](gathered) for name in WITNESSES}
    weighed = weigh(gathered, heard)
    return Cause(
        weighed.verdict,
        sentence(weighed.clauses, weighed.last),
        _evidence(gathered, heard),
        heard["code"].commit,
    )


def _evidence(gathered: Gathered, heard: dict[str, Testimony]) -> dict[str, Any]:
    """Every figure that was looked at by its name, with both sides and whether it moved."""
    figures: dict[str, Any] = {"cpu_ms": gathered.move("cpu_ms").as_json()}
    for one in heard.values():
        figures |= one.figures
    return figures
