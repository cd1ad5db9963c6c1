"""``collector compare``: two windows, commits, files or workloads against each other."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from collector import clock
from collector.answers import compare, runs, sides, taken
from collector.answers.compare import Compared, Read
from collector.answers.sides import Side
from collector.cli.compare._files import record_at
from collector.cli.compare._told import holes_told, only_told, tell
from collector.commands import config_option, json_option
from collector.errors import DatabaseError, UsageError
from collector.holes import say
from collector.opened import reader, reading_settings
from collector.registry import nearest
from collector.settings import Settings
from collector.terminal import print_json

if TYPE_CHECKING:
    from collector.orm import peewee


@click.command()
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option(
    "--workload", "workloads", multiple=True, metavar="NAME", help="Only this one; may be repeated."
)
@click.option(
    "--subject", "subjects", multiple=True, metavar="NAME",
    help="Only this workload, operation, model or skill; may be repeated.",
)  # fmt: skip
@click.option(
    "--floor", type=click.FloatRange(0.1, 1000), metavar="PERCENT",
    help="How far apart counts as slower or faster (default: floor_percent of the config, 3).",
)  # fmt: skip
@click.option("--strict", is_flag=True, help="Exit with 1 when it is not clear, too.")
@config_option
@json_option
def command(
    before: str,
    after: str,
    workloads: tuple[str, ...],
    subjects: tuple[str, ...],
    floor: float | None,
    strict: bool,
    config: Path | None,
    as_json: bool,
) -> int:
    """Which is slower, A or B? Exit status 1 when something in B is slower than in A.

    A and B are commits (commit:3f9c2ab), windows of time (window:7d..1d, window:yesterday), records of
    other machines (file:PATH) or workloads (name:unit-tests), several joined by commas. The first prefix
    may be left out where it is clear without.
    """
    now_ms = clock.now().wall_ms
    try:
        settings = reading_settings(config)
        with ExitStack() as stack:
            read = _read(settings, stack, (before, after), workloads, now_ms)
            percent = settings.changes.floor_percent if floor is None else floor
            found = compare.compared(*read, percent / 100, subjects)
            _refuse_absent(subjects, found)
            _refuse_nothing(found)
    except DatabaseError as error:  # its status 1 would say that something is slower
        raise UsageError(error.message, hint=error.hint) from error
    if as_json:
        print_json(found.rows)
    else:
        tell(found, *read, now_ms)
    for line in holes_told(read, now_ms):
        say(line, to_program=as_json)
    return _status(found, strict=strict)


def _refuse_absent(subjects: tuple[str, ...], found: Compared) -> None:
    for name in subjects:
        if not any(compare.is_named(row["subject"], [name]) for row in found.rows):
            there = [*found.only_before, *found.only_after]
            raise UsageError(
                f"nothing that both sides have is named {name!r}{nearest(name, there)}",
                hint="without --subject all is shown that they have",
            )


def _refuse_nothing(found: Compared) -> None:
    """Raise UsageError where no subject is on both sides: a check that compares nothing must not pass."""
    if not found.rows:
        only = [f"only {word}: {told}" for word, told in only_told(found)]
        raise UsageError(
            "nothing to compare: no subject has runs on both sides",
            hint="; ".join(only) or "neither side has any: `collector runs` shows when something ran",
        )


def _status(found: Compared, *, strict: bool) -> int:
    verdicts = {row["verdict"] for row in found.rows}
    return int("slower" in verdicts or (strict and "too few" in verdicts))


def _read(
    settings: Settings, stack: ExitStack, said: tuple[str, str], workloads: tuple[str, ...], now_ms: int
) -> tuple[Read, Read]:
    """What both sides have, each of its own record."""
    opened = _Opened(settings, stack)
    before, after = (_side(text, opened, now_ms) for text in said)
    before, after = _agreed(before, after, workloads)
    reported = not workloads and not any(side.name or side.commit for side in (before, after))
    for side in (before, after):
        _refuse_unknown(opened.of(side), [side.name] if side.name else workloads)
    one, two = (
        compare.read(opened.of(side), side, workloads, reported=reported, now_ms=now_ms)
        for side in (before, after)
    )
    for each in (one, two):
        _refuse_no_commit(each)
    return one, two


class _Opened:
    """Records that are open until the end of the command, each once."""

    def __init__(self, settings: Settings, stack: ExitStack) -> None:
        self._settings = settings
        self._stack = stack
        self._open: dict[Path | None, peewee.SqliteDatabase] = {}

    def of(self, side: Side) -> peewee.SqliteDatabase:
        """The record that a side is about: its file, or our own."""
        return self.at(side.file)

    def at(self, path: Path | None) -> peewee.SqliteDatabase:
        """The record in a file, or our own; raises DatabaseError for one that cannot be read."""
        if path not in self._open:
            self._open[path] = self._stack.enter_context(self._reader(path))
        return self._open[path]

    def _reader(self, path: Path | None) -> AbstractContextManager[peewee.SqliteDatabase]:
        return reader(self._settings) if path is None else record_at(path.resolve())


def _side(text: str, opened: _Opened, now_ms: int) -> Side:
    if side := sides.explicit(text, now_ms):
        return side
    if sides.looks_like_file(text):  # needs no record of our own
        return sides.inferred(text, (), lambda _: False, now_ms)
    own = opened.at(None)
    return sides.inferred(text, runs.names(own), lambda prefix: taken.is_commit(own, prefix), now_ms)


def _agreed(before: Side, after: Side, workloads: tuple[str, ...]) -> tuple[Side, Side]:
    """Both sides with the name that only one of them says; raises UsageError where that makes no sense."""
    if workloads and (before.name or after.name):
        raise UsageError("--workload and name: say the same twice", hint="leave one of them out")
    before, after = sides.named_alike(before, after)
    sides.refuse_alike(before, after)
    return before, after


def _refuse_unknown(database: peewee.SqliteDatabase, wanted: Iterable[str]) -> None:
    known = runs.names(database)
    for name in wanted:
        if name not in known:
            hint = f"there are {', '.join(known)}" if known else "none is registered and none ever ran"
            raise UsageError(f"no workload is named {name!r}{nearest(name, known)}", hint=hint)


def _refuse_no_commit(read: Read) -> None:
    if read.side.commit is not None and not read.subjects:
        raise UsageError(f"no run is of {read.side.said}", hint="`collector runs` shows the commits of runs")
