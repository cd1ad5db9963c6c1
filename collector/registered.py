"""What the config registers: ``[[workloads]]``, ``[[tails]]`` and ``[[pools]]``, each by a name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeGuard, TypeVar

import msgspec

from collector.convert import Key, Section, looked_at, problem, table
from collector.errors import Problem
from collector.globs import overlap
from collector.homes import home_expanded
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
        elif (workload := table(placed, kind, at, lines, found, _not_said(item))) is not None:
            made.append(workload)
    return made


def _placed(item: Any, folder: Path, cwd: Path | None) -> Any:
    """A workload's table with absolute paths; it runs in ``cwd`` unless it says where."""
    placed: Any = absolute_paths(item, folder)
    return {"cwd": str(cwd), **placed} if isinstance(placed, dict) and cwd is not None else placed


def _not_said(item: object) -> frozenset[str]:
    """``cwd`` where it is the default: the database's folder is made when recording begins."""
    return frozenset({"cwd"} - item.keys()) if isinstance(item, dict) else frozenset()


def absolute_paths(value: object, folder: Path) -> object:
    """Paths of a config count from the config's own folder, and ``~`` is home."""
    if not isinstance(value, dict):
        return value
    out = dict(value)
    for key in ("database", "socket", "cwd", "path", "password_file", "taskboard"):
        text = out.get(key)
        if isinstance(text, str) and text and "://" not in text and "\0" not in text:
            expanded = home_expanded(Path(text))
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


class _Looked(NamedTuple, Generic[S]):
    """The table at a place of a list; ``bad`` are the keys that say nothing, see `convert.looked_at`."""

    place: int
    made: S
    bad: set[str]
    whole: bool


def tails(
    value: object, faults: LogFaults, folder: Path, lines: Mapping[Key, int], found: list[Problem]
) -> list[TailSettings]:
    """The ``[[tails]]``; ``faults`` is what their formats say of them."""
    looked = _looked_at(value, "tails", TailSettings, folder, lines, found)
    for one in looked:
        if "format" not in one.bad:
            found += _format_faults(one, faults, lines)
    paths = [(one.place, str(one.made.path)) for one in looked if "path" not in one.bad]
    _refuse_twice("tails", "path", paths, lines, found)
    _refuse_overlap(paths, lines, found)
    _refuse_twice("tails", "name", _sources(looked), lines, found)
    return [one.made for one in looked if one.whole]


def _format_faults(
    one: _Looked[TailSettings], faults: LogFaults, lines: Mapping[Key, int]
) -> Iterator[Problem]:
    for key, message in faults(one.made):
        if key not in one.bad:
            yield problem(("tails", one.place, key), message, lines, getattr(one.made, key, None))


def _sources(looked: list[_Looked[TailSettings]]) -> list[tuple[int, str]]:
    """What the tails are called; not where a name comes from a path that is at fault itself."""
    found: list[tuple[int, str]] = []
    paths: set[Path] = set()
    for place, tail, bad, _ in looked:
        named_by_path = "path" not in bad and tail.path not in paths
        if "name" not in bad and (tail.name is not None or named_by_path):
            found.append((place, tail.source))
        paths.add(tail.path)
    return found


def pools(value: object, folder: Path, lines: Mapping[Key, int], found: list[Problem]) -> list[PoolSettings]:
    """The ``[[pools]]``."""
    looked = _looked_at(value, "pools", PoolSettings, folder, lines, found)
    names = [(one.place, one.made.name) for one in looked if "name" not in one.bad]
    _refuse_twice("pools", "name", names, lines, found)
    return [one.made for one in looked if one.whole]


def _looked_at(
    value: object, name: str, kind: type[S], folder: Path, lines: Mapping[Key, int], found: list[Problem]
) -> list[_Looked[S]]:
    """The tables of a list, those with faults too: what can be looked at is."""
    if not _is_list(value, name, lines, found):
        return []
    out: list[_Looked[S]] = []
    for i, item in enumerate(value):
        before = len(found)
        looked = looked_at(absolute_paths(item, folder), kind, (name, i), lines, found)
        if looked is not None:
            out.append(_Looked(i, *looked, whole=len(found) == before))
    return out


def _refuse_overlap(paths: list[tuple[int, str]], lines: Mapping[Key, int], found: list[Problem]) -> None:
    """A log that two tails follow would be told twice."""
    for (first, path), (second, later) in combinations(paths, 2):
        if path != later and overlap(Path(path), Path(later)):
            message = f"overlaps {path} of line {_line(('tails', first, 'path'), lines)}: a log has one tail"
            found.append(problem(("tails", second, "path"), message, lines, later))


def _refuse_twice(
    name: str, key: str, values: list[tuple[int, str]], lines: Mapping[Key, int], found: list[Problem]
) -> None:
    first: dict[str, int] = {}
    for i, value in values:
        if value in first:
            message = f"this {key} is taken by the one of line {_line((name, first[value], key), lines)}"
            found.append(problem((name, i, key), message, lines, value))
        first.setdefault(value, i)


def _line(at: Key, lines: Mapping[Key, int]) -> int | None:
    """Of a key, or of its table where the key is not there."""
    return lines.get(at) or lines.get(at[:-1])


def _is_list(
    value: object, name: str, lines: Mapping[Key, int], found: list[Problem]
) -> TypeGuard[list[Any]]:
    if isinstance(value, list):
        return True
    found.append(problem((name,), f"must be a list of tables, [[{name}]]", lines, value))
    return False


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
