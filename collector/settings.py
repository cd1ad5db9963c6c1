"""The settings: TOML in, checked and frozen structs out. Without a config the defaults record the machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from collector import config_file, registered
from collector.convert import Key, Section, dotted, problem, table
from collector.errors import CollectorError, ConfigError, Problem
from collector.pool_settings import PoolSettings
from collector.registered import absolute_paths
from collector.registry import nearest
from collector.sections import (
    Alerting,
    Changed,
    Count,
    Log,
    Name,
    Processes,
    Recorder,
    Retention,
    Runs,
    Sampling,
    Slow,
    Summaries,
    TailSettings,
    Text,
    WorkloadSettings,
)
from collector.systemd import state_directory


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings of one config file; ``path`` is None when the defaults are in use."""

    path: Path | None
    collector: Recorder = Recorder()
    sampling: Sampling = Sampling()
    slow: Slow = Slow()
    summaries: Summaries = Summaries()
    retention: Retention = Retention()
    changes: Changed = Changed()
    alerts: Alerting = Alerting()
    log: Log = Log()
    runs: Runs = Runs()
    workloads: tuple[WorkloadSettings, ...] = ()
    tails: tuple[TailSettings, ...] = ()
    pools: tuple[PoolSettings, ...] = ()

    @property
    def database(self) -> Path:
        """The database file, absolute and without links: SQLite keeps its log beside the file itself."""
        return self._named.resolve()

    @property
    def socket(self) -> Path:
        """The daemon's socket: beside the database in a folder of its own, unless set."""
        return self.collector.socket or self._named.parent / "run" / f"{self._named.stem}.sock"

    @property
    def _named(self) -> Path:
        return self.collector.database or default_folder() / "collector.db"


SECTIONS: dict[str, type[Section]] = {
    "collector": Recorder,
    "sampling": Sampling,
    "slow": Slow,
    "summaries": Summaries,
    "retention": Retention,
    "changes": Changed,
    "alerts": Alerting,
    "log": Log,
    "runs": Runs,
}

LISTS = ("workloads", "tails", "pools")


def own_thresholds(settings: Settings) -> dict[str, float]:
    """From when on what a tail or a workload tells of is slow, in seconds, where it says so itself."""
    tails = {tail.source: tail.slow for tail in settings.tails}
    workloads = {workload.name: getattr(workload, "slow", None) for workload in settings.workloads}
    return {name: float(slow) for name, slow in (tails | workloads).items() if slow is not None}


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
    log_faults: registered.LogFaults = lambda _: iter(()),
    records: tuple[str, ...] = (),
) -> Settings:
    """Find, read and check the config.

    ``kinds`` are the known workload kinds; ``cron_fault`` says what is wrong with a cron expression;
    ``samplers`` are the names that ``sampling.off`` may hold; ``log_faults`` is what a tail's format says
    of it; ``records`` are the kinds that ``retention.kinds`` may name. Raises ConfigError with every fault.
    """
    path = config_file.find(explicit)
    if path is None:
        return Settings(path=None)
    tables, lines = config_file.read(path)
    found: list[Problem] = []
    folder = path.resolve().parent
    sections_there_are = [*SECTIONS, *LISTS]
    for key in tables.keys() - {*sections_there_are}:
        hint = nearest(key, sections_there_are) or f"; allowed are {', '.join(sections_there_are)}"
        found.append(problem((key,), f"unknown section{hint}", lines))
    sections = {
        name: table(absolute_paths(tables[name], folder), kind, (name,), lines, found)
        for name, kind in SECTIONS.items()
        if name in tables
    }
    database = getattr(sections.get("collector"), "database", None)
    state = database and database.parent
    workloads = registered.workloads(tables.get("workloads", []), kinds, folder, state, lines, found)
    found += registered.cron_faults(tables.get("workloads"), cron_fault, lines)
    tails = registered.tails(tables.get("tails", []), log_faults, folder, lines, found)
    pools = registered.pools(tables.get("pools", []), folder, lines, found)
    if samplers:
        off = _table(tables, "sampling").get("off")
        found += _unknown(("sampling", "off"), off, "sampler", samplers, lines)
    if records:
        kinds_kept = [*_table(_table(tables, "retention"), "kinds")]
        found += _unknown(("retention", "kinds"), kinds_kept, "kind of record with an age", records, lines)
    if found:
        raise ConfigError(str(path), sorted(found, key=lambda fault: (fault.line or 0, fault.key)))
    made: dict[str, Any] = {name: section for name, section in sections.items() if section is not None}
    return Settings(path=path, workloads=tuple(workloads), tails=tuple(tails), pools=tuple(pools), **made)


def _table(tables: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = tables.get(name)
    return found if isinstance(found, dict) else {}


def _unknown(
    key: Key, names: object, what: str, known: tuple[str, ...], lines: Mapping[Key, int]
) -> list[Problem]:
    """Faults of names that nothing bears."""
    return [
        problem(
            key,
            f"no {what} is named {name!r}{nearest(name, known) or '; there are ' + ', '.join(known)}",
            lines,
            name,
        )
        for name in (names if isinstance(names, list) else [])
        if isinstance(name, str) and name not in known
    ]


__all__ = [
    "Alerting",
    "Changed",
    "Count",
    "Log",
    "Name",
    "PoolSettings",
    "Processes",
    "Recorder",
    "Retention",
    "Runs",
    "Sampling",
    "Section",
    "Settings",
    "Slow",
    "Summaries",
    "TailSettings",
    "Text",
    "WorkloadSettings",
    "absolute_paths",
    "default_folder",
    "dotted",
    "load",
    "own_thresholds",
]
