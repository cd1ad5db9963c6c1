"""How far back what is recorded reaches, what was promised, and what the cap has cut of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collector.answers.timed import Row, ask_sql
from collector.orm import select
from collector.store.database import file_size, wal_path
from collector.store.retention import names, sizes
from collector.store.retention.rules import Rule, rules
from collector.store.retention.tiers import AGES, DAY_S
from collector.units import Size, long_span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.orm import peewee
    from collector.sections import Retention

_WORDS = {
    "samples": "machine samples",
    "five_minutes": "figures of 5 minutes",
    "hours": "figures of an hour",
    "runs": "runs",
    "reported": "reported records",
}
# So often it is looked at by whoever deletes; what is over for longer than that does not go by itself.
_ROUND_MS = 300_000
# Numbered rows arrive in the order of time but for those that come late: the first ones tell.
_FIRST = 1_000


@dataclass(frozen=True)
class Family:
    """What is kept equally long: ``name`` is the key under [retention] that says how long.

    ``oldest_ms`` is the oldest moment that is there, None where nothing is. ``cut_ms``: the cap has taken
    what is from before; None where it has taken nothing that would have been kept.
    """

    name: str
    promised_s: float
    oldest_ms: int | None
    cut_ms: int | None

    @property
    def words(self) -> str:
        """What it is called in a sentence."""
        return _WORDS.get(self.name) or f"{self.name.removeprefix('kinds.')} records"

    def row(self) -> Row:
        """As ``collector status --json`` has it."""
        return {
            "name": self.name,
            "promised_s": self.promised_s,
            "oldest_ms": self.oldest_ms,
            "cut_by_cap_ms": self.cut_ms,
        }


@dataclass(frozen=True)
class Kept:
    """All families, and the bytes of the files: the database, its log, and what was set aside beside it.

    ``aside_name`` is what the names of those beside look like.

    ``days_cut_ms``: of figures of a day that hold a single reported value, the cap has taken what is from
    before; None where it has taken none. ``over_since_ms``: since when the recorder has found that all
    take more than the cap; None when they do not, or it has not come to that yet: it looks every 5 seconds.
    """

    families: tuple[Family, ...]
    cap_bytes: int
    database_bytes: int
    wal_bytes: int
    aside_bytes: int
    aside_name: str
    days_cut_ms: int | None
    over_since_ms: int | None
    now_ms: int

    @property
    def total_bytes(self) -> int:
        """What the cap is about."""
        return self.database_bytes + self.wal_bytes + self.aside_bytes

    @property
    def sentence(self) -> str | None:
        """That it does not fit, what the cap has cut, and what to do; None when all is kept as promised."""
        return "; ".join(filter(None, (self._over(), self._cut()))) or None

    def _over(self) -> str | None:
        if self.total_bytes <= self.cap_bytes:
            return None
        if sizes.is_crowded(self.aside_bytes, self.cap_bytes):
            hint = f"{self.aside_name} beside the database takes {Size(self.aside_bytes)}: move it away"
        elif self.over_since_ms is None:
            hint = "the recorder deletes the oldest within half a minute"
        elif self.now_ms - self.over_since_ms < _ROUND_MS:
            hint = "the oldest is being deleted"
        else:
            hint = ", or ".join(self._remedies())
        taken = (
            f"all files together take {Size(self.total_bytes)}, more than the cap of {Size(self.cap_bytes)}"
        )
        return f"{taken}: {hint}"

    def _remedies(self) -> Iterator[str]:
        yield "raise [retention] cap"
        if self.aside_bytes:
            yield f"move away the {Size(self.aside_bytes)} that were set aside beside the database"
        if self.wal_bytes > sizes.log_room(self.cap_bytes):
            yield f"end what keeps its log of {Size(self.wal_bytes)} open for reading"

    def _cut(self) -> str | None:
        cut = [
            f"{family.words} for {long_span((self.now_ms - family.cut_ms) / 1000)}"
            f" of the promised {long_span(family.promised_s)}"
            for family in self.families
            if family.cut_ms is not None
        ]
        if self.days_cut_ms is not None:
            days_s = (self.now_ms - self.days_cut_ms) / 1000
            cut.append(f"figures of a day that hold a single value for {long_span(days_s)}, not for ever")
        if not cut:
            return None
        hint = "raise [retention] cap, or sample less often"
        return f"the cap of {Size(self.cap_bytes)} keeps {', '.join(cut)}: {hint}"

    def document(self) -> dict[str, Any]:
        """As ``collector status --json`` has it."""
        counted = ("cap_bytes", "database_bytes", "wal_bytes", "aside_bytes", "total_bytes")
        return {
            **{name: getattr(self, name) for name in counted},
            "days_cut_by_cap_ms": self.days_cut_ms,
            "over_since_ms": self.over_since_ms,
            "families": [family.row() for family in self.families],
            "sentence": self.sentence,
        }


def kept(database: peewee.SqliteDatabase, retention: Retention, now_ms: int) -> Kept:
    """What is kept at ``now_ms`` by these settings."""
    ((_, _, name),) = [row for row in select(database, "PRAGMA database_list") if row[1] == "main"]
    path = Path(name)
    files = (file_size(path), file_size(wal_path(path)), sizes.aside(path))
    return Kept(
        tuple(sorted(_families(database, retention, now_ms), key=_place)),
        int(retention.cap),
        *files,
        f"{path.name}{sizes.SET_ASIDE}*",
        _capped(database).get(names.capped(names.tier(DAY_S))),
        _over_since(database) if sum(files) > retention.cap else None,
        now_ms,
    )


def _over_since(database: peewee.SqliteDatabase) -> int | None:
    """When retention first found that it does not fit; None when it does, by what it found last."""
    found = select(database, "SELECT position FROM upkeep_positions WHERE name = ?", names.OVER)
    return int(found[0][0]) or None if found else None


def _place(family: Family) -> tuple[int, str]:
    """The families of the settings come first, in their order there."""
    order = [*_WORDS]
    return order.index(family.name) if family.name in order else len(order), family.name


def _families(database: peewee.SqliteDatabase, retention: Retention, now_ms: int) -> Iterator[Family]:
    capped = _capped(database)
    of: dict[str, list[Rule]] = {}
    for rule in rules():
        own = f"kinds.{rule.name}" if rule.name in retention.kinds else rule.family
        of.setdefault(own, []).append(rule)
    for name, some in of.items():
        found = [_oldest(database, rule) for rule in some]
        cuts = [capped.get(names.capped(rule.name)) for rule in some]
        yield _family(name, some[0].age_ms(retention), found, cuts, now_ms)
    for seconds, name in AGES.items():
        sql = "SELECT min(timestamp) AS oldest FROM rollups WHERE tier_s = ?"
        found = [ask_sql(database, "kept.tier", sql, seconds)[0]["oldest"]]
        cut = capped.get(names.capped(names.tier(seconds)))
        yield _family(name, round(getattr(retention, name) * 1000), found, [cut], now_ms)


def _family(name: str, age_ms: int, found: list[int | None], cuts: list[int | None], now_ms: int) -> Family:
    promised_ms = now_ms - age_ms
    cut_ms = max((cut for cut in cuts if cut is not None and promised_ms < cut <= now_ms), default=None)
    oldest_ms = min((moment for moment in found if moment is not None), default=None)
    return Family(name, age_ms / 1000, oldest_ms, cut_ms)


def _oldest(database: peewee.SqliteDatabase, rule: Rule) -> int | None:
    moment, table = f'"{rule.moment}"', f'"{rule.kind.table}"'
    if rule.is_numbered:
        table = f"(SELECT {moment} FROM {table} NOT INDEXED ORDER BY rowid LIMIT {_FIRST})"  # noqa: S608  # names of ours
    sql = f"SELECT min({moment}) AS oldest FROM {table}"  # noqa: S608  # the same
    oldest: int | None = ask_sql(database, "kept.oldest", sql)[0]["oldest"]
    return oldest


def _capped(database: peewee.SqliteDatabase) -> dict[str, int]:
    return dict(
        select(
            database,
            "SELECT name, position FROM upkeep_positions WHERE name >= ? AND name < ?",
            names.capped(""),
            names.capped("~"),
        )
    )
