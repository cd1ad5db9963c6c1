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
from collector.store.retention.tiers import AGES
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
    """All families, and the bytes of the files: the database, its log, and what was set aside beside it."""

    families: tuple[Family, ...]
    cap_bytes: int
    database_bytes: int
    wal_bytes: int
    aside_bytes: int
    now_ms: int

    @property
    def total_bytes(self) -> int:
        """What the cap is about."""
        return self.database_bytes + self.wal_bytes + self.aside_bytes

    @property
    def sentence(self) -> str | None:
        """What the cap has cut, and what to do; None when all that was promised is kept."""
        cut = [
            f"{family.words} for {long_span((self.now_ms - family.cut_ms) / 1000)}"
            f" of the promised {long_span(family.promised_s)}"
            for family in self.families
            if family.cut_ms is not None
        ]
        if not cut:
            return None
        hint = "raise [retention] cap, or sample less often"
        return f"the cap of {Size(self.cap_bytes)} keeps {', '.join(cut)}: {hint}"

    def document(self) -> dict[str, Any]:
        """As ``collector status --json`` has it."""
        counted = ("cap_bytes", "database_bytes", "wal_bytes", "aside_bytes", "total_bytes")
        return {
            **{name: getattr(self, name) for name in counted},
            "families": [family.row() for family in self.families],
            "sentence": self.sentence,
        }


def kept(database: peewee.SqliteDatabase, retention: Retention, now_ms: int) -> Kept:
    """What is kept at ``now_ms`` by these settings."""
    ((_, _, name),) = [row for row in select(database, "PRAGMA database_list") if row[1] == "main"]
    path = Path(name)
    return Kept(
        tuple(sorted(_families(database, retention, now_ms), key=_place)),
        int(retention.cap),
        file_size(path),
        file_size(wal_path(path)),
        sizes.aside(path),
        now_ms,
    )


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
