"""Whatever TOML holds, it is a config or it is refused in words."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.errors import ConfigError, Problem
from collector.settings import Settings, load
from tests.settings.conftest import KINDS, SAMPLERS, cron_fault

WORDS = """collector sampling processes slow log runs workloads database every on_battery off top query level
summary parallel name kind sleep fetch timeout budget env cwd url cron seconds argv 1m 5s ~ ~x a://b:c@d"""
TEXTS = st.sampled_from([*WORDS.split(), "0 3 * * *"]) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=10
)
FIRST = datetime.datetime(1000, 1, 1)  # noqa: DTZ001  # TOML has local times, and years of four digits
MOMENTS = st.datetimes(min_value=FIRST) | st.dates(min_value=FIRST.date())
SCALARS = st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | TEXTS | MOMENTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


def some(keys: str) -> st.SearchStrategy[dict[str, Any]]:
    """A table with some of these keys."""
    return st.fixed_dictionaries({}, optional=dict.fromkeys(keys.split(), VALUES))


# Nearer to a config than chance would come.
WORKLOADS = st.builds(
    lambda kind, others: {"kind": kind, **others},
    st.sampled_from(["sleep", "fetch"]) | VALUES,
    some("name every cron cwd env url seconds database argv"),
)
LIKELY = st.fixed_dictionaries(
    {},
    optional={
        "collector": some("database durability socket"),
        "sampling": some("every off processes"),
        "workloads": st.lists(WORKLOADS, max_size=3),
    },
)


def toml(value: Any) -> str:
    """A value as TOML writes it inline."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(key)} = {toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime.date):
        return value.isoformat()
    return repr(value)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One file for all examples."""
    made = tmp_path_factory.mktemp("any") / "c.toml"
    made.touch(mode=0o600)
    return made


def loaded(path: Path) -> Settings | list[Problem]:
    """What a config is: settings, or its faults."""
    try:
        return load(path, KINDS, cron_fault=cron_fault, samplers=SAMPLERS)
    except ConfigError as error:
        return error.problems


@given(tables=st.dictionaries(TEXTS, VALUES, max_size=4) | LIKELY)
@settings(max_examples=80, deadline=None)
def test_any_table_becomes_settings_or_a_config_error(path: Path, tables: dict[str, Any]) -> None:
    """With a line for every fault, and nothing else is ever raised."""
    path.write_text(
        "".join(f"{toml(key)} = {toml(value)}\n" for key, value in tables.items()), encoding="utf-8"
    )
    made = loaded(path)
    if isinstance(made, Settings):
        assert made.database.is_absolute()
    else:
        assert made
        assert [problem for problem in made if problem.line is None] == []
        assert [str(problem) for problem in made if not str(problem).isprintable()] == []


@given(data=st.binary(max_size=60))
@settings(max_examples=60, deadline=None)
def test_any_bytes_become_settings_or_a_config_error(path: Path, data: bytes) -> None:
    """A file that is no config at all."""
    path.write_bytes(data)
    assert loaded(path)
