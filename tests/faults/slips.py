"""Slips of the pen: each puts one fault into a config that is right, and tells where it must be found."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.faults.bad_values import (
    BAD_ITEMS,
    CANARY,
    LENGTH,
    NO_FOLDERS,
    NO_LENGTHS,
    NO_SECRET_FILES,
    OUT_OF_RANGE,
    SECRET_KEYS,
    SECRET_URLS,
    SECTIONS,
    WRONG_TYPES,
)
from tests.faults.made_configs import LISTS, ODD_NAMES, Raw, Tables


def slipped(chance: Random, tables: Tables, count: int) -> list[str]:
    """Put up to ``count`` faults into ``tables``; the key of each, or how it begins. None hides another."""
    tried = (chance.choice(_SLIPS)(chance, tables) for _ in range(count))
    return [at for at in tried if at is not None]


def place_of(key: str) -> str:
    """The section or item that a key stands in: ``workloads[2].every`` in ``workloads[2]``."""
    return key.partition(".")[0]


def _fresh(chance: Random, tables: Tables) -> str | None:
    """A section that the config does not have yet, so that no other fault is in it."""
    free = [name for name in SECTIONS[1:] if name not in tables]
    return chance.choice(free) if free else None


def _item(tables: Tables, name: str, keys: Tables) -> str | None:
    """Add an item to a list; where it stands. ``every`` and a name are given unless ``keys`` has them."""
    found = tables.setdefault(name, [])
    if not isinstance(found, list):
        return None
    own = {"name": f"added-{len(found)}"}
    own |= {"workloads": {"every": "1h"}, "tails": {"path": f"added-{len(found)}.log"}}.get(name, {})
    found.append({key: value for key, value in (own | keys).items() if value is not None})
    return f"{name}[{len(found)}]"


def _wrong_type(chance: Random, tables: Tables) -> str | None:
    if (name := _fresh(chance, tables)) is None:
        return None
    keys = {
        "sampling": ("every", "off", "processes"), "slow": ("query", "names"), "summaries": ("taskboard",),
        "retention": ("cap", "hours", "kinds"), "changes": ("floor_percent",), "runs": ("parallel",),
        "alerts": ("on_alert", "timeout"), "log": ("level", "summary"),
    }  # fmt: skip
    key = chance.choice(keys[name])
    tables[name] = {key: chance.choice(WRONG_TYPES)}
    return f"{name}.{key}"


def _no_table(chance: Random, tables: Tables) -> str | None:
    name = chance.choice([*SECTIONS[1:], *LISTS])
    if name in tables:
        return None
    tables[name] = chance.choice([5, "", Raw("nan"), [5], Raw("1979-05-27")])
    is_list = name in LISTS and isinstance(tables[name], list)
    return f"{name}[1]" if is_list else name


def _no_length(chance: Random, tables: Tables) -> str | None:
    places = [
        (name, key)
        for name in SECTIONS
        for key, value in (tables[name].items() if isinstance(tables.get(name), dict) else ())
        if isinstance(value, str) and LENGTH.fullmatch(value)
    ]
    if not places:
        return None
    name, key = chance.choice(places)
    tables[name][key] = chance.choice(NO_LENGTHS)
    return f"{name}.{key}"


def _out_of_range(chance: Random, tables: Tables) -> str | None:
    name, key, value = chance.choice(OUT_OF_RANGE)
    if name in tables and name != "collector":
        return None
    tables.setdefault(name, {})[key] = value
    return f"{name}.{key}"


def _bad_item(chance: Random, tables: Tables) -> str | None:
    name, key, value, others = chance.choice(BAD_ITEMS)
    at = _item(tables, name, others | {key: value})
    return at and f"{at}.{key}"


def _missing(chance: Random, tables: Tables) -> str | None:
    name, key, others = chance.choice([
        ("workloads", "kind", {}), ("workloads", "argv", {"kind": "command"}),
        ("workloads", "name", {"kind": "reference", "name": None}),
        ("tails", "path", {"format": "collector", "path": None}),
        ("workloads", "every", {"kind": "reference", "every": None}), ("tails", "format", {"path": "x.log"}),
        ("pools", "database", {"kind": "postgresql"}), ("pools", "kind", {"database": "postgresql://x/y"}),
    ])  # fmt: skip
    at = _item(tables, name, others)
    return at and f"{at}.{key}"


def _unknown_key(chance: Random, tables: Tables) -> str | None:
    odd = {f"z{chance.choice(ODD_NAMES)}": chance.choice(WRONG_TYPES)}
    at = _item(tables, "workloads", {"kind": "reference"} | odd)
    return at and f"{at}."


def _unknown_section(chance: Random, tables: Tables) -> str | None:
    name = f"z{chance.choice(ODD_NAMES)}"
    tables[name] = chance.choice([{}, {"a": 1}, [{"password": CANARY}], 5])
    return name if re.fullmatch(r"[A-Za-z0-9_-]{1,90}", name) else '"z'


def _twice(_chance: Random, tables: Tables) -> str | None:
    there = tables.get("workloads", [])
    twin = {"kind": "reference", "name": f"twin-{len(there) if isinstance(there, list) else 0}"}
    at = _item(tables, "workloads", twin) and _item(tables, "workloads", twin)
    return at and f"{at}.name"


def _bad_place(chance: Random, tables: Tables) -> str | None:
    if chance.random() < 0.5:
        at = _item(tables, "workloads", {"kind": "reference", "cwd": chance.choice(NO_FOLDERS)})
        return at and f"{at}.cwd"
    pool = {"kind": "postgresql", "database": "postgresql://x/y"}
    at = _item(tables, "pools", pool | {"password_file": chance.choice(NO_SECRET_FILES)})
    return at and f"{at}.password_file"


def _secret(chance: Random, tables: Tables) -> str | None:
    pool = {"kind": "postgresql", "database": "postgresql://x/y"}
    url = {"database": chance.choice(SECRET_URLS)}
    ways: list[tuple[str, str, Tables]] = [
        ("pools", "database", url | {"kind": "postgresql"}),
        ("workloads", "database", url | {"kind": "sql", "query": "SELECT 1"}),
        ("pools", "", pool | {chance.choice(SECRET_KEYS): chance.choice([CANARY, [CANARY], {"x": CANARY}])}),
        ("pools", "password_env", pool | {"password_env": [f"{CANARY}"]}),
        ("pools", "password_file", pool | {"password_file": {"x": CANARY}}),
        ("workloads", "env", {"kind": "reference", "env": [f"PW={CANARY}", 5]}),
        ("workloads", "env", {"kind": "reference", "env": {"PW": CANARY}}),
        ("workloads", "url", {"kind": "http", "url": f"http://me:{CANARY}@host/"}),
        ("workloads", "url", {"kind": "http", "url": f"http://ü/?token={CANARY}"}),
        ("workloads", "argv", {"kind": "command", "argv": ["nosuch", "--password", CANARY]}),
        ("workloads", "argv", {"kind": "command", "argv": ["nosuch", f"--api-key={CANARY}"]}),
        ("workloads", "headers", {"kind": "http", "url": "http://x", "headers": {"X-Any": CANARY}}),
    ]  # fmt: skip
    name, key, keys = chance.choice(ways)
    at = _item(tables, name, keys)
    return at and f"{at}.{key}"


_SLIPS: tuple[Callable[[Random, Tables], str | None], ...] = (
    _wrong_type, _no_table, _no_length, _out_of_range, _bad_item, _bad_item, _bad_item, _missing,
    _unknown_key, _unknown_section, _twice, _bad_place, _secret, _secret,
)  # fmt: skip


def lay_traps(own: Path) -> None:
    """What the paths of the slips lead to, where there is anything."""
    os.mkfifo(own / "fifo", 0o600)
    (own / "nowhere").symlink_to("is-not-there")
    (own / "open.txt").write_text(CANARY)
    (own / "open.txt").chmod(0o644)
