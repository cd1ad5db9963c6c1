"""Which kinds of record go when they are old, and of what family their age is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from collector.records.base import KINDS, KINDS_BY_MODEL
from collector.store.progress import position, rolled_up
from collector.store.rollups.sources import source_of

if TYPE_CHECKING:
    from collector.records.base import Kind, Part, Record
    from collector.sections import Retention
    from collector.sqlite import sqlite3

Family = Literal["samples", "runs", "reported"]

FAR = 1 << 62  # behind all row numbers and moments


@dataclass(frozen=True)
class Rule:
    """A kind whose rows go, and the family that says when."""

    kind: Kind
    family: Family

    @property
    def name(self) -> str:
        """The kind's name."""
        return self.kind.name

    @cached_property
    def moment(self) -> str:
        """The column that says how old a row is."""
        return str(self.kind.moment)

    @cached_property
    def is_numbered(self) -> bool:
        """Whether its rows have numbers in order of arrival; samples are found by their moment."""
        return self.family != "samples"

    @cached_property
    def key(self) -> tuple[str, ...]:
        """The columns by which a row is deleted; the number or the moment comes first."""
        if self.is_numbered:
            return ("rowid",)
        names = self.kind.model._meta.primary_key
        return tuple(getattr(names, "field_names", (self.moment,)))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The kinds of which a row may go with one of them: its own, and the parts that belong to it."""
        parts = (KINDS_BY_MODEL[part.model].name for part in self.kind.parts if part.key)
        return self.name, *parts

    def age_ms(self, retention: Retention) -> int:
        """How long its rows are kept."""
        age_s: float = retention.kinds.get(self.name, getattr(retention, self.family))
        return round(age_s * 1000)

    def top(self, conn: sqlite3.Connection) -> int:
        """The last row number, or moment, whose rows are in the rollups; none may go above it."""
        top = (position(conn, rolled_up(self.name)) or 0) if _is_rolled(self.kind.model) else FAR
        parts = [part for part in self.kind.parts if part.key and _is_rolled(part.model)]
        return min([top, *(self._top_of_part(conn, part) for part in parts)])

    def _top_of_part(self, conn: sqlite3.Connection, part: Part) -> int:
        done = position(conn, rolled_up(KINDS_BY_MODEL[part.model].name)) or 0
        ((first,),) = conn.execute(
            f"SELECT min(whole.rowid) FROM {part.table} AS part JOIN {self.kind.table} AS whole"  # noqa: S608  # names of ours
            f" USING ({part.key}) WHERE part.id > ?",
            (done,),
        ).fetchall()
        return FAR if first is None else int(first) - 1


def rules() -> list[Rule]:
    """One for each kind that does not stay for ever."""
    return [Rule(kind, family) for kind in KINDS.values() if (family := _family(kind)) is not None]


def _family(kind: Kind) -> Family | None:
    if kind.family == "machine" or kind.name == "recorder":
        return "samples"
    if kind.name == "run":
        return "runs"
    return "reported" if kind.family == "reported" and kind.pushed else None


def first_stale(conn: sqlite3.Connection) -> int:
    """The first hour that is to be rolled up once more: nothing goes of it or after it until that is done."""
    ((first,),) = conn.execute("SELECT min(timestamp) FROM rollup_stale").fetchall()
    return FAR if first is None else int(first)


def _is_rolled(model: type[Record]) -> bool:
    return source_of(model) is not None
