"""One series in a window that is cut into stretches: which rollups and which rows say what is in each."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from collector.orm import select
from collector.records.base import KINDS
from collector.store.rollups.part import Part, Row
from collector.store.rollups.reach import FIND, NONE, Reach, Span, bounds, reach
from collector.store.rollups.sources import NOTHING, Source, key_text, source_of
from collector.store.rollups.tiers import DAY, FIVE_MINUTES, HOUR, begin

if TYPE_CHECKING:
    from collector.orm import peewee

Stored = dict[int, Row]  # by the moment it begins


class Window:
    """``parts`` are what lies between each two of the ``bounds`` (ms, rising), by the number of the first.

    Those of ``inexact`` are wider or narrower than asked: what is finer than a stretch at their ends is gone.
    Raises KeyError for a kind or column that is not rolled up.
    """

    def __init__(
        self, database: peewee.SqliteDatabase, kind: str, column: str, key: str, bounds: list[int]
    ) -> None:
        source = source_of(KINDS[kind].model)
        if source is None or column not in source.columns:
            raise KeyError(f"{kind}.{column} is not rolled up")
        self._database, self._source, self._column, self._key = database, source, column, key
        self._bounds = bounds
        self.parts: dict[int, Part] = defaultdict(Part)
        self.inexact: set[int] = set()
        self._taken: dict[int, list[Row]] = defaultdict(list)

    def read(self) -> None:
        """Find it all. To be called once, in a transaction that sees one state of the file."""
        number, self._reach = self._series(), self._reach_now()
        if number is not None:
            self._rollups(number)
        for i, rows in self._taken.items():
            self.parts[i].add_rows(rows)
        since, until = self._bounds[0], self._bounds[-1]
        self._add_values(self._values(since, until, self._reach.gaps))

    def _series(self) -> int | None:
        found = select(
            self._database,
            'SELECT id FROM series WHERE subject = ? AND "column" = ? AND "key" = ?',
            self._source.name, self._column, self._key,
        )  # fmt: skip
        return found[0][0] if found else None

    def _reach_now(self) -> Reach:
        name = self._source.name
        return reach(select(self._database, FIND, *bounds(name)), name) or Reach(NONE)

    def _rollups(self, number: int) -> None:
        """From the coarsest tier on; what does not lie in one stretch goes on to the next finer one."""
        cut = self._sort_out(self._rows(number, DAY, self._all_days()), DAY)
        for coarse_s, tier_s in ((DAY, HOUR), (HOUR, FIVE_MINUTES)):
            finer = self._rows(number, tier_s, _inside(cut, coarse_s, tier_s))
            for moment in [*cut]:
                inside = {at: finer[at] for at in _inside((moment,), coarse_s, tier_s) if at in finer}
                if sum(row[0] for row in inside.values()) != cut[moment][0]:
                    self._take_over(moment, coarse_s, cut.pop(moment))
            cut = self._sort_out({at: row for at, row in finer.items() if begin(at, coarse_s) in cut}, tier_s)
        for moment, row in cut.items():
            values = [*self._values(moment, moment + FIVE_MINUTES * 1000, self._reach.spans)]
            if len(values) == row[0]:
                self._add_values(values)
            else:
                self._take_over(moment, FIVE_MINUTES, row)

    def _all_days(self) -> range:
        """The days that the window touches, and of which there are rollups."""
        ((first, last),) = select(
            self._database,
            "SELECT (SELECT min(timestamp) FROM rollups WHERE tier_s = ?),"
            " (SELECT max(timestamp) FROM rollups WHERE tier_s = ?)",
            DAY, DAY,
        )  # fmt: skip
        if first is None:
            return range(0)
        since, until = max(begin(self._bounds[0], DAY), first), min(self._bounds[-1], last + 1)
        return range(since, until, DAY * 1000)

    def _rows(self, number: int, tier_s: int, moments: Iterable[int]) -> Stored:
        found = select(
            self._database,
            "SELECT timestamp, count, sum, min, max, sketch FROM json_each(?) AS wanted CROSS JOIN rollups"
            " ON tier_s = ? AND timestamp = wanted.value AND series_id = ?",
            json.dumps([*moments]), tier_s, number,
        )  # fmt: skip
        return {row[0]: row[1:] for row in found}

    def _sort_out(self, rows: Stored, tier_s: int) -> Stored:
        """Take those that lie in one stretch; give back those that a bound cuts."""
        cut: Stored = {}
        since, until = self._bounds[0], self._bounds[-1]
        for moment, row in rows.items():
            end = moment + tier_s * 1000
            i = bisect_right(self._bounds, moment) - 1
            if since <= moment < until and end <= self._bounds[i + 1]:
                self._taken[i].append(row)
            elif end > since and moment < until:
                cut[moment] = row
        return cut

    def _take_over(self, moment: int, tier_s: int, row: Row) -> None:
        """What is finer is gone: all of it goes to the first stretch that it touches."""
        last = len(self._bounds) - 2
        first = max(bisect_right(self._bounds, moment) - 1, 0)
        end = min(bisect_right(self._bounds, moment + tier_s * 1000 - 1) - 1, last)
        self._taken[first].append(row)
        self.inexact |= {*range(first, end + 1)}

    def _add_values(self, values: Iterable[tuple[int, float]]) -> None:
        by_stretch: dict[int, list[float]] = defaultdict(list)
        for moment, value in values:
            if self._bounds[0] <= moment < self._bounds[-1]:
                by_stretch[bisect_right(self._bounds, moment) - 1].append(value)
        for i, found in by_stretch.items():
            self.parts[i].add(Part.of(found))

    def _values(self, since: int, until: int, spans: Iterable[Span]) -> Iterator[tuple[int, float]]:
        """Moment and value of the rows between two moments whose places are in one of some spans."""
        is_sample = self._source.kind.is_sample
        for low, high in spans:
            if not is_sample or (low < until and high >= since):
                yield from self._values_of(since, until, (low - 1, high))

    def _values_of(self, since: int, until: int, places: tuple[int, int]) -> Iterator[tuple[int, float]]:
        """Those behind one place and up to another."""
        source, per = self._source, len(self._source.per)
        of_rest = bool(per) and self._key == NOTHING
        known = self._known() if of_rest else None
        by_place = places[0] >= 0
        # What is not rolled up yet is found by its place: a plus keeps SQLite from other indexes.
        plus = "+" if by_place and not source.kind.is_sample else ""
        same = [] if of_rest else [f"{plus}{column} IS ?" for column in source.key]
        moment = f"{plus}{source.moment}"
        ranges = _ranges(source, moment, (since, until), places)
        where = [*ranges, *same]
        tables = source.tables if by_place or source.whole is None else source.by_moment[1]
        sql = source.select(tables, " AND ".join(where), self._column)
        key = [] if of_rest else json.loads(self._key)
        bound = [number for pair in ranges.values() for number in pair]
        for row in select(self._database, sql, *bound, *key):
            if row[-1] is not None and (known is None or key_text(row[2 : 2 + per]) not in known):
                yield row[1], row[-1]

    def _known(self) -> set[str]:
        """The keys that have a series of their own."""
        found = select(
            self._database,
            'SELECT "key" FROM series WHERE subject = ? AND "column" = ?',
            self._source.name, self._column,
        )  # fmt: skip
        return {key for (key,) in found}


def _ranges(
    source: Source, moment: str, between: tuple[int, int], places: tuple[int, int]
) -> dict[str, tuple[int, int]]:
    """Conditions, and what is bound to each: rows from the first of ``between``, behind the first place.

    The place of a sample is its moment. Of two ranges on one column SQLite would use the first alone, and
    read all that is rolled up already.
    """
    (since, until), (behind, up_to) = between, places
    if source.kind.is_sample:
        return {f"{moment} BETWEEN ? AND ?": (max(since, behind + 1), min(until - 1, up_to))}
    return {
        f"{moment} BETWEEN ? AND ?": (since, until - 1),
        f"{source.place} BETWEEN ? AND ?": (behind + 1, up_to),
    }


def _inside(moments: Iterable[int], coarse_s: int, tier_s: int) -> Iterator[int]:
    """The stretches of a tier in those of a coarser one."""
    for moment in moments:
        yield from range(moment, moment + coarse_s * 1000, tier_s * 1000)
