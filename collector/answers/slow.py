"""The digest of queries: how often and how long each ran in a window, beside the window before."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from collector import plans
from collector.answers.cached import Noted
from collector.answers.summary import EXACT_ROWS, Window, collected, percentiles
from collector.answers.timed import Row, ask_sql
from collector.orm import peewee, select
from collector.store import digests
from collector.store.digests import Figures, Key
from collector.store.topics import SLOW

# Of fewer executions than this, in one of the windows, a mean says nothing about the other.
ENOUGH_CALLS = 5
LATEST, FIRST_NEGATED = 2, 3  # where they stand behind the count and the sum of `rows`


@dataclass
class Statement:
    """One fingerprint in one window: its figures, and the names of those who ran it."""

    query_hash: str
    figures: Figures
    sources: list[str] = field(default_factory=list)
    # Worked out once: the figures take in their single values by it.
    _percentiles: list[float | None] | None = None

    @property
    def avg_ms(self) -> float:
        """The mean."""
        return self.figures.total / self.figures.count

    @property
    def percentiles(self) -> list[float | None]:
        """The 50th, 95th and 99th in milliseconds."""
        if self._percentiles is None:
            self._percentiles = percentiles(self.figures)
        return self._percentiles


@dataclass(frozen=True)
class Answer:
    """The rows that were asked for; whether percentiles are exact, or within 1 %."""

    rows: list[Row]
    exact: bool


Found = dict[Key, Figures]
Statements = dict[str, Statement]

# By their time alone: SQLite would rather take the index of fingerprints, and look at all rows.
_IN_TIME = """
    FROM operation_metrics INDEXED BY operation_metrics_type_timestamp
    WHERE metric_type = 'query' AND timestamp >= ? AND timestamp < ?
"""


def worsening(now: Statement, before: Statement | None) -> float | None:
    """How many times longer it takes on average; None where too few executions say so."""
    if before is None or min(now.figures.count, before.figures.count) < ENOUGH_CALLS or not before.avg_ms:
        return None
    return now.avg_ms / before.avg_ms


# By what one can sort, the largest first.
SORTS: dict[str, Callable[[Statement, Statement | None], float]] = {
    "total": lambda now, _: now.figures.total,
    "p95": lambda now, _: now.percentiles[1] or 0.0,
    "worse": lambda now, before: worsening(now, before) or 0.0,
    "avg": lambda now, _: now.avg_ms,
    "max": lambda now, _: now.figures.high or 0.0,
    "calls": lambda now, _: now.figures.count,
}


def digest(
    database: peewee.SqliteDatabase,
    window: Window,
    before: Window,
    *,
    sort: str = "total",
    limit: int = 20,
    source: str | None = None,
    noted: Noted | None = None,
) -> Answer:
    """A row a fingerprint, the keys as ``collector slow --json`` has them; ``limit`` of them at most.

    ``before`` ends where ``window`` begins. ``source`` leaves only what was recorded under that name.
    Raises KeyError for an unknown ``sort``.
    """
    noted, order = Noted() if noted is None else noted, SORTS[sort]
    found, exact = _found(database, (window, before), noted)
    now, then = (_statements(keys, source) for keys in found)
    ranked = sorted(
        now.values(),
        key=lambda one: (-order(one, then.get(one.query_hash)), -one.figures.total, one.query_hash),
    )[:limit]
    total_ms = sum(one.figures.total for one in now.values())
    hashes = json.dumps([one.query_hash for one in ranked])
    texts = {row["query_hash"]: row["text"] for row in _known(database, "queries", "text", hashes)}
    known = {row["query_hash"]: row for row in _known(database, "query_plans", "plan, dialect", hashes)}
    rows = [
        _figures(one, total_ms, texts.get(one.query_hash))
        | _compared(one, then.get(one.query_hash), recorded=bool(then))
        | _planned(known.get(one.query_hash))
        for one in ranked
    ]
    return Answer(rows, exact)


def sources(database: peewee.SqliteDatabase, noted: Noted | None = None) -> list[str]:
    """The names of all who ever ran a query with a fingerprint."""
    (found,) = collected(database, SLOW, [Window()], Noted() if noted is None else noted)
    return sorted({name for _, name in found})


def _found(
    database: peewee.SqliteDatabase, windows: tuple[Window, Window], noted: Noted
) -> tuple[list[Found], bool]:
    """What is known of each (fingerprint, source) in each window, and whether percentiles are exact.

    A few rows are found by their time and looked at one by one; many come from digests.
    """
    whole = Window(windows[1].since_ms, windows[0].until_ms)
    if _count(database, whole) > EXACT_ROWS:
        return collected(database, SLOW, windows, noted), False
    execute: Any = database.execute_sql
    found: list[Found] = [{}, {}]
    sql = f"SELECT {digests.by_key(SLOW)} {_IN_TIME} AND query_hash IS NOT NULL GROUP BY 1, 2"
    for window, keys in zip(windows, found, strict=True):
        rows = execute(sql, (window.since_ms, window.until_ms))
        keys.update(digests.of_keys(SLOW, rows))
    return found, True


def _count(database: peewee.SqliteDatabase, window: Window) -> int:
    """How many queries there are in a window; no more are counted than matter."""
    sql = f"SELECT count(*) FROM (SELECT 1 {_IN_TIME} LIMIT {EXACT_ROWS + 1})"  # noqa: S608  # only words of ours
    ((count,),) = select(database, sql, window.since_ms, window.until_ms)
    return int(count)


def _statements(found: Found, source: str | None) -> Statements:
    """What ran in a window, by fingerprint."""
    merged: Found = {}
    names: dict[Key, list[str]] = {}
    for (query_hash, name), figures in found.items():
        if source is None or name == source:
            digests.into(SLOW, merged, (query_hash,), figures)
            names.setdefault((query_hash,), []).append(name)
    return {key[0]: Statement(key[0], merged[key], sorted(names[key])) for key in merged}


def _known(database: peewee.SqliteDatabase, table: str, columns: str, hashes: str) -> Iterable[Row]:
    """What a table has for these fingerprints, a JSON list."""
    sql = f"SELECT query_hash, {columns} FROM {table} WHERE query_hash IN (SELECT value FROM json_each(?))"  # noqa: S608  # only words of ours
    return ask_sql(database, f"slow.{table}", sql, hashes)


def _figures(one: Statement, total_ms: float, text: str | None) -> Row:
    figures = one.figures
    counted, rows = figures.more[:2]
    p50_ms, p95_ms, p99_ms = one.percentiles
    return {
        "query_hash": one.query_hash,
        "text": text,
        "calls": figures.count,
        "total_ms": figures.total,
        "share": figures.total / total_ms if total_ms else None,
        "avg_ms": one.avg_ms,
        "min_ms": figures.low,
        "max_ms": figures.high,
        "p50_ms": p50_ms,
        "p95_ms": p95_ms,
        "p99_ms": p99_ms,
        "rows": int(rows) if counted else None,
        "first_seen": -figures.more[FIRST_NEGATED],
        "last_seen": figures.more[LATEST],
        "sources": one.sources,
    }


def _compared(one: Statement, before: Statement | None, *, recorded: bool) -> Row:
    """Beside the window before. Where nothing at all was ``recorded`` then, nothing can be new."""
    return {
        "before": {
            "calls": before.figures.count,
            "avg_ms": before.avg_ms,
            "p95_ms": before.percentiles[1],
            "total_ms": before.figures.total,
        }
        if before
        else None,
        "ratio": worsening(one, before),
        "is_new": before is None if recorded else None,
    }


def _planned(known: Mapping[str, str] | None) -> Row:
    if known is None:
        return {"plan": None, "remarks": []}
    return {"plan": known["plan"], "remarks": plans.remarks(known["plan"], known["dialect"])}


def other_type(database: peewee.SqliteDatabase, source: str) -> str | None:
    """What the operations of this name are, where they are no queries; looks at all rows if need be."""
    sql = "SELECT metric_type FROM operation_metrics WHERE metric_name = ? AND metric_type <> 'query' LIMIT 1"
    found = ask_sql(database, "slow.other_type", sql, source)
    return found[0]["metric_type"] if found else None
