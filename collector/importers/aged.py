"""Tells of records that are older than what is kept: retention takes them again within a day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from collector.importers.base import Entry, Item, Note
from collector.sections import Retention
from collector.units import counted, long_span


def noting(found: Iterable[Item], retention: Retention, now_ms: int) -> Iterator[Item]:
    """All that was found, and a note for each kind of which some are too old at ``now_ms``."""
    old: Counter[str] = Counter()
    for item in found:
        if isinstance(item, Entry):
            kind, moment = item.record.get("kind"), item.record.get("timestamp")
            if isinstance(kind, str) and isinstance(moment, int):
                old[kind] += moment < now_ms - 1000 * _age_s(retention, kind)
        yield item
    for kind, count in old.items():
        if count:
            yield Note(_words(retention, kind, count))


def _age_s(retention: Retention, kind: str) -> float:
    return float(retention.kinds.get(kind, retention.runs if kind == "run" else retention.reported))


def _words(retention: Retention, kind: str, count: int) -> str:
    kept = long_span(_age_s(retention, kind))
    return (
        f"{counted(count, f'{kind} record')} of more than {kept} ago, longer than is kept: deleted within"
        f' a day unless [retention] has kinds = {{ {kind} = "10y" }} and hours = "10y"'
    )
