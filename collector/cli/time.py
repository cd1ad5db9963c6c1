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
from collector.errors import CollectorError
from collector.opened import reading_settings
from collector.readings.state import Meter
from collector.redact import command_line
from collector.settings import Settings
from collector.submit import submit
from collector.tell import tell
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
    timed = Timed(settings, name or Path(argv[0]).name, argv)
    for n in range(1, runs + 1):
        timed.once()
        if runs > 1 and not as_json:
            click.echo(f"run {n} of {runs}: {duration(timed.wall_ms[-1])}", err=True)
        if timed.interrupted:
            break
    if as_json:
        # On stderr, since stdout is the command's own.
        click.echo(json.dumps([msgspec.to_builtins(record) for record in timed.records]), err=True)
    else:
        click.echo(timed.summary(), err=True)
    return timed.exit_status


class Timed:
    """The runs of one command, made and stored one by one."""

    def __init__(self, settings: Settings, name: str, argv: tuple[str, ...]) -> None:
        self.records: list[Any] = []
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
    def wall_ms(self) -> list[float]:
        """The times of the runs that began."""
        return [record.wall_ms for record in self.records if record.wall_ms is not None] or [0.0]

    @property
    def interrupted(self) -> bool:
        """Whether the person at the terminal ended the latest run."""
        return bool(self.records[-1].signal == signal.SIGINT)

    @property
    def exit_status(self) -> int:
        """As a shell would tell it of the latest run: its own, 128 and the signal, or 127."""
        last = self.records[-1]
        if last.signal is not None:
            return int(128 + last.signal)
        return NOT_STARTED if last.exit_code is None else int(last.exit_code)

    def summary(self) -> str:
        """One line for one run, two for several."""
        last, times = self.records[-1], self.wall_ms
        if last.exit_code is None and last.signal is None:
            return f"{self._subject.name}: {last.detail}"
        if len(times) > 1:
            middle, spread = statistics.median(times), statistics.stdev(times)
            return (
                f"{self._subject.name}: median {duration(middle)}, ± {duration(spread)}, "
                f"from {duration(min(times))} to {duration(max(times))} in {len(times)} runs"
            )
        used = f"cpu {duration(last.user_ms + last.system_ms)}" if last.user_ms is not None else ""
        memory = size(last.max_rss_bytes) if last.max_rss_bytes else ""
        ended = f"signal {last.signal}" if last.signal is not None else f"exit {last.exit_code}"
        noisy = "the machine was busy with other work" if last.noisy else ""
        parts = (f"{self._subject.name}: {duration(times[0])}", used, memory, ended, noisy)
        return " · ".join(part for part in parts if part)
