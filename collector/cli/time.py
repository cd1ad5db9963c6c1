"""``collector time``: times a command now, and keeps the run in the record."""

from __future__ import annotations

import json
import signal
import statistics
from pathlib import Path
from typing import Any

import click
import msgspec

from collector.commands import config_option
from collector.errors import CollectorError, UsageError
from collector.opened import reading_settings
from collector.readings.state import Meter
from collector.redact import command_line
from collector.settings import Name, Settings
from collector.submit import submit
from collector.tell import tell
from collector.terminal import printable
from collector.units import duration, size
from collector.workloads.child import result_of
from collector.workloads.execute import Runs, Subject
from collector.workloads.foreground import time_command
from collector.workloads.spawn import Children
from collector.workloads.stamp import boot_id

NOT_STARTED = 127


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--name", metavar="N", help="What to call it in the record (default: the program's name).")
@click.option("--runs", type=click.IntRange(1, 10_000), default=1, metavar="K", help="How often to run it.")
@click.argument("argv", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND...")
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print the runs as one JSON document on stderr.")
def command(argv: tuple[str, ...], name: str | None, runs: int, config: Path | None, as_json: bool) -> int:
    """Time COMMAND: its output and exit status pass through, its runs are kept like registered ones."""
    settings = reading_settings(config)
    timed = Timed(settings, _fit_name(Path(argv[0]).name if name is None else name), argv)
    try:
        _run(timed, runs, quiet=as_json)
    except KeyboardInterrupt:
        timed.stopped = True  # between two runs; what was timed is told all the same
    if as_json:
        # On stderr, since stdout is the command's own.
        click.echo(json.dumps([msgspec.to_builtins(record) for record in timed.records]), err=True)
    elif timed.records:
        click.echo(printable(timed.summary()), err=True)
    return timed.exit_status


def _fit_name(name: str) -> str:
    """``name``, if a config could give it, too: it is asked for, completed and compared like those."""
    try:
        return msgspec.convert(name, Name)
    except msgspec.ValidationError:
        raise UsageError(
            f"{name!r} is no name for a run",
            hint="give one with --name: letters, digits, dot, dash, colon and underscore, at most 80,"
            " a letter or digit first",
        ) from None


def _run(timed: Timed, runs: int, *, quiet: bool) -> None:
    """Run it so often, or until it is interrupted or cannot start at all."""
    for n in range(1, runs + 1):
        timed.once()
        if not timed.began:
            break
        if runs > 1 and not quiet:
            click.echo(f"run {n} of {runs}: {duration(timed.records[-1].wall_ms)}", err=True)
        if timed.interrupted:
            break


class Timed:
    """The runs of one command, made and stored one by one."""

    def __init__(self, settings: Settings, name: str, argv: tuple[str, ...]) -> None:
        self.records: list[Any] = []
        self.stopped = False
        self._settings = settings
        self._argv = argv
        self._subject = Subject(name, "time", command_line(argv), Path.cwd())
        self._children = Children()
        self._runs = Runs(
            lambda _, made: self.records.extend(made), self._children, Meter(), boot_id(), settings.slow.query
        )

    def once(self) -> None:
        """Run it once and store the run; a record that cannot take it is told, and costs nothing else."""
        record = self._runs.time(
            self._subject, lambda: result_of(time_command(self._argv, children=self._children))
        )
        try:
            submit(self._settings, [msgspec.to_builtins(record)])
        except CollectorError as error:
            tell(error)

    @property
    def began(self) -> bool:
        """Whether the latest run could be started."""
        last = self.records[-1]
        return last.exit_code is not None or last.signal is not None

    @property
    def interrupted(self) -> bool:
        """Whether the person at the terminal ended the latest run."""
        return _interrupted(self.records[-1])

    @property
    def exit_status(self) -> int:
        """As a shell would tell it of the latest run: its own, 128 and the signal, or 127."""
        if self.stopped or not self.records:
            return 128 + signal.SIGINT
        last = self.records[-1]
        if last.signal is not None:
            return int(128 + last.signal)
        return NOT_STARTED if last.exit_code is None else int(last.exit_code)

    def summary(self) -> str:
        """One line: of one run all about it, of several how their times spread and how many failed."""
        if not self.began:
            # The reason begins with the program as it was typed.
            said = str(self.records[-1].detail)
            return said if said.startswith(self._argv[0]) else f"{self._subject.name}: {said}"
        # A run that was cut short tells nothing of how long it takes.
        whole = [record for record in self.records if not _interrupted(record)] or self.records[-1:]
        return self._spread(whole) if len(whole) > 1 else self._single(whole[0])

    def _spread(self, records: list[Any]) -> str:
        times = [record.wall_ms or 0.0 for record in records]
        told = (
            f"{self._subject.name}: median {duration(statistics.median(times))}, "
            f"± {duration(statistics.stdev(times))}, "
            f"from {duration(min(times))} to {duration(max(times))} in {len(times)} runs"
        )
        failed = [_ended(record) for record in records if record.outcome != "ok"]
        if not failed:
            return told
        return f"{told} · {len(failed)} of {len(times)} failed: {', '.join(dict.fromkeys(failed))}"

    def _single(self, last: Any) -> str:
        used = f"cpu {duration(last.user_ms + last.system_ms)}" if last.user_ms is not None else ""
        memory = size(last.max_rss_bytes) if last.max_rss_bytes else ""
        noisy = "the machine was busy with other work" if last.noisy else ""
        parts = (f"{self._subject.name}: {duration(last.wall_ms)}", used, memory, _ended(last), noisy)
        return " · ".join(part for part in parts if part)


def _ended(record: Any) -> str:
    return f"signal {record.signal}" if record.signal is not None else f"exit {record.exit_code}"


def _interrupted(record: Any) -> bool:
    """Whether Ctrl-C ended it: by the signal, or by a shell that says so in its status."""
    return bool(record.signal == signal.SIGINT or record.exit_code == 128 + signal.SIGINT)
