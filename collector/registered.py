"""What the config registers: ``[[workloads]]``, ``[[tails]]`` and ``[[pools]]``, each by a name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeGuard, TypeVar

import msgspec

from collector import config_file
from collector.convert import Key, Section, problem, table
from collector.errors import Problem
from collector.pool_settings import PoolSettings
from collector.registry import nearest
from collector.sections import TailSettings, WorkloadSettings

S = TypeVar("S", bound=Section)
_COMMON = frozenset(field.encode_name for field in msgspec.structs.fields(WorkloadSettings))
# What a format of logs finds wrong with the settings of a tail: (key, fault).
LogFaults = Callable[[TailSettings], Iterator[tuple[str, str]]]


def workloads(
    value: object,
    kinds: Mapping[str, type[WorkloadSettings]],
    folder: Path,
    state: Path | None,
    lines: Mapping[Key, int],
    found: list[Problem],
) -> list[WorkloadSettings]:
    """The ``[[workloads]]``, each as its kind has it; what is wrong is appended to ``found``.

    Paths count from ``folder``; ``state`` is where the config says that the database is.
    """
    if not _is_list(value, "workloads", lines, found):
        return []
    made: list[WorkloadSettings] = []
    seen: dict[str, int] = {}
    for i, item in enumerate(value):
        at: Key = ("workloads", i)
        kind = kinds.get(str(item.get("kind"))) if isinstance(item, dict) else WorkloadSettings
        if kind is None:
            hint = nearest(str(item.get("kind", "")), kinds) or f"; allowed are {', '.join(kinds)}"
            word = "unknown kind" if "kind" in item else "missing"
            found.append(problem((*at, "kind"), f"{word}{hint}", lines, item.get("kind")))
        name = item.get("name") if isinstance(item, dict) else None
        if isinstance(name, str) and name in seen:
            first = lines.get(("workloads", seen[name], "name"))
            message = f"this name is taken by the workload of line {first}"
            found.append(problem((*at, "name"), message, lines, name))
        elif isinstance(name, str):
            seen[name] = i
        placed = _placed(item, folder, state if kind and not kind.in_config_folder else folder)
        if kind is None:  # what all kinds have can still be looked at
            common = {key: placed[key] for key in placed if key in _COMMON}
            table({**common, "kind": "none"}, WorkloadSettings, at, lines, found)
        elif (workload := table(placed, kind, at, lines, found)) is not None:
            made.append(workload)
    return made


def _placed(item: Any, folder: Path, cwd: Path | None) -> Any:
    """A workload's table with absolute paths; it runs in ``cwd`` unless it says where."""
    placed: Any = absolute_paths(item, folder)
    return {"cwd": str(cwd), **placed} if isinstance(placed, dict) and cwd is not None else placed


def absolute_paths(value: object, folder: Path) -> object:
    """Paths of a config count from the config's own folder, and ``~`` is home."""
    if not isinstance(value, dict):
        return value
    out = dict(value)
    for key in ("database", "socket", "cwd", "path", "password_file", "taskboard"):
        text = out.get(key)
        if isinstance(text, str) and text and "://" not in text and "\0" not in text:
            expanded = config_file.home_expanded(Path(text))
            # Where there is no such user the text stays as it is, which is a fault; see convert.
            out[key] = text if str(expanded).startswith("~") else str(folder / expanded)
    return out


def cron_faults(
    workloads: object, cron_fault: Callable[[str], str | None], lines: Mapping[Key, int]
) -> list[Problem]:
    """Crons that are none."""
    crons = [item.get("cron") for item in _list(workloads) if isinstance(item, dict)]
    return [
        problem(("workloads", i, "cron"), fault, lines, cron)
        for i, cron in enumerate(crons)
        if isinstance(cron, str) and cron and (fault := cron_fault(cron))
    ]


def tails(
    value: object, faults: LogFaults, folder: Path, lines: Mapping[Key, int], found: list[Problem]
) -> list[TailSettings]:
    """The ``[[tails]]``; ``faults`` is what their formats say of them."""
    made = _named(value, "tails", TailSettings, folder, lines, found)
    for i, tail in made:
        for key, message in faults(tail):
            shown = getattr(tail, key, None)
            found.append(problem(("tails", i, key), message, lines, shown))
    _refuse_twice("tails", "path", [(i, str(tail.path)) for i, tail in made], lines, found)
    by_path = {str(tail.path): (i, tail.source) for i, tail in reversed(made)}
    _refuse_twice("tails", "name", sorted(by_path.values()), lines, found)
    return [tail for _, tail in made]


def pools(value: object, folder: Path, lines: Mapping[Key, int], found: list[Problem]) -> list[PoolSettings]:
    """The ``[[pools]]``."""
    made = _named(value, "pools", PoolSettings, folder, lines, found)
    _refuse_twice("pools", "name", [(i, pool.name) for i, pool in made], lines, found)
    return [pool for _, pool in made]


def _named(
    value: object, name: str, kind: type[S], folder: Path, lines: Mapping[Key, int], found: list[Problem]
) -> list[tuple[int, S]]:
    """The tables of a list that are without fault, each with its place."""
    if not _is_list(value, name, lines, found):
        return []
    made = (
        (i, table(absolute_paths(item, folder), kind, (name, i), lines, found))
        for i, item in enumerate(value)
    )
    return [(i, one) for i, one in made if one is not None]


def _refuse_twice(
    name: str, key: str, values: list[tuple[int, str]], lines: Mapping[Key, int], found: list[Problem]
) -> None:
    first: dict[str, int] = {}
    for i, value in values:
        if value in first:
            line = lines.get((name, first[value], key)) or lines.get((name, first[value]))
            message = f"this {key} is taken by the one of line {line}"
            found.append(problem((name, i, key), message, lines, value))
        first.setdefault(value, i)


def _is_list(
    value: object, name: str, lines: Mapping[Key, int], found: list[Problem]
) -> TypeGuard[list[Any]]:
    if isinstance(value, list):
        return True
    found.append(problem((name,), f"must be a list of tables, [[{name}]]", lines, value))
    return False


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
