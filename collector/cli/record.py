"""``collector record``: stores what an application measured, from the arguments or as JSON lines."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from collector.commands import config_option, json_option
from collector.errors import CollectorError, UsageError
from collector.importers.base import Item
from collector.importers.feed import Tally, feed
from collector.importers.lines import chunks, decoded, entries, items
from collector.importers.progress import Progress
from collector.intake.check import Refused
from collector.opened import reading_settings
from collector.records.base import Kind, pushed_kinds
from collector.registry import nearest
from collector.settings import Settings
from collector.submit import sink
from collector.terminal import print_json, printable

_WAYS = "give JSON, COLUMN=VALUE words, or JSON lines on stdin"
_STDIN = 0


@click.command()
@click.argument("words", nargs=-1, metavar="[KIND] [JSON | COLUMN=VALUE... | -]")
@config_option
@json_option
def command(words: tuple[str, ...], config: Path | None, as_json: bool) -> int:
    """Store records of an application.

    Give one as JSON or as COLUMN=VALUE words, several as a JSON array, or any number as JSON lines on
    stdin. KIND may be left out where each names its own `kind`.

    \b
      collector record skill skill_id=sum execution_ms=812 tokens_in=10 \\
          tokens_out=20 success=true
      collector record operation '{"metric_type": "query", …}'
      my-program | collector record inference -
    """
    kind, rest = _kind(words)
    given = _given(kind, rest)
    settings = reading_settings(config)
    tally = Tally("recorded")
    try:
        _store(settings, _from_stdin(kind) if given is None else [given], tally)
    except (CollectorError, KeyboardInterrupt):
        _tell_refusals(tally)
        click.echo(f"stopped: {tally.summary()}", err=True)
        raise
    if not tally.total:
        where = "stdin" if given is None else "the list"
        raise UsageError(f"nothing to record: {where} is empty", hint=_WAYS)
    if as_json:
        print_json(tally.document())
    else:
        _tell_refusals(tally)
        click.echo(tally.summary())
    return 1 if tally.refused else 0


def _store(settings: Settings, batches: Iterable[Sequence[Item]], tally: Tally) -> None:
    with sink(settings) as send, Progress("recording") as progress:
        feed(batches, send, tally, lambda: progress.show(tally.total))


def _tell_refusals(tally: Tally) -> None:
    for line in tally.told():
        click.echo(printable(line), err=True)


def _kind(words: tuple[str, ...]) -> tuple[Kind | None, tuple[str, ...]]:
    """The kind, if the first word names one, and the other words."""
    if not words or words[0] == "-" or _is_json(words[0]) or "=" in words[0]:
        return None, words
    return _named(words[0]), words[1:]


def _named(name: str) -> Kind:
    kinds = pushed_kinds()
    if name not in kinds:
        raise UsageError(f"unknown kind {name!r}{nearest(name, kinds)}", hint=f"kinds: {', '.join(kinds)}")
    return kinds[name]


def _given(kind: Kind | None, words: tuple[str, ...]) -> list[Item] | None:
    """The records that the arguments tell; None when stdin does."""
    name = _name(kind)
    if not words and os.isatty(_STDIN):
        raise UsageError("nothing to record", hint=_WAYS)
    if not words or words == ("-",):
        return None
    if not _is_json(words[0]):
        return [*entries(_columns(kind, words), "", name)]
    if len(words) > 1:
        raise UsageError("one JSON document at a time", hint="put records into an array: [{…}, {…}]")
    return [*entries(_document(words[0]), "", name)]


def _name(kind: Kind | None) -> str | None:
    return None if kind is None else kind.name


def _is_json(word: str) -> bool:
    return word.lstrip()[:1] in {"{", "["}


def _from_stdin(kind: Kind | None) -> Iterator[list[Item]]:
    name = _name(kind)
    with open(_STDIN, "rb", closefd=False) as stream:
        for lines in chunks(stream):
            yield [item for line in lines for item in items(line, name)]


def _document(text: str) -> Any:
    try:
        return decoded(os.fsencode(text))
    except Refused as error:
        raise UsageError(str(error), hint='quote it for the shell: \'{"skill_id": "x", …}\'') from None


def _columns(kind: Kind | None, words: tuple[str, ...]) -> dict[str, Any]:
    """A record from COLUMN=VALUE words; a column of one of its parts is PART.COLUMN."""
    pairs = [word.partition("=") for word in words]
    if wrong := [name for name, is_equal, _ in pairs if not (name and is_equal)]:
        raise UsageError(f"{wrong[0]!r} is neither JSON nor COLUMN=VALUE", hint=_WAYS)
    names = [name for name, _, _ in pairs]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise UsageError(f"{twice!r} is given twice", hint="give each column once")
    if kind is None:
        kind = _named(next((value for name, _, value in pairs if name == "kind"), ""))
    record: dict[str, Any] = {}
    for name, _, value in pairs:
        part, dot, column = name.rpartition(".")
        inside = record.setdefault(part, {}) if dot else record
        if not isinstance(inside, dict):
            raise UsageError(f"{part!r} is given twice")
        inside[column] = value if _is_text(kind, part, column) else _read(value)
    return record


def _is_text(kind: Kind, part: str, name: str) -> bool:
    """Whether a column holds texts: there 007 and true are what was typed."""
    columns = next((p.given for p in kind.parts if p.field == part), []) if part else kind.given
    types = {column.column_name: column.python_type for column in columns}
    return types.get(name, str) is str


def _read(value: str) -> Any:
    """Numbers, true, false, null and JSON; anything else as it was typed, for the check to say what it is."""
    try:
        return json.loads(value, parse_constant=str)
    except (ValueError, RecursionError):
        return value
