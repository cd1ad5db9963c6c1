"""Whatever TOML holds, it is a config or it is refused in words."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.errors import ConfigError
from collector.settings import Settings, load
from tests.settings.conftest import KINDS, SAMPLERS, cron_fault

WORDS = ["collector", "sampling", "processes", "workloads", "database", "every", "name", "kind", "sleep", "fetch",
         "timeout", "env", "off", "top", "cwd", "url", "cron", "seconds", "1m", "5s", "~", "~x", "a://b:c@d", "0 3 * * *",
         "slow", "log", "level", "runs", "parallel", "summary"]  # fmt: skip
TEXTS = st.sampled_from(WORDS) | st.text(st.characters(exclude_categories=("Cs",)), max_size=10)
SCALARS = (
    st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | TEXTS
    | st.datetimes(min_value=datetime.datetime(1000, 1, 1)) | st.dates(min_value=datetime.date(1000, 1, 1))
)  # fmt: skip
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=12
)
# Nearer to a config than chance would come.
LIKELY = st.fixed_dictionaries(
    {},
    optional={
        "collector": st.fixed_dictionaries({}, optional={"database": TEXTS, "durability": VALUES, "socket": VALUES}),
        "sampling": st.fixed_dictionaries({}, optional={"every": VALUES, "off": VALUES, "processes": VALUES}),
        "workloads": st.lists(
            st.fixed_dictionaries(
                {"kind": st.sampled_from(["sleep", "fetch"]) | VALUES},
                optional={"name": VALUES, "every": VALUES, "cron": VALUES, "cwd": VALUES, "env": VALUES, "url": VALUES,
                          "seconds": VALUES, "database": VALUES, "argv": VALUES},
            ),
            max_size=3,
        ),
    },
)  # fmt: skip


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
    return tmp_path_factory.mktemp("any") / "c.toml"


@given(tables=st.dictionaries(TEXTS, VALUES, max_size=4) | LIKELY)
@settings(max_examples=200, deadline=None)
def test_any_table_becomes_settings_or_a_config_error(path: Path, tables: dict[str, Any]) -> None:
    """With a line for every fault, and nothing else is ever raised."""
    path.write_text("".join(f"{toml(key)} = {toml(value)}\n" for key, value in tables.items()), encoding="utf-8")
    try:
        made = load(path, KINDS, cron_fault=cron_fault, samplers=SAMPLERS)
    except ConfigError as error:
        assert error.problems
        assert all(problem.line is not None for problem in error.problems)
        assert all(str(problem).isprintable() for problem in error.problems)
    else:
        assert isinstance(made, Settings)
        assert made.database.is_absolute()


@given(st.binary(max_size=60))
@settings(max_examples=100, deadline=None)
def test_any_bytes_become_settings_or_a_config_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """A file that is no config at all."""
    path = tmp_path_factory.getbasetemp() / "bytes.toml"
    path.write_bytes(data)
    try:
        load(path, KINDS)
    except ConfigError as error:
        assert error.problems
