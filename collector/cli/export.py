"""``collector export``: all rows of a kind of record, for other programs."""

from __future__ import annotations

import math
import stat
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from collector.answers import rows
from collector.by_kind import ByKind
from collector.commands import config_option
from collector.errors import CollectorError, UsageError
from collector.opened import opened
from collector.options import since_option, until_option
from collector.records.base import Kind
from collector.row_lines import csv_lines, json_lines
from collector.terminal import printable, with_progress

if TYPE_CHECKING:
    from collector.orm import peewee

Row = dict[str, Any]


@click.command(cls=ByKind)
@since_option
@until_option
@click.option(
    "--format", "as_format", type=click.Choice(("jsonl", "csv")), default="jsonl", show_default=True,
    help="JSON lines, as `collector import jsonl` and the socket take them, or CSV with a header.",
)  # fmt: skip
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Where to (default: stdout).")
@click.option("--force", is_flag=True, help="Replace FILE when it is there.")
@config_option
def command(
    kind: Kind,
    where: dict[str, Any],
    since: int,
    until: int | None,
    as_format: str,
    output: Path | None,
    force: bool,
    config: Path | None,
) -> None:
    """Write all rows of KIND, oldest first, as JSON lines or CSV; filtered as `collector show` does."""
    with opened(config) as (_, database), _destination(output, force) as write:
        asked: dict[str, Any] = {"where": where, "since_ms": since, "until_ms": until}
        if as_format == "csv":
            write("".join(csv_lines(kind, [])))
        for page in _told(_Pages(database, kind, asked), output):
            lines = csv_lines(kind, page, header=False) if as_format == "csv" else json_lines(kind, page)
            write("".join(lines))


class _Pages:
    """The pages of an export; how many there are is counted only when somebody asks."""

    def __init__(self, database: peewee.SqliteDatabase, kind: Kind, asked: dict[str, Any]) -> None:
        self._asked = (database, kind), asked

    def __iter__(self) -> Iterator[list[Row]]:
        what, asked = self._asked
        return rows.pages(*what, **asked)

    def __len__(self) -> int:
        what, asked = self._asked
        return math.ceil(rows.count(*what, **asked) / rows.PAGE)


def _told(pages: _Pages, output: Path | None) -> Iterable[list[Row]]:
    """The pages; a bar on stderr tells how far it is, unless the rows go to a terminal and tell it."""
    if _is_stdout(output) and sys.stdout.isatty():
        return pages
    # A bar wants no more of them than how many there are, and each in turn.
    return with_progress(cast("Sequence[list[Row]]", pages), "exporting")


@contextmanager
def _destination(path: Path | None, force: bool) -> Iterator[Callable[[str], object]]:
    """What takes the lines, as UTF-8 whatever the locale: stdout, or a file that is there only when whole."""
    if path is None or _is_stdout(path):
        yield _to_stdout
        return
    target = path.resolve()  # what a link leads to is replaced, not the link
    _refuse(target, path, force)
    try:
        folder, prefix = target.parent, f".{target.name[:100]}."
        with (
            tempfile.NamedTemporaryFile(dir=folder, prefix=prefix, delete=False) as file,
            _removed_on_failure(Path(file.name)) as unfinished,
        ):
            yield lambda text: file.write(text.encode())
            file.flush()
            unfinished.replace(target)
    except OSError as error:
        raise CollectorError(
            f"{path}: {error.strerror or error}", hint="name another file with --output"
        ) from error


@contextmanager
def _removed_on_failure(path: Path) -> Iterator[Path]:
    try:
        yield path
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _refuse(target: Path, path: Path, force: bool) -> None:
    try:
        mode = target.stat().st_mode
    except OSError:
        return  # nothing is there, or writing will say why not
    if not stat.S_ISREG(mode):
        raise UsageError(f"{path} is no file", hint="leave out --output to write to stdout")
    if not force:
        raise UsageError(f"{path} is there already", hint="replace it with --force")


def _is_stdout(path: Path | None) -> bool:
    return path is None or str(path) == "-"


def _to_stdout(text: str) -> None:
    if sys.stdout.isatty():
        for line in text.splitlines():
            click.echo(printable(line))
    else:
        sys.stdout.buffer.write(text.encode())
