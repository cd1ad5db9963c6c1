"""Configs that are right: every section and every kind of thing, with values drawn at random."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

from collector.samplers.base import SAMPLERS
from collector.store.retention.rules import rules

Tables = dict[str, Any]
LISTS = ("workloads", "tails", "pools")
ODD_NAMES = ("report", "", "a b", "ünï", "日本", "x" * 300, "\u202e", '"', "a.b", "\x1b[31m", "\0")


class Raw(str):
    """A value as TOML writes it, for what Python has no value of."""

    __slots__ = ()


def toml(value: Any) -> str:
    """A value as TOML writes it inline."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{toml(key)} = {toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value).lower() if isinstance(value, bool) else repr(value)


def written(tables: Tables) -> str:
    """The tables as a config file: what is no table first, then each under its header."""
    lines = [f"{toml(name)} = {toml(table)}" for name, table in tables.items() if not _has_header(table)]
    for name, table in tables.items():
        if isinstance(table, dict):
            lines += [f"[{toml(name)}]", *_pairs(table)]
        elif _has_header(table):
            for item in table:
                lines += [f"[[{toml(name)}]]", *_pairs(item)]
    return "\n".join(lines) + "\n"


def _has_header(table: Any) -> bool:
    return isinstance(table, dict) or (
        isinstance(table, list) and bool(table) and all(isinstance(item, dict) for item in table)
    )


def _pairs(table: Tables) -> list[str]:
    return [f"{toml(key)} = {toml(value)}" for key, value in table.items()]


def valid(chance: Random, folder: Path) -> Tables:
    """A config without a fault. Its record lies in ``folder``/data, where a daemon may be run with it.

    Nothing in it is due within the hour but the machine's own samples.
    """
    own = folder / "own"
    made: Tables = {"collector": {"database": str(folder / "data/c.db"), "socket": str(own / "c.sock")}}
    made["collector"] |= some(chance, {
        "durability": ["full", "normal"], "minimum_free": ["1MB", "0.5 MB"], "ballast": ["1MB", "64KiB"],
    })  # fmt: skip
    made |= {name: some(chance, keys) for name, keys in _sections().items() if chance.random() < 0.5}
    made["workloads"] = [_workload(chance, n, own) for n in range(chance.randrange(5))]
    made["tails"] = [_tail(chance, n, own) for n in range(chance.randrange(3))]
    made["pools"] = [_pool(chance, n) for n in range(chance.randrange(3))]
    return {name: table for name, table in made.items() if table or chance.random() < 0.3}


def some(chance: Random, keys: dict[str, list[Any]]) -> Tables:
    """About half of the keys, each with one of its values."""
    return {key: chance.choice(values) for key, values in keys.items() if chance.random() < 0.5}


def _sections() -> dict[str, dict[str, list[Any]]]:
    """What may stand in each section."""
    lengths = ["100ms", "5s", "1h30m", "2d", "10us"]
    ages = ["2d", "7d", "1y", "36h"]
    return {
        "sampling": {
            "every": ["1s", "500ms", "1d"], "on_battery": ["15s", "100ms"],
            "off": [[], ["sensor"], [*SAMPLERS]], "processes": [{}, {"every": "30s", "top": 3}],
        },
        "slow": {
            **dict.fromkeys(("query", "api", "frontend", "cache", "inference", "skill"), lengths),
            "names": [{}, dict.fromkeys(ODD_NAMES, "2s")],
        },
        "summaries": {"every": ["1m", "15m", "1d"], "taskboard": ["tasks.db", "~/none/tasks.db"]},
        "retention": {
            "cap": ["20MB", "500 MB", "1 GiB"], "samples": ages, "runs": ages, "reported": ages,
            "five_minutes": ages, "hours": ["2y", "3y"],
            "kinds": [{}, {rule.name: "30d" for rule in rules()}],
        },
        "changes": {"every": ["1m", "1d"], "floor_percent": [0.1, 3.0, 100, 5]},
        "alerts": {"on_alert": [[], ["true", "{sentence}", "{state} of {subject}"]], "timeout": ["10s"]},
        "log": {"level": ["debug", "info", "warning", "error"], "summary": ["5s", "10m"]},
        "runs": {"parallel": [1, 4, 64]},
    }  # fmt: skip


def _workload(chance: Random, n: int, own: Path) -> Tables:
    kind, keys = chance.choice(_workload_kinds(own))
    when = {"every": chance.choice(["1h", "7d", "1y"])} if chance.random() < 0.6 else {"cron": "7 3 * * 1-5"}
    both: dict[str, list[Any]] = {
        "timeout": ["1m", "250ms"], "budget": ["2s"], "cwd": [".", "~", str(own)],
        "env": [["LANG=C"], ["PATH", "A=b=c"]],
    }  # fmt: skip
    return {"name": f"{kind}-{n}", "kind": kind} | when | keys | some(chance, both)


def _workload_kinds(own: Path) -> list[tuple[str, Tables]]:
    """The kinds with what each needs, once or more."""
    return [
        ("command", {"argv": ["true", "--", "ü 日本"]}),
        ("command", {"argv": ["true | true"], "shell": True}),
        ("sql", {"database": f"sqlite:///{own}/app.db", "query": "SELECT 1"}),
        ("sql", {"database": "postgresql://me@127.0.0.1:1/x", "query": "SELECT 1", "password_env": "PW"}),
        ("http", {"url": "http://127.0.0.1:1/?a=b", "method": "HEAD", "expect": 204}),
        ("python", {"callable": "json:dumps"}),
        ("reference", {"size": 1000}),
    ]


def _tail(chance: Random, n: int, own: Path) -> Tables:
    pattern = r"^(?P<timestamp>\S+) (?P<duration_s>\d+\.\d+) (?P<endpoint>\S+)"
    formats: list[Tables] = [
        {"format": "collector"},
        {"format": "mysql-slow"},
        {"format": "postgresql", "prefix": "%m [%p] ", "timezone": "Europe/Berlin"},
        {"format": "pattern", "pattern": pattern, "type": "api"},
    ]
    path = chance.choice([f"{own}/tail-{n}.log", f"tail-{n}-*.log", f"~/tail-{n}/**/x.log"])
    more = some(chance, {"slow": ["50ms"], "start": ["end", "beginning"]})
    return {"path": path, "name": f"tail-{n}", **chance.choice(formats), **more}


def _pool(chance: Random, n: int) -> Tables:
    kinds = [
        ("postgresql", "postgresql://me@127.0.0.1:1/x"),
        ("pgbouncer", "postgresql://me@[::1]:1/pgbouncer"),
    ]
    kind, database = chance.choice(kinds)
    more = some(chance, {"every": ["5s", "5m"], "timeout": ["5s"], "password_env": ["PW"]})
    return {"name": f"pool-{n}", "kind": kind, "database": database, **more}
