"""``collector why``: a run or a moment against its own normal."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from collector import clock
from collector.answers import runs, why, windows
from collector.answers.usual import history
from collector.cli.why._told import tell
from collector.commands import config_option, json_option
from collector.errors import CollectorError, UsageError
from collector.opened import opened
from collector.registry import nearest
from collector.terminal import print_json

if TYPE_CHECKING:
    from collector.orm import peewee

Row = dict[str, Any]

_NUMBER = re.compile(r"-?\d{1,18}")
# As many digits as a run's number has, and no date written without dashes.
_ALONE = re.compile(r"\d{1,7}")


@click.command(
    context_settings={"ignore_unknown_options": True},  # a -2 is a run, no option
    options_metavar="[OPTIONS]",
)
@click.argument("words", nargs=-1, required=True, metavar="NAME [RUN] | TIME")
@click.option("--all", "show_all", is_flag=True, help="Show every figure, not only what stands out.")
@config_option
@json_option
def command(words: tuple[str, ...], show_all: bool, config: Path | None, as_json: bool) -> None:
    """Why did it take so long? A run or a moment against its own normal.

    NAME is a workload, whose newest run is looked at, or RUN: its number, or -2 for the newest but one.
    An operation, a model or a skill is looked at by its newest execution. TIME is 14:05, 'yesterday
    9:00', '10m ago' or '2026-03-01 14:05'.
    """
    _refuse_options(words)
    now_ms = clock.now().wall_ms
    with opened(config) as (_, database):
        answer = _answer(database, words, now_ms)
    if as_json:
        print_json(answer)
    else:
        tell(answer, now_ms, show_all=show_all)


def _refuse_options(words: tuple[str, ...]) -> None:
    for word in words:
        if word.startswith("-") and not _NUMBER.fullmatch(word):
            raise click.NoSuchOption(word, ctx=click.get_current_context())


def _answer(database: peewee.SqliteDatabase, words: tuple[str, ...], now_ms: int) -> Row:
    """What the words mean: a workload before a moment, a moment before what applications report."""
    text, known = " ".join(words), runs.names(database)
    if text in known:
        return why.of_run(database, _run(database, text, "-1"), now_ms)
    if (name := " ".join(words[:-1])) in known and _NUMBER.fullmatch(words[-1]):
        return why.of_run(database, _run(database, name, words[-1]), now_ms)
    if _ALONE.fullmatch(text):
        return why.of_run(database, _numbered(database, int(text)), now_ms)
    at_ms = _moment(text, now_ms)
    if at_ms is not None:
        return why.of_moment(database, at_ms, now_ms)
    if found := history.executed(database, text):
        return why.of_execution(database, *found, now_ms)
    raise _unknown(database, text, known)


def _run(database: peewee.SqliteDatabase, name: str, which: str) -> Row:
    """The run of ``name`` with a number, or so many back: -1 is the newest."""
    if not which.startswith("-"):
        run = _numbered(database, int(which))
        if run["workload"] != name:
            raise UsageError(f"run {which} is one of {run['workload']}, not of {name}", hint=_numbers(name))
        return run
    back = max(1, -int(which))
    if found := history.finished(database, name, back):
        return found
    if back > 1:
        raise UsageError(f"{name} has no {back} runs that came to an end", hint=_numbers(name))
    raise CollectorError(
        f"no run of {name} came to an end yet", hint="`collector workloads` tells when it is due"
    )


def _numbered(database: peewee.SqliteDatabase, number: int) -> Row:
    if run := history.numbered(database, number):
        return run
    raise UsageError(f"there is no run {number}", hint="`collector runs` tells their numbers")


def _numbers(name: str) -> str:
    return f"`collector runs {name}` tells their numbers"


def _moment(text: str, now_ms: int) -> int | None:
    """The moment that is meant; None where the text is none. Raises UsageError for one that cannot be."""
    try:
        return windows.moment(text, now_ms)
    except ValueError as error:
        if str(error).startswith("not "):
            return None
        raise UsageError(f"{text!r} {error}", hint=f"TIME is {windows.A_MOMENT}") from None


def _unknown(database: peewee.SqliteDatabase, text: str, known: list[str]) -> UsageError:
    names = [*known, *history.reported_names(database)]
    there = f"workloads are {', '.join(known)}; " if known else ""
    return UsageError(
        f"nothing is named {text!r}{nearest(text, names)}, and it is no moment",
        hint=f"{there}a moment is written as 14:05, 'yesterday 9:00' or '10m ago'",
    )
