"""Values that no config may hold, by the place where they would stand."""

from __future__ import annotations

import re
from typing import Any

from tests.faults.made_configs import Raw, Tables

CANARY = "kanarienvogel"  # what must not be told: the value of every password
SECTIONS = ("collector", "sampling", "slow", "summaries", "retention", "changes", "alerts", "log", "runs")
LENGTH = re.compile(r"\d+(?:us|ms|s|m|h|d|y)(?:\d+m)?")
WRONG_TYPES: list[Any] = [
    Raw("1979-05-27T07:32:00Z"), Raw("07:32:00"), [[[]]], {"x": {}}, [{"x": [{}]}], Raw("nan"), Raw("-inf"),
    2**70, -(2**63) - 1, Raw(f"0x{'f' * 5000}"), 10**4000, Raw("1e999"),
]  # fmt: skip
NO_LENGTHS = ["5 parsecs", "5", "-5s", "1e9s", "9999999999y", "0s", "", "٥s", "9y" * 5000, "s", 5, 0.5]
NO_PATHS = ["", "\0", "~nobody-of-that-name/x"]
NO_FOLDERS = [*NO_PATHS, "nosuch", "/dev/null", "fifo", "nowhere", "x" * 5000, "a/" * 3000, "/proc/1/mem/x"]
NO_SECRET_FILES = ["", "\0", "nosuch", "/dev/zero", "fifo", "nowhere", "open.txt", ".", "x" * 5000]
# Section, key and value.
OUT_OF_RANGE: list[tuple[str, str, Any]] = [
    ("sampling", "every", "1ms"), ("sampling", "on_battery", "2d"), ("sampling", "off", ["cpuu"]),
    ("sampling", "processes", {"top": 0}), ("summaries", "every", "1s"), ("summaries", "taskboard", "\0"),
    ("retention", "cap", "1MB"), ("retention", "cap", "99999999999999 GB"), ("retention", "samples", "1m"),
    ("retention", "kinds", {"x" * 9999: "2d"}), ("changes", "floor_percent", 0), ("changes", "every", "9d"),
    ("alerts", "on_alert", ["{state}"]), ("alerts", "on_alert", [""]), ("alerts", "timeout", "1h"),
    ("alerts", "on_alert", ["x", "{" + "y" * 9999 + "}"]),
    ("log", "level", "loud"), ("log", "level", "\x1b[31m"), ("log", "summary", "1ms"),
    ("runs", "parallel", 0), ("runs", "parallel", 65), ("collector", "durability", "fast"),
    ("collector", "minimum_free", "-1MB"),
    ("collector", "database", "~nobody-of-that-name/c.db"), ("collector", "database", ""),
    ("slow", "names", {"x": "fast"}),
]  # fmt: skip
BAD_ITEMS: list[tuple[str, str, Any, Tables]] = [
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
SECRET_URLS = (
    f"postgresql://me:{CANARY}@host/db", f"postgresql://host/db?password={CANARY}",
    f"postgresql://host/db?user=a@b&PassWord={CANARY}", f"postgresql://host/db?pass%77ord={CANARY}",
    f"postgresql://host/db?%70wd={CANARY}&a=b", f"postgresql://host/db?a=b&sslpass%77or%64={CANARY}",
    f"postgresql://me:{CANARY}/x@host/db", f"mysql://me:{CANARY}@", f"postgresql://me:p%40{CANARY}@[::1/db",
)  # fmt: skip
SECRET_KEYS = ("password", "PASSWORD", "pass", "api_key", "secret", "token", "passwort-dsn")
