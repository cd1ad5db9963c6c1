"""The sections of the config: frozen structs, each with its keys, its defaults and what may be in them."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import msgspec

from collector import config_file
from collector.convert import Section
from collector.homes import home_expanded
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
Thresholds = Annotated[
    dict[str, Duration],
    msgspec.Meta(description='a table of names and lengths of time, such as { report = "2s" }'),
]
Share = Annotated[float, msgspec.Meta(ge=0.1, le=100, description="a number from 0.1 to 100")]
Text = Annotated[str, msgspec.Meta(min_length=1, description="a text in quotes, not empty")]


class Recorder(Section, frozen=True, kw_only=True):
    """``[collector]``: where the record is kept, and how safely.

    While less than ``minimum_free`` is free on its disk, recording waits. ``ballast`` is a file of that size
    beside the database, thrown off when the disk is full all the same, so that upkeep goes on.
    """

    database: Path | None = None
    durability: Literal["full", "normal"] = "full"
    socket: Path | None = None
    minimum_free: Size = Size(64_000_000)
    ballast: Size = Size(8_000_000)


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
    """``[slow]``: what takes longer than this is warned of, per kind of operation; ``names`` per name."""

    query: Duration = Duration(0.1)
    api: Duration = Duration(0.5)
    frontend: Duration = Duration(1.0)
    cache: Duration = Duration(0.01)
    inference: Duration | None = None
    skill: Duration | None = None
    names: Thresholds = msgspec.field(default_factory=dict)


class Summaries(Section, frozen=True, kw_only=True):
    """``[summaries]``: how often queries and users are summed up; a taskboard's users are joined in."""

    every: Duration = Duration(900)
    taskboard: Path | None = None

    def faults(self) -> Iterator[tuple[str, str]]:
        """Each refresh reads the last seven days."""
        if not 60 <= self.every <= 86400:
            yield "every", "must lie between 1m and 1d"


class Retention(Section, frozen=True, kw_only=True):
    """``[retention]``: how long rows are kept, and how large all files together may become.

    ``samples`` are the machine's and the recorder's own; ``kinds`` says otherwise of single kinds of
    record. What is summed up over a day, alerts, changes, gaps and sessions stay for ever.
    """

    cap: Size = Size(500_000_000)
    samples: Duration = Duration(14 * 86_400)
    five_minutes: Duration = Duration(90 * 86_400)
    hours: Duration = Duration(2 * 365 * 86_400)
    runs: Duration = Duration(2 * 365 * 86_400)
    reported: Duration = Duration(2 * 365 * 86_400)
    kinds: Thresholds = msgspec.field(default_factory=dict)

    def faults(self) -> Iterator[tuple[str, str]]:
        """Rows go only when what is kept of them stays; a file needs room for a few hours."""
        if self.cap < 20_000_000:
            yield "cap", "must be at least 20MB"
        for key in ("samples", "runs", "reported", "five_minutes", "hours"):
            if getattr(self, key) < 3600:
                yield key, "must be at least 1h"
        for name, age in self.kinds.items():
            if age < 3600:
                yield f"kinds.{name}", "must be at least 1h"
        longest = max(self.samples, self.runs, self.reported, *self.kinds.values(), 0)
        if longest > self.hours:
            yield "hours", "must be at least as long as the rows themselves are kept"


class Changed(Section, frozen=True, kw_only=True):
    """``[changes]``: how often it is looked for them, and how small one may be to be told."""

    every: Duration = Duration(60)
    floor_percent: Share = 3.0

    def faults(self) -> Iterator[tuple[str, str]]:
        """A look costs some milliseconds."""
        if not 1 <= self.every <= 86_400:
            yield "every", "must lie between 1s and 1d"


_PLACE = re.compile(r"\{(\w+)\}")


class Alerting(Section, frozen=True, kw_only=True):
    """``[alerts]``: a program that is told of each change of state, as JSON on its standard input."""

    on_alert: tuple[Text, ...] = ()
    timeout: Duration = Duration(10)

    def faults(self) -> Iterator[tuple[str, str]]:
        """A program, and words with known places in them; it must not hang for long: others wait."""
        if self.on_alert and "{" in self.on_alert[0]:
            yield "on_alert", "the first word is the program; what happened goes into those behind it"
        elif self.on_alert and self.on_alert[0].startswith("~"):
            yield "on_alert", f"'~' is a shell's; write {str(home_expanded(Path(self.on_alert[0])))!r}"
        elif self.on_alert and "/" in self.on_alert[0] and not self.on_alert[0].startswith("/"):
            yield "on_alert", "the program is a name, looked for in PATH, or an absolute path"
        places = {place for word in self.on_alert for place in _PLACE.findall(word)}
        if unknown := sorted(places - {"sentence", "subject", "state"}):
            yield "on_alert", f"knows {{sentence}}, {{subject}} and {{state}}, not {{{unknown[0]}}}"
        if not 0.1 <= self.timeout <= 300:
            yield "timeout", "must lie between 100ms and 5m"


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

    # Whether it runs in the config's folder where it does not say where; else beside the database.
    in_config_folder: ClassVar[bool] = True

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


class TailSettings(Section, frozen=True, kw_only=True):
    """``[[tails]]``: a log that is followed; ``path`` may hold ``*`` for logs with a date in their names.

    ``prefix``, ``timezone`` and ``pattern`` are for the formats that know them. What takes longer than
    ``slow`` is warned of; without it the threshold of all queries counts.
    """

    path: Path
    format: Text
    name: Name | None = None
    prefix: Text | None = None
    timezone: Text | None = None
    pattern: Text | None = None
    type: Literal["query", "api", "frontend", "cache"] = "query"
    start: Literal["end", "beginning"] = "end"
    slow: Duration | None = None

    @property
    def source(self) -> str:
        """What its operations are called: the name, or that of the file."""
        return self.name or self.path.name[:80]

    def faults(self) -> Iterator[tuple[str, str]]:
        """A zone that is known; a file, not a folder."""
        if self.timezone is not None and not is_zone(self.timezone):
            yield "timezone", "is no name of a time zone here, such as Europe/Berlin"
        if config_file.is_folder(self.path):
            yield "path", f"is a folder; `{self.path}/*.log` means the logs in it"
        elif config_file.is_special(self.path):
            yield "path", "is no regular file"
        if any("**" in part and part != "**" for part in self.path.parts):
            yield "path", "** can only stand alone between two /"


def is_zone(name: str) -> bool:
    """Whether the time zone database knows ``name``."""
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
