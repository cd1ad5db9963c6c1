"""Callers that wait for a minute: one warning, a count at most every 30 s, and the end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from collector.client.hooks.base import Kept
from collector.pools import waiting
from collector.pools.waiting import Waiting
from collector.records.base import KINDS
from collector.records.pool import Pool
from tests.client.hooks.exhausted import waited
from tests.conftest import cpu

Events = Callable[[], list[dict[str, Any]]]
START_MS = 1_700_000_000_000


def look(at_s: float, waits: int = 0, **columns: Any) -> msgspec.Struct:
    """A record of a pool with five connections, all lent out, ``at_s`` seconds after the start."""
    full = {"total_connections": 5, "active_connections": 5, "idle_connections": 0, "max_connections": 5}
    named = {"pool_name": "shop", "database_name": "orders", "recorded_at": START_MS + round(at_s * 1000)}
    return Pool.record(**{**full, **named, "waiting_connections": waits, **columns})


def hear(heard: Waiting, *records: msgspec.Struct) -> None:
    """Each in a flight of its own, at its own moment."""
    for record in records:
        heard.stored([cpu(1), record, cpu(2)], (record.recorded_at - START_MS) / 1000)  # type: ignore[attr-defined]


def names(events: Events) -> list[str]:
    """The events in order."""
    return [event["event"] for event in events()]


def test_a_minute_of_waiting_is_a_warning(events: Events) -> None:
    """With all that one needs to see what is wrong."""
    hear(Waiting(), look(0, 2), look(57.9, 2))
    assert names(events) == []
    hear(Waiting(), look(0, 2), look(60, 3))
    (warning,) = events()
    assert warning["level"] == "warning"
    assert {key: warning[key] for key in list(warning)[4:]} == {
        "pool": "shop",
        "database": "orders",
        "waiting": 3,
        "for_s": 60,
        "total": 5,
        "max_connections": 5,
        "advice": "all connections are lent out: look for what holds one for long, or allow the pool more",
    }


def test_two_looks_a_minute_apart_are_a_minute(events: Events) -> None:
    """Though the second one answered sooner than the first."""
    hear(Waiting(), look(0.9, 1), look(60.1, 1))
    assert [event["for_s"] for event in events()] == [59]


def test_one_record_without_waiting_callers_is_the_end(events: Events) -> None:
    """Of a wait that nobody was warned of, too; the next begins anew."""
    heard = Waiting()
    hear(heard, look(0, 1), look(40), look(50, 1), look(100, 1))
    assert names(events) == []
    hear(heard, look(110, 1), look(120))
    assert names(events) == ["pool.waiting", "pool.waiting.over"]
    hear(heard, look(125))
    assert len(events()) == 2


def test_it_is_repeated_at_most_every_30_s(events: Events) -> None:
    """With how often it was seen."""
    hear(Waiting(), *(look(at, 1) for at in range(0, 121, 10)))
    assert [(event["for_s"], event.get("count")) for event in events()] == [(60, None), (90, 3), (120, 3)]


def test_after_a_hole_it_begins_anew(events: Events) -> None:
    """Nobody knows what was in between; looks five minutes apart leave none."""
    hear(Waiting(), look(0, 1), look(331, 1), look(388, 1))
    assert names(events) == []
    hear(Waiting(), look(0, 1), look(301, 1))
    assert [event["for_s"] for event in events()] == [301]


def test_a_record_that_comes_late_changes_nothing(events: Events) -> None:
    """Neither does it end the wait."""
    hear(Waiting(), look(0, 1), look(50, 1), look(40), look(60, 1))
    assert names(events) == ["pool.waiting"]


def test_a_clock_set_back_begins_anew(events: Events) -> None:
    """And is not taken for records that come late for ever."""
    heard = Waiting()
    hear(heard, look(3600, 1), look(0, 1), look(57, 1))
    assert names(events) == []
    hear(heard, look(60, 1), look(61))
    assert names(events) == ["pool.waiting", "pool.waiting.over"]


def test_pools_are_told_apart_by_their_database_too(events: Events) -> None:
    """As PgBouncer's are."""
    hear(Waiting(), look(0, 1), look(1, 0, database_name="users"), look(60, 1))
    assert [event["database"] for event in events()] == ["orders"]


def test_the_number_of_pools_is_bounded(events: Events, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that was heard of least recently is forgotten."""
    monkeypatch.setattr(waiting, "MOST", 2)
    heard = Waiting()
    for at in (0, 30, 61):
        hear(heard, *(look(at + i / 10, 1, pool_name=name) for i, name in enumerate("ab")))
        hear(heard, *([look(31, 1, pool_name="c")] if at == 30 else []))
    assert len(heard._queues) == 2
    assert names(events) == []


@pytest.mark.parametrize(
    ("columns", "advice"),
    [
        ({}, "all connections are lent out"),
        ({"max_connections": None}, "all connections are lent out"),
        ({"connection_errors": 9}, "all connections are lent out"),
        ({"max_connections": 6, "connection_errors": 1}, "connecting takes long or fails"),
        ({"total_connections": 0, "active_connections": 0}, "connecting takes long or fails"),
        ({"max_connections": 100}, "the pool is not full"),
    ],
)
def test_the_advice_goes_by_the_state_of_the_pool(
    events: Events, columns: dict[str, Any], advice: str
) -> None:
    """A lock is no reason for a larger pool."""
    hear(Waiting(), look(0, 1), look(60, 1, **columns))
    assert events()[0]["advice"].startswith(advice)


def test_an_applications_own_pool_is_heard(tmp_path: Path, events: Events) -> None:
    """What SQLAlchemy's hook sends, of a real pool that is exhausted, as it is stored."""
    kept = Kept()
    waited(tmp_path / "a.db", kept)
    sent = kept.of("pool")
    waits, free = (msgspec.convert({"kind": "pool", **r}, KINDS["pool"].struct) for r in (sent[-2], sent[-1]))
    later = msgspec.structs.replace(waits, recorded_at=waits.recorded_at + 60_000)
    after = msgspec.structs.replace(free, recorded_at=waits.recorded_at + 61_000)
    hear(Waiting(), waits, later, after)
    assert [(e["event"], e["pool"], e["database"]) for e in events()] == [
        ("pool.waiting", "web", "a.db"),
        ("pool.waiting.over", "web", "a.db"),
    ]
