"""Looks that fail: a warning, the count with the next good one, and never zeros or secrets."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from collector.pools.pool_child.libpq import Refused, loaded
from collector.workloads.spawn import Children
from tests.pools.conftest import PASSWORD, Looks, pool

Events = Callable[[], list[dict[str, Any]]]


def test_failures_are_folded_counted_and_stored_with_the_next_good_look(
    looks: Looks, postgresql: str, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong password, three times, and then the right one."""
    monkeypatch.setenv("POOL_PASSWORD", "falsch")
    assert [looks(pool(postgresql)) for _ in range(3)] == [None] * 3
    (warning,) = events()
    assert (warning["event"], warning["pool"], warning["kind"]) == ("pool.failed", "it", "postgresql")
    assert "password authentication failed" in warning["error"]
    assert "falsch" not in str(warning)
    monkeypatch.setenv("POOL_PASSWORD", PASSWORD)
    assert [looks(pool(postgresql)).connection_errors for _ in range(2)] == [3, 0]
    over = events()[1:]
    assert [(event["event"], event["count"]) for event in over] == [("pool.failed.over", 3)]


def test_a_pool_that_left_the_config_leaves_its_failures_behind(
    looks: Looks, postgresql: str, tmp_path: Path
) -> None:
    """One that comes later with its name is another."""
    looks(pool(f"postgresql://me@/db?host={tmp_path}"))
    looks.pools.keep([])
    assert looks(pool(postgresql)).connection_errors == 0


@pytest.mark.parametrize("port", ["", ":x"])
def test_what_is_said_holds_no_password_of_the_url(
    looks: Looks, tmp_path: Path, events: Events, port: str
) -> None:
    """Not even where libpq quotes the whole URL."""
    looks(pool(f"postgresql://me:ge%20heim@localhost{port}/db?host={tmp_path}", password_env=None))
    (warning,) = events()
    assert warning["error"]
    assert "ge%20heim" not in str(warning)
    assert "ge heim" not in str(warning)


def test_a_server_that_never_answers_is_given_up(looks: Looks, events: Events) -> None:
    """After its timeout."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"postgresql://me@127.0.0.1:{server.getsockname()[1]}/db"
        assert looks(pool(url, timeout=0.3)) is None
    assert events()[-1]["error"] == "took longer than 300ms"


def test_a_password_that_cannot_be_had_is_told(looks: Looks, events: Events) -> None:
    """With the variable that should hold it."""
    looks(pool("postgresql://me@/db", password_env="NOT_SET_ANYWHERE"))
    assert "NOT_SET_ANYWHERE" in events()[-1]["error"]


def test_a_look_that_the_recorders_stop_cuts_off_is_no_failure(
    looks: Looks, children: Children, events: Events
) -> None:
    """Nothing is put and nothing is said."""
    children.stop_all()
    assert looks(pool("postgresql://me@/db")) is None
    assert events() == []


def test_without_libpq_the_extra_is_named() -> None:
    """It is looked for in psycopg's wheel and among the system's libraries."""
    with pytest.raises(Refused, match=r"pip install 'collector\[postgresql\]'"):
        loaded(["libnothing.so.5"])
