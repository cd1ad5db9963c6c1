"""``[[pools]]``: what may stand there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from collector.convert import table
from collector.errors import Problem
from collector.pool_settings import PoolSettings

GOOD = {"name": "shop", "kind": "postgresql", "database": "postgresql://me@localhost/shop"}
CONSOLE = {**GOOD, "kind": "pgbouncer", "database": "postgresql://me@localhost:6432/pgbouncer"}


def faults(**keys: Any) -> dict[str, str]:
    """What is said of a table, by key."""
    found: list[Problem] = []
    table(keys, PoolSettings, ("pools", 0), {}, found)
    return {fault.key.rpartition(".")[2]: fault.message for fault in found}


@pytest.mark.parametrize("keys", [GOOD, CONSOLE, {**GOOD, "every": "5s"}, {**GOOD, "every": "5m"}])
def test_a_good_table_has_no_faults(keys: dict[str, Any]) -> None:
    """Every minute unless it says otherwise."""
    assert faults(**keys) == {}


@pytest.mark.parametrize(
    ("key", "value", "fault"),
    [
        ("name", "x" * 51, "must be at most 50 characters"),
        ("kind", "pgpool", "must be one of 'postgresql', 'pgbouncer'"),
        ("kind", 7, "must be one of 'postgresql', 'pgbouncer'"),
        ("database", "", "must be a text in quotes, not empty"),
        ("database", "shop", "must begin with postgresql://"),
        ("database", "mysql://me@localhost/shop", "must begin with postgresql://"),
        ("database", "sqlite:////shop.db", "must begin with postgresql://"),
        ("database", "postgresql://me@localhost:port/shop", "is not a URL"),
        ("every", "4s", "must lie between 5s and 5m"),
        ("every", "6m", "must lie between 5s and 5m"),
        ("timeout", "0s", "must be longer than zero"),
        ("timeout", "61s", "must not be longer than every, 1m"),
        ("password_file", "/nowhere/at/all", "No such file or directory"),
        ("cwd", "/", "unknown key"),
        ("pasword_env", "X", "unknown key (did you mean 'password_env'?)"),
    ],
)
def test_a_fault_is_told_at_its_key(key: str, value: object, fault: str) -> None:
    """One fault, one message."""
    found = faults(**{**GOOD, key: value})
    assert list(found) == [key]
    assert found[key].startswith(fault)


def test_a_timeout_that_is_not_given_is_no_longer_than_every() -> None:
    """Ten seconds, or less where looks come closer to each other."""
    found: list[Problem] = []
    usual = table(GOOD, PoolSettings, ("pools", 0), {}, found)
    close = table({**GOOD, "every": "5s"}, PoolSettings, ("pools", 0), {}, found)
    assert usual is not None
    assert close is not None
    assert (usual.longest_look_s, close.longest_look_s) == (10.0, 5.0)
    assert list(faults(**GOOD, every="5s", timeout="10s")) == ["timeout"]


@pytest.mark.parametrize("path", ["", "/", "/shop", "/pgbouncer/x"])
def test_pgbouncer_is_asked_at_its_console(path: str) -> None:
    """Anything else would be a database behind it."""
    found = faults(**{**CONSOLE, "database": f"postgresql://me@localhost{path}?host=/run"})
    assert found == {"database": "must be that of the admin console: end in /pgbouncer"}


def test_what_is_missing_is_named() -> None:
    """All at once."""
    assert set(faults()) == {"name", "kind", "database"}


def test_a_password_comes_from_one_safe_place(tmp_path: Path) -> None:
    """As for workloads."""
    path = tmp_path / "password"
    path.write_text("x", encoding="utf-8")
    path.chmod(0o644)
    assert faults(**GOOD, password_file=str(path))["password_file"].startswith("others can read it")
    path.chmod(0o600)
    both = faults(**GOOD, password_file=str(path), password_env="X")
    assert both == {"password_file": "give only one of password_env and password_file"}


def test_both_faults_of_a_password_file_are_told() -> None:
    """It is not there, and there should be none."""
    found: list[Problem] = []
    table(
        {**GOOD, "password_file": "/nowhere/at/all", "password_env": "X"},
        PoolSettings,
        ("pools", 0),
        {},
        found,
    )
    assert [fault.message for fault in found] == [
        "give only one of password_env and password_file",
        "No such file or directory",
    ]
    assert {fault.value for fault in found} == {'"/nowhere/at/all"'}
