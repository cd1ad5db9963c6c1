"""The config checked against everything there is: kinds of workload, samplers, cron expressions."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from collector import config_file
from collector.convert import problem
from collector.errors import ConfigError, Problem
from collector.samplers.base import SAMPLERS
from collector.schedule import cron_fault
from collector.settings import Settings, TailSettings, load
from collector.store.retention.rules import rules
from collector.workloads import exposure
from collector.workloads.base import settings_by_kind


def checked(config: Path | None) -> Settings:
    """All settings, looked at as the recorder does; raises ConfigError with every fault."""
    settings = load(
        config,
        settings_by_kind(),
        cron_fault=cron_fault,
        samplers=tuple(SAMPLERS),
        log_faults=_log_faults,
        records=tuple(rule.name for rule in rules()),
    )
    # Of workloads their own kinds have said so already.
    if settings.path and os.geteuid() == 0 and (found := exposure.of_alerts(settings)):
        raise ConfigError(str(settings.path), _refused(settings.path, settings, found))
    return settings


def _refused(path: Path, settings: Settings, found: list[exposure.Exposure]) -> list[Problem]:
    """What root must not run, with its lines: the file is read again for them."""
    lines = config_file.read(path)[1]
    return [
        problem(
            tuple(each.key.split(".")),
            f"{exposure.REFUSED}{each.fault}",
            lines,
            list(settings.alerts.on_alert),
        )
        for each in found
    ]


def _log_faults(tail: TailSettings) -> Iterator[tuple[str, str]]:
    # Most follow no log, and need not hold the formats in memory.
    from collector.intake.tails.checking import faults  # noqa: PLC0415

    return faults(tail)
