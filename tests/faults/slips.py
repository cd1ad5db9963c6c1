"""Slips of the pen: each puts one fault into a config that is right, and tells where it must be found."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from tests.faults.made_configs import LISTS, ODD_NAMES, Raw, Tables

CANARY = "kanarienvogel"  # what must not be told: the value of every password
SECTIONS = ("collector", "sampling", "slow", "summaries", "retention", "changes", "alerts", "log", "runs")
_LENGTH = re.compile(r"\d+(?:us|ms|s|m|h|d|y)(?:\d+m)?")
_WRONG_TYPES: list[Any] = [
    Raw("1979-05-27T07:32:00Z"), Raw("07:32:00"), [[[]]], {"x": {}}, [{"x": [{}]}], Raw("nan"), Raw("-inf"),
    2**70, -(2**63) - 1, Raw(f"0x{'f' * 5000}"), 10**4000, Raw("1e999"),
]  # fmt: skip
_NO_LENGTHS = ["5 parsecs", "5", "-5s", "1e9s", "9999999999y", "0s", "", "٥s", "9y" * 5000, "s", 5, 0.5]
_NO_PATHS = ["", "\0", "~nobody-of-that-name/x"]
_NO_FOLDERS = [*_NO_PATHS, "nosuch", "/dev/null", "fifo", "nowhere", "x" * 5000, "a/" * 3000, "/proc/1/mem/x"]
_NO_SECRET_FILES = ["", "\0", "nosuch", "/dev/zero", "fifo", "nowhere", "open.txt", ".", "x" * 5000]
# One place each; the third are keys that a valid config may have besides and that must go.
_OUT_OF_RANGE: list[tuple[str, str, Any]] = [
    ("sampling", "every", "1ms"), ("sampling", "on_battery", "2d"), ("sampling", "off", ["cpuu"]),
    ("sampling", "processes", {"top": 0}), ("summaries", "every", "1s"), ("summaries", "taskboard", "\0"),
    ("retention", "cap", "1MB"), ("retention", "cap", "99999999999999 GB"), ("retention", "samples", "1m"),
    ("retention", "kinds", {"x" * 9999: "2d"}), ("changes", "floor_percent", 0), ("changes", "every", "9d"),
    ("alerts", "on_alert", ["{state}"]), ("alerts", "on_alert", [""]), ("alerts", "timeout", "1h"),
    ("alerts", "on_alert", ["x", "{" + "y" * 9999 + "}"]),
    ("log", "level", "loud"), ("log", "level", "\x1b[31m"), ("log", "summary", "1ms"), ("runs", "parallel", 0),
    ("runs", "parallel", 65), ("collector", "durability", "fast"), ("collector", "minimum_free", "-1MB"),
    ("collector", "database", "~nobody-of-that-name/c.db"), ("collector", "database", ""),
    ("slow", "names", {"x": "fast"}),
]  # fmt: skip
_BAD_ITEMS: list[tuple[str, str, Any, Tables]] = [
    # list, key at fault, its value, and the other keys of that item
    ("workloads", "argv", [], {"kind": "command"}),
    ("workloads", "argv", ["no-such-program-here"], {"kind": "command"}),
    ("workloads", "argv", ["x" * 9999], {"kind": "command"}),
    ("workloads", "argv", ["~nobody-of-that-name/x"], {"kind": "command"}),
    ("workloads", "argv", ["a\0b"], {"kind": "command"}),
    ("workloads", "argv", ["./fifo"], {"kind": "command"}),
    ("workloads", "argv", ["true", "two"], {"kind": "command", "shell": True}),
    ("workloads", "kind", "x" * 9999, {}),
    ("workloads", "kind", "comand", {}),
    ("workloads", "callable", "json", {"kind": "python"}),
    ("workloads", "callable", "../../x:y", {"kind": "python"}),
    ("workloads", "python", "~nobody-of-that-name/python", {"kind": "python", "callable": "json:dumps"}),
    ("workloads", "python", "no-such-python", {"kind": "python", "callable": "json:dumps"}),
    ("workloads", "database", "sqlite:///~nobody-of-that-name/x.db", {"kind": "sql", "query": "SELECT 1"}),
    ("workloads", "database", "oracle://x", {"kind": "sql", "query": "SELECT 1"}),
    ("workloads", "database", "postgresql://[", {"kind": "sql", "query": "SELECT 1"}),
    ("workloads", "query", "DELETE FROM x", {"kind": "sql", "database": "sqlite:////x.db"}),
    ("workloads", "query", "(" * 9999, {"kind": "sql", "database": "sqlite:////x.db"}),
    ("workloads", "expect", 99, {"kind": "http", "url": "http://x"}),
    ("workloads", "url", "http://[", {"kind": "http"}),
    ("workloads", "url", "http://x:99999/", {"kind": "http"}),
    ("workloads", "url", "ftp://x", {"kind": "http"}),
    ("workloads", "size", 1, {"kind": "reference"}),
    ("workloads", "cron", "61 * * * *", {"kind": "reference", "every": None}),
    ("workloads", "cron", "* " * 9999, {"kind": "reference", "every": None}),
    ("workloads", "cron", "\x1b[31m", {"kind": "reference", "every": None}),
    ("workloads", "every", "1us", {"kind": "reference"}),
    ("workloads", "name", "a b", {"kind": "reference"}),
    ("workloads", "name", "x" * 81, {"kind": "reference"}),
    ("tails", "format", "apache", {}),
    ("tails", "path", "/dev/zero", {"format": "collector"}),
    ("tails", "path", ".", {"format": "collector"}),
    ("tails", "path", "a/**b/c", {"format": "collector"}),
    ("tails", "pattern", "(?P<duration_s>.", {"format": "pattern"}),
    ("tails", "pattern", "(?P<x>.)" * 200, {"format": "pattern"}),
    ("tails", "pattern", "(" * 2000 + ")" * 2000, {"format": "pattern"}),
    ("tails", "pattern", "(?P<duration_s>.{99999999999})", {"format": "pattern"}),
    ("tails", "prefix", "%q%q\0", {"format": "postgresql"}),
    ("tails", "timezone", "../../etc/passwd", {"format": "postgresql", "prefix": "%m "}),
    ("tails", "timezone", "Mars/" + "x" * 9999, {"format": "postgresql", "prefix": "%m "}),
    ("tails", "pattern", "x", {"format": "collector"}),
    ("pools", "kind", "oracle", {"database": "postgresql://x/y"}),
    ("pools", "database", "mysql://x/y", {"kind": "postgresql"}),
    ("pools", "database", "postgresql://x/y", {"kind": "pgbouncer"}),
    ("pools", "database", "postgresql://x:y:z/pgbouncer", {"kind": "pgbouncer"}),
    ("pools", "every", "1s", {"kind": "postgresql", "database": "postgresql://x/y"}),
    ("pools", "timeout", "9m", {"kind": "postgresql", "database": "postgresql://x/y"}),
    ("pools", "name", "x" * 60, {"kind": "postgresql", "database": "postgresql://x/y"}),
]  # fmt: skip
_SECRET_URLS = (
    f"postgresql://me:{CANARY}@host/db", f"postgresql://host/db?password={CANARY}",
    f"postgresql://host/db?user=a@b&PassWord={CANARY}", f"postgresql://host/db?pass%77ord={CANARY}",
    f"postgresql://host/db?%70wd={CANARY}&a=b", f"postgresql://host/db?a=b&sslpass%77or%64={CANARY}",
    f"postgresql://me:{CANARY}/x@host/db", f"mysql://me:{CANARY}@", f"postgresql://me:p%40{CANARY}@[::1/db",
)  # fmt: skip
_SECRET_KEYS = ("password", "PASSWORD", "pass", "api_key", "secret", "token", "passwort-dsn")


class Slip(NamedTuple):
    """Where a fault must be found: a key, or what stands before its parts."""

    at: str


def slipped(chance: Random, tables: Tables, count: int) -> list[Slip]:
    """Put up to ``count`` faults into ``tables``, none in the same section or item as another."""
    done: list[Slip] = []
    for _ in range(count):
        at = chance.choice(_SLIPS)(chance, tables)
        if at is not None:
            done.append(Slip(at))
    return done


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
    tables[name] = {key: chance.choice(_WRONG_TYPES)}
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
        for key, value in tables.get(name, {}).items()
        if isinstance(value, str) and _LENGTH.fullmatch(value)
    ] if all(isinstance(tables.get(name, {}), dict) for name in SECTIONS) else []  # fmt: skip
    if not places:
        return None
    name, key = chance.choice(places)
    tables[name][key] = chance.choice(_NO_LENGTHS)
    return f"{name}.{key}"


def _out_of_range(chance: Random, tables: Tables) -> str | None:
    name, key, value = chance.choice(_OUT_OF_RANGE)
    if name in tables and name != "collector":
        return None
    tables.setdefault(name, {})[key] = value
    return f"{name}.{key}"


def _bad_item(chance: Random, tables: Tables) -> str | None:
    name, key, value, others = chance.choice(_BAD_ITEMS)
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
    at = _item(tables, "workloads", {"kind": "reference", f"z{chance.choice(ODD_NAMES)}": chance.choice(_WRONG_TYPES)})
    return at and f"{at}."


def _unknown_section(chance: Random, tables: Tables) -> str | None:
    name = f"z{chance.choice(ODD_NAMES)}"
    tables[name] = chance.choice([{}, {"a": 1}, [{"password": CANARY}], 5])
    return '"z' if not re.fullmatch(r"[A-Za-z0-9_-]+", name) else name[:90]


def _twice(_chance: Random, tables: Tables) -> str | None:
    twin = {"kind": "reference", "name": f"twin-{len(tables.get('workloads', ()))}"}
    at = _item(tables, "workloads", twin) and _item(tables, "workloads", twin)
    return at and f"{at}.name"


def _bad_place(chance: Random, tables: Tables) -> str | None:
    if chance.random() < 0.5:
        at = _item(tables, "workloads", {"kind": "reference", "cwd": chance.choice(_NO_FOLDERS)})
        return at and f"{at}.cwd"
    pool = {"kind": "postgresql", "database": "postgresql://x/y"}
    at = _item(tables, "pools", pool | {"password_file": chance.choice(_NO_SECRET_FILES)})
    return at and f"{at}.password_file"


def _secret(chance: Random, tables: Tables) -> str | None:
    pool = {"kind": "postgresql", "database": "postgresql://x/y"}
    ways: list[tuple[str, str, Tables]] = [
        ("pools", "database", {"database": chance.choice(_SECRET_URLS), "kind": "postgresql"}),
        ("workloads", "database", {"database": chance.choice(_SECRET_URLS), "kind": "sql", "query": "SELECT 1"}),
        ("pools", "", pool | {chance.choice(_SECRET_KEYS): chance.choice([CANARY, [CANARY], {"x": CANARY}])}),
        ("pools", "password_env", pool | {"password_env": [f"{CANARY}"]}),
        ("pools", "password_file", pool | {"password_file": {"x": CANARY}}),
        ("workloads", "env", {"kind": "reference", "env": [f"PW={CANARY}", 5]}),
        ("workloads", "env", {"kind": "reference", "env": {"PW": CANARY}}),
        ("workloads", "url", {"kind": "http", "url": f"http://me:{CANARY}@host/"}),
        ("workloads", "url", {"kind": "http", "url": f"http://ü/?token={CANARY}"}),
        ("workloads", "argv", {"kind": "command", "argv": ["nosuch", "--password", CANARY]}),
        ("workloads", "argv", {"kind": "command", "argv": ["nosuch", f"--api-key={CANARY}", f"PGPASSWORD={CANARY}"]}),
        ("workloads", "headers", {"kind": "http", "url": "http://x", "headers": {"X-Any": CANARY}}),
    ]  # fmt: skip
    name, key, keys = chance.choice(ways)
    at = _item(tables, name, keys)
    return at and f"{at}.{key}"


_SLIPS: tuple[Callable[[Random, Tables], str | None], ...] = (
    _wrong_type, _no_table, _no_length, _out_of_range, _bad_item, _bad_item, _bad_item, _missing, _unknown_key,
    _unknown_section, _twice, _bad_place, _secret, _secret,
)  # fmt: skip


def lay_traps(own: Path) -> None:
    """What the paths of the slips lead to, where there is anything."""
    import os

    os.mkfifo(own / "fifo", 0o600)
    (own / "nowhere").symlink_to("is-not-there")
    (own / "open.txt").write_text(CANARY)
    (own / "open.txt").chmod(0o644)
