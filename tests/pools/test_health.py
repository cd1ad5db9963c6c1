"""How the pools are, as `collector status` is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from collector import clock
from collector.pools.pools import Pools
from collector.pools.waiting import HOLE_MS, MOST_TOLD, Waiting
from collector.workloads.spawn import Children
from tests.pools.conftest import Looks, pool
from tests.pools.test_waiting import START_MS, look

QUIET = {"since_ms": None, "failures": 0, "reason": None}


def waits(*names: str, until_s: float = 60) -> Waiting:
    """Callers have waited for the pools of these names since the start."""
    heard = Waiting()
    for name in names:
        heard.stored([look(0, 2, pool_name=name), look(until_s, 2, pool_name=name)], until_s)
    return heard


def test_a_pool_that_was_not_looked_at_yet_is_new(looks: Looks) -> None:
    """It is no problem, and not well either."""
    (row,) = looks.pools.health([pool("postgresql://me@/db")], [])
    assert row == {"name": "it", "kind": "postgresql", "state": "new", **QUIET}


def test_failures_are_told_with_their_first_moment_and_last_reason(looks: Looks, tmp_path: Path) -> None:
    """Of all in a row."""
    before_ms = clock.now().wall_ms
    away = pool(f"postgresql://me@/db?host={tmp_path}")
    looks(away)
    (once,) = looks.pools.health([away], [])
    looks(pool("postgresql://me@/db", password_env="NOT_SET_ANYWHERE"))
    (twice,) = looks.pools.health([away], [])
    assert (once["state"], once["failures"], twice["failures"]) == ("failing", 1, 2)
    assert before_ms <= once["since_ms"] == twice["since_ms"]
    assert str(tmp_path) in once["reason"]
    assert "NOT_SET_ANYWHERE" in twice["reason"]


def test_a_good_look_makes_it_well(looks: Looks, postgresql: str, tmp_path: Path) -> None:
    """Whatever was before."""
    looks(pool(f"postgresql://me@/db?host={tmp_path}"))
    looks(pool(postgresql))
    (row,) = looks.pools.health([pool(postgresql)], [])
    assert row == {"name": "it", "kind": "postgresql", "state": "ok", **QUIET}


def test_pools_that_callers_wait_for_are_told(children: Children) -> None:
    """Of the config or not: since when, and what to do."""
    pools = Pools(lambda *_: None, children)
    found = pools.health([pool("postgresql://me@/db")], waits("it", "shop").health(START_MS + 60_000))
    assert [(row["name"], row["kind"], row["state"]) for row in found] == [
        ("it", "postgresql", "waiting"),
        ("shop", "reported", "waiting"),
    ]
    assert {row["since_ms"] for row in found} == {START_MS}
    assert all("all connections are lent out" in row["reason"] for row in found)


def test_of_several_databases_the_longest_wait_counts(children: Children) -> None:
    """There is one row a name."""
    pools = Pools(lambda *_: None, children)
    two: list[dict[str, Any]] = [
        {"name": "shop", "state": "waiting", "since_ms": since_ms, "reason": "x"} for since_ms in (5, 3, 4)
    ]
    (row,) = pools.health([], two)
    assert row["since_ms"] == 3


def test_a_short_wait_and_one_long_ago_are_not_told() -> None:
    """Whoever reported it may have ended."""
    now_ms = START_MS + 60_000
    assert waits("shop", until_s=57).health(now_ms) == []
    assert waits("shop").health(now_ms + HOLE_MS + 1) == []
    assert len(waits("shop").health(now_ms + HOLE_MS)) == 1


def test_only_the_longest_waits_are_told() -> None:
    """The answer stays one that a person can read."""
    many = waits(*(f"pool{n}" for n in range(MOST_TOLD + 5)))
    assert len(many.health(START_MS + 60_000)) == MOST_TOLD
