"""How far it was looked for changes: which rows nobody has looked at, and how each subject stood.

Both stand among the positions of upkeep: ``changes workload_runs`` is a row number, and
``look workload wall_ms unit-tests`` what was seen of a subject.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from collector.answers.subjects import ENOUGH_RUNS, TABLES, News
from collector.orm import select
from collector.store.found import Position

if TYPE_CHECKING:
    from collector.answers.analysed import Looked, Verdict
    from collector.orm import peewee

# A subject with too few runs has their count there, which is never negative: so many runs, and as many times
# eight as there are noisy ones besides, which were left out.
_VERDICTS: dict[int, Verdict] = {-1: "steady", -2: "drifts", -3: "daily", -4: "steps"}
_NUMBERS = {verdict: number for number, verdict in _VERDICTS.items()}


@dataclass(frozen=True, slots=True)
class Standing:
    """How a subject stood when it was looked at last.

    Where they are too few, ``have`` runs count and ``noisy`` ones besides do not.
    """

    kind: str
    metric: str
    name: str
    verdict: Verdict
    have: int = 0
    noisy: int = 0


def unseen(database: peewee.SqliteDatabase) -> list[News]:
    """The rows of each table that came in since the last look; tables without any are left out."""
    positions = dict(
        select(database, "SELECT name, position FROM upkeep_positions WHERE name GLOB 'changes *'")
    )
    found = []
    for table in TABLES:
        ((upto,),) = select(database, f"SELECT coalesce(max(id), 0) FROM {table}")  # noqa: S608  # only names of ours
        after = positions.get(f"changes {table}", 0)
        if upto != after:
            # Numbers of deleted rows are given again: then all are looked at once more.
            found.append(News(table, after if after < upto else 0, upto))
    return found


def ends(news: Iterable[News], now_ms: int) -> dict[str, Position]:
    """The positions after a look at all of this."""
    return {f"changes {one.table}": (one.upto, now_ms) for one in news}


def seen(looked: Iterable[Looked], now_ms: int) -> dict[str, Position]:
    """What is kept of how each subject stood."""
    return {
        f"look {one.subject.kind} {one.subject.metric} {one.subject.name}": (
            one.have + ENOUGH_RUNS * one.noisy if one.verdict == "too few" else _NUMBERS[one.verdict],
            now_ms,
        )
        for one in looked
    }


def standings(database: peewee.SqliteDatabase, since_ms: int) -> list[Standing]:
    """How each subject stood that was looked at since then, by name."""
    sql = "SELECT name, position FROM upkeep_positions WHERE name GLOB 'look *' AND timestamp >= ?"
    return [_standing(name, position) for name, position in sorted(select(database, sql, since_ms))]


def _standing(text: str, position: int) -> Standing:
    _, kind, metric, name = text.split(" ", 3)
    if position >= 0:
        noisy, have = divmod(position, ENOUGH_RUNS)
        return Standing(kind, metric, name, "too few", have, noisy)
    return Standing(kind, metric, name, _VERDICTS[position])


def of_looked(looked: Sequence[Looked]) -> list[Standing]:
    """The same of what was looked at just now."""
    return [
        Standing(one.subject.kind, one.subject.metric, one.subject.name, one.verdict, one.have, one.noisy)
        for one in looked
    ]
