"""What got slower or faster: a look at subjects, and what of it is new beside what is stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from collector.answers import change_matching, change_rows
from collector.answers.analysed import Looked, analysed
from collector.answers.causes.cause import cause
from collector.answers.found import Cause, Found
from collector.answers.points import DAY_MS, load
from collector.answers.subjects import ENOUGH_RUNS, Subject
from collector.answers.timed import Row

if TYPE_CHECKING:
    from collector.orm import peewee

# From so many runs after it on, the cause stays as it was found: the samples around it do not.
SETTLED_RUNS = 24
# A change counts as new where the run that confirmed it is no older: history that is imported is not.
NEW_MS = DAY_MS


@dataclass(slots=True)
class Look:
    """What is to be stored after a look, and what was seen.

    ``rows`` are changes as they are now, those without ``id`` for the first time; ``confirmed`` are those of
    ``rows`` that are sure and that nobody was told of. ``left`` are subjects that were not looked at, since
    time was up.
    """

    looked: list[Looked] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    confirmed: list[Row] = field(default_factory=list)
    left: list[Subject] = field(default_factory=list)


def look(
    database: peewee.SqliteDatabase,
    subjects: Iterable[Subject],
    floor: float,
    now_ms: int,
    is_over: Callable[[], bool] = lambda: False,
    through: Callable[[list[Subject]], Iterable[Subject]] = iter,
) -> Look:
    """Look at these subjects for changes of at least ``floor`` (0.03 is 3 %). Reads only.

    Once ``is_over`` says so, no further one is begun; ``through`` may tell how far it is.
    """
    made = Look()
    stored = change_rows.of_subjects(database, subjects)
    for subject in through(list(stored)):
        if is_over():
            made.left.append(subject)
            continue
        rows = stored[subject]
        loaded = load(database, subject, now_ms, change_rows.baseline_ms(rows))
        made.looked.append(analysed(subject, loaded, floor))
    found = [one for looked in made.looked for one in looked.found]
    others = _Others(database, found)
    for looked in made.looked:
        _settle(made, looked, stored[looked.subject], others, now_ms)
    return made


class _Others:
    """What else changed at the time: found in this look, or stored before. Read when it is asked for."""

    def __init__(self, database: peewee.SqliteDatabase, found: Sequence[Found]) -> None:
        self.database = database
        self._found = found
        self._looked_at = {(one.subject.name, one.subject.metric) for one in found}
        self._stored: list[Found] | None = None

    def than(self, one: Found) -> list[Found]:
        """All of them but those of the same subject."""
        if self._stored is None:
            from_ms = min(found.last_before_ms for found in self._found) - DAY_MS
            to_ms = max(found.at_ms for found in self._found) + DAY_MS
            stored = change_rows.around(self.database, from_ms, to_ms)
            self._stored = [
                one for one in stored if (one.subject.name, one.subject.metric) not in self._looked_at
            ]
        return [other for other in (*self._found, *self._stored) if other.subject.name != one.subject.name]


def _settle(made: Look, looked: Looked, stored: Sequence[Row], others: _Others, now_ms: int) -> None:
    """Bring together what was found of one subject and what is stored of it."""
    mine = change_matching.matched(looked.found, stored, looked.loaded.points)
    made.rows += change_matching.doubted(stored, mine, looked.loaded)
    for one, row in zip(looked.found, mine, strict=True):
        new = _seen_in_part(row, one, looked) or _seen(row, one, looked, others, now_ms)
        if new == row:
            continue
        made.rows.append(new)
        if new["state"] == "confirmed" and new["told_ms"] is None and _is_new(one, now_ms):
            made.confirmed.append(new)


def _seen(row: Row | None, one: Found, looked: Looked, others: _Others, now_ms: int) -> Row:
    told = _kept(row, one) or cause(others.database, one, others.than(one))
    new = change_rows.row_of(one, told, looked.loaded, now_ms)
    new["evidence"] |= change_matching.borne_out(new, row, one)
    return new if row is None else new | {name: row[name] for name in ("id", "found_ms", "told_ms")}


def _seen_in_part(row: Row | None, one: Found, looked: Looked) -> Row | None:
    """A sure change as it was but for the runs after it, where the runs before it that are left know less."""
    if row is None or row["state"] != "confirmed" or change_matching.is_seen_whole(row, looked.loaded):
        return None
    return row | {"runs_after": sum(point.rows for point in one.after), "doubted_ms": None}


def _kept(row: Row | None, found: Found) -> Cause | None:
    """The cause as it is stored, where enough runs were known then; None where it is to be found out."""
    if row is None or row["state"] == "gone" or row["timestamp"] != found.at_ms:
        return None
    if row["runs_after"] < SETTLED_RUNS:
        return None
    evidence = {
        name: value for name, value in row["evidence"].items() if name not in change_rows.OWN_EVIDENCE
    }
    return Cause(row["cause"], row["sentence"], evidence, row["first_commit"])


def _is_new(found: Found, now_ms: int) -> bool:
    by = found.after[min(ENOUGH_RUNS, len(found.after)) - 1]
    return by.timestamp >= now_ms - NEW_MS
