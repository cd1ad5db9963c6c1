"""The settings: TOML in, checked and frozen structs out. Without a config the defaults record the machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from collector import config_file
from collector.convert import Key, Section, dotted, problem, table
from collector.errors import CollectorError, ConfigError, Problem
from collector.registry import nearest
from collector.systemd import state_directory
from collector.units import Duration, Size

Name = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,79}\Z",
        description="a name of letters, digits, dot, dash, colon and underscore, at most 80",
    ),
]
Count = Annotated[int, msgspec.Meta(ge=1, le=1000, description="a whole number from 1 to 1000")]
Workers = Annotated[int, msgspec.Meta(ge=1, le=64, description="a whole number from 1 to 64")]
Text = Annotated[str, msgspec.Meta(min_length=1, description="a text in quotes, not empty")]


class Recorder(Section, frozen=True, kw_only=True):
    """``[collector]``: where the record is kept, and how safely."""

    database: Path | None = None
    durability: Literal["full", "normal"] = "full"
    socket: Path | None = None


class Processes(Section, frozen=True, kw_only=True):
    """``processes`` of ``[sampling]``: how often all processes are walked, and how many are kept."""

    every: Duration = Duration(30)
    top: Count = 10

    def faults(self) -> Iterator[tuple[str, str]]:
        """A walk over all processes is the dearest reading there is."""
        if not 1 <= self.every <= 86400:
            yield "every", "must lie between 1s and 1d"


class Sampling(Section, frozen=True, kw_only=True):
    """``[sampling]``: how often the machine is read; ``off`` names samplers that stay out."""

    every: Duration = Duration(5)
    on_battery: Duration = Duration(15)
    off: tuple[str, ...] = ()
    processes: Processes = Processes()

    def faults(self) -> Iterator[tuple[str, str]]:
        """The kernel's own counters move every 10 ms, so faster than 100 ms tells nothing new."""
        for key, value in (("every", self.every), ("on_battery", self.on_battery)):
            if not 0.1 <= value <= 86400:
                yield key, "must lie between 100ms and 1d"


class Slow(Section, frozen=True, kw_only=True):
    """``[slow]``: what takes longer than this is warned of, per kind of operation."""

    query: Duration = Duration(0.1)
    api: Duration = Duration(0.5)
    frontend: Duration = Duration(1.0)
    cache: Duration = Duration(0.01)


class Summaries(Section, frozen=True, kw_only=True):
    """``[summaries]``: how often queries and users are summed up; a taskboard's users are joined in."""

    every: Duration = Duration(900)
    taskboard: Path | None = None

    def faults(self) -> Iterator[tuple[str, str]]:
        """Each refresh reads the last seven days."""
        if not 60 <= self.every <= 86400:
            yield "every", "must lie between 1m and 1d"


class Log(Section, frozen=True, kw_only=True):
    """``[log]``: how much is said, and how often the figures of the recorder itself."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    summary: Duration = Duration(600)

    def faults(self) -> Iterator[tuple[str, str]]:
        """The log is for people."""
        if self.summary < 1:
            yield "summary", "must be at least 1s"


class Runs(Section, frozen=True, kw_only=True):
    """``[runs]``: how many workloads may run at one time. Each disturbs the timing of the others."""

    parallel: Workers = 4


class WorkloadSettings(Section, frozen=True, kw_only=True):
    """What every ``[[workloads]]`` has; each kind adds its own keys in its own file.

    Times are seconds. ``env`` lists variables to pass on by name, or to set as ``NAME=value``.
    """

    name: Name
    kind: Text
    every: Duration | None = None
    cron: Text | None = None
    timeout: Duration = Duration(600)
    budget: Duration | None = None
    cwd: Path | None = None
    env: tuple[Text, ...] = ()

    def faults(self) -> Iterator[tuple[str, str]]:
        """Exactly one of every and cron; a folder that exists."""
        if (self.every is None) == (self.cron is None):
            yield "every", "give exactly one of every and cron"
        if self.every is not None and self.every < 1:
            yield "every", "must be at least 1s"
        if self.cwd is not None and not config_file.is_folder(self.cwd):
            yield "cwd", "there is no such folder"

    def command_line(self) -> str:
        """What is run, as one line without secrets: for the ledger and for `collector check`."""
        return self.kind


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings of one config file; ``path`` is None when the defaults are in use."""

    path: Path | None
    collector: Recorder = Recorder()
    sampling: Sampling = Sampling()
    slow: Slow = Slow()
    summaries: Summaries = Summaries()
    log: Log = Log()
    runs: Runs = Runs()
    workloads: tuple[WorkloadSettings, ...] = ()

    @property
    def database(self) -> Path:
        """The database file, absolute."""
        return self.collector.database or default_folder() / "collector.db"

    @property
    def socket(self) -> Path:
        """The daemon's socket: beside the database in a folder of its own, unless set."""
        return self.collector.socket or self.database.parent / "run" / f"{self.database.stem}.sock"


_COMMON = frozenset(field.encode_name for field in msgspec.structs.fields(WorkloadSettings))

SECTIONS: dict[str, type[Section]] = {
    "collector": Recorder,
    "sampling": Sampling,
    "slow": Slow,
    "summaries": Summaries,
    "log": Log,
    "runs": Runs,
}


def default_folder() -> Path:
    """Where the record is kept unless the config says: systemd's state folder, or the user's.

    Raises CollectorError when this user has no home.
    """
    given = state_directory()
    if given is not None:
        return given
    folder = config_file.at_home("XDG_STATE_HOME", "~/.local/state") / "collector"
    if not folder.is_absolute():
        raise CollectorError(
            "this user has no home folder to keep the record in",
            hint="set `database` under [collector], or $XDG_STATE_HOME",
        )
    return folder


def load(
    explicit: Path | None,
    kinds: Mapping[str, type[WorkloadSettings]],
    *,
    cron_fault: Callable[[str], str | None] = lambda _: None,
    samplers: tuple[str, ...] = (),
) -> Settings:
    """Find, read and check the config.

    ``kinds`` are the known workload kinds; ``cron_fault`` says what is wrong with a cron expression;
    ``samplers`` are the names that ``sampling.off`` may hold. Raises ConfigError with every fault.
    """
    path = config_file.find(explicit)
    if path is None:
        return Settings(path=None)
    tables, lines = config_file.read(path)
    found: list[Problem] = []
    folder = path.resolve().parent
    sections_there_are = [*SECTIONS, "workloads"]
    for key in tables.keys() - {*sections_there_are}:
        hint = nearest(key, sections_there_are) or f"; allowed are {', '.join(sections_there_are)}"
        found.append(problem((key,), f"unknown section{hint}", lines))
    sections = {
        name: table(absolute_paths(tables[name], folder), kind, (name,), lines, found)
        for name, kind in SECTIONS.items()
        if name in tables
    }
    workloads = _workloads(tables.get("workloads", []), kinds, folder, lines, found)
    found += _cron_faults(tables.get("workloads"), cron_fault, lines)
    if samplers:
        found += _unknown_samplers(tables.get("sampling"), samplers, lines)
    if found:
        raise ConfigError(str(path), sorted(found, key=lambda fault: (fault.line or 0, fault.key)))
    made: dict[str, Any] = {name: section for name, section in sections.items() if section is not None}
    return Settings(path=path, workloads=tuple(workloads), **made)


def _workloads(
    value: object,
    kinds: Mapping[str, type[WorkloadSettings]],
    folder: Path,
    lines: Mapping[Key, int],
    found: list[Problem],
) -> list[WorkloadSettings]:
    if not isinstance(value, list):
        found.append(problem(("workloads",), "must be a list of tables, [[workloads]]", lines, value))
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
        placed = _placed(item, folder)
        if kind is None:  # what all kinds have can still be looked at
            common = {key: placed[key] for key in placed if key in _COMMON}
            table({**common, "kind": "none"}, WorkloadSettings, at, lines, found)
        elif (workload := table(placed, kind, at, lines, found)) is not None:
            made.append(workload)
    return made


def _placed(item: Any, folder: Path) -> Any:
    """A workload's table with absolute paths; it runs in the config's folder unless it says where."""
    placed: Any = absolute_paths(item, folder)
    return {"cwd": str(folder), **placed} if isinstance(placed, dict) else placed


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


def _cron_faults(
    workloads: object, cron_fault: Callable[[str], str | None], lines: Mapping[Key, int]
) -> list[Problem]:
    crons = [item.get("cron") for item in _list(workloads) if isinstance(item, dict)]
    return [
        problem(("workloads", i, "cron"), fault, lines, cron)
        for i, cron in enumerate(crons)
        if isinstance(cron, str) and cron and (fault := cron_fault(cron))
    ]


def _unknown_samplers(sampling: object, samplers: tuple[str, ...], lines: Mapping[Key, int]) -> list[Problem]:
    off = sampling.get("off") if isinstance(sampling, dict) else None
    return [
        problem(
            ("sampling", "off"),
            f"no sampler is named {name!r}{nearest(name, samplers) or '; there are ' + ', '.join(samplers)}",
            lines,
            name,
        )
        for name in _list(off)
        if isinstance(name, str) and name not in samplers
    ]


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


__all__ = [
    "Count",
    "Log",
    "Name",
    "Recorder",
    "Runs",
    "Sampling",
    "Section",
    "Settings",
    "Size",
    "Slow",
    "Summaries",
    "Text",
    "WorkloadSettings",
    "default_folder",
    "dotted",
    "load",
]
