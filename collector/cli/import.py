"""``collector import``: takes over what other programs measured."""

from __future__ import annotations

import os
from collections.abc import Iterator
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import click

from collector import clock
from collector.commands import config_option, json_option
from collector.errors import CollectorError, UsageError
from collector.importers.aged import noting
from collector.importers.base import IMPORTERS, Importer, Item, Options, Source
from collector.importers.feed import Tally, feed
from collector.importers.logs import import_log, log_options
from collector.importers.progress import Progress
from collector.importers.timing import LONGEST_NAME
from collector.intake.tails.base import FORMATS
from collector.opened import reading_settings
from collector.records.base import pushed_kinds
from collector.records.operation import TYPES
from collector.registry import nearest
from collector.settings import Settings
from collector.store.lock import holder
from collector.submit import sink, store
from collector.tell import tell
from collector.terminal import print_json, printable

_BATCH = 1_000


def _epilog() -> str:
    """The formats, for the help."""
    width = max(map(len, IMPORTERS))
    return "\b\nFormats:\n" + "\n".join(f"  {one.name:{width}}  {one.about}" for one in IMPORTERS.values())


@click.command(epilog=_epilog())
@click.argument("format_name", metavar="FORMAT")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--name", metavar="N", help="What to call the workload, or the source of a log.")
@click.option("--kind", metavar="KIND", help="The kind of lines that do not name theirs (jsonl).")
@click.option("--prefix", metavar="P", help="The server's log_line_prefix (postgresql).")
@click.option("--timezone", metavar="TZ", help="The zone of a log that does not tell it, as Europe/Berlin.")
@click.option("--pattern", metavar="RE", help="A regular expression with named groups (pattern).")
@click.option("--type", type=click.Choice(TYPES), help="What the lines of a log time (default: query).")
@config_option
@json_option
def command(
    format_name: str,
    files: tuple[str, ...],
    config: Path | None,
    as_json: bool,
    **given: str | None,
) -> int:
    """Take over what other programs measured; what is there already is not stored twice.

    FILE may be - for stdin.
    """
    form = _form(format_name)
    options = _options(form, given)
    settings = reading_settings(config)
    done = [_imported(settings, form, options, file, as_json, len(files) > 1) for file in files]
    if as_json:
        print_json(done)
    return 1 if any(one["refused"] or one["error"] for one in done) else 0


def _form(name: str) -> Importer:
    if name not in IMPORTERS:
        raise UsageError(
            f"unknown format {name!r}{nearest(name, IMPORTERS)}", hint=f"formats: {', '.join(IMPORTERS)}"
        )
    return IMPORTERS[name]


def _options(form: Importer, given: dict[str, str | None]) -> Options:
    for option, value in given.items():
        if value is not None and option not in form.takes:
            takes = ", ".join(f"--{name}" for name in given if name in form.takes)
            hint = f"it takes {takes}" if takes else "it takes none of these options"
            raise UsageError(f"--{option} means nothing for {form.name}", hint=hint)
    options = Options(**given)
    if options.name is not None and not (
        options.name.isprintable() and 0 < len(options.name) <= LONGEST_NAME
    ):
        raise UsageError(f"--name {options.name!r}: 1 to {LONGEST_NAME} printable characters")
    kinds = pushed_kinds()
    if options.kind is not None and options.kind not in kinds:
        hint = f"kinds: {', '.join(kinds)}"
        raise UsageError(f"unknown kind {options.kind!r}{nearest(options.kind, kinds)}", hint=hint)
    if form.is_log:
        log_options(FORMATS[form.name], options)
    return options


def _imported(
    settings: Settings, form: Importer, options: Options, file: str, as_json: bool, is_one_of_several: bool
) -> dict[str, Any]:
    """Import one file and tell what became of it; a file that fails does not stop the next."""
    tally, error = Tally("imported"), ""
    try:
        source = _source(file, form)
        with source.stream:
            (_import_log if form.is_log else _feed)(settings, form, options, source, tally)
    except UsageError:
        raise
    except CollectorError as failure:
        tell(failure)
        error = failure.message
    except KeyboardInterrupt:
        click.echo(f"stopped: {tally.summary()}", err=True)
        raise
    if not as_json:
        _tell(tally, file, error, is_one_of_several)
    return {"file": file, **tally.document(), "error": error or None}


def _import_log(settings: Settings, form: Importer, options: Options, source: Source, tally: Tally) -> None:
    with store(settings) as to, _progress(source, source.stream) as progress:
        ahead = holder(settings.database) is not None
        import_log(form.name, source, options, to, tally, lambda: progress.show(tally.total), ahead=ahead)


def _progress(source: Source, followed: BinaryIO | None) -> Progress:
    return Progress(f"importing {printable(Path(source.name).name)}", followed)


def _feed(settings: Settings, form: Importer, options: Options, source: Source, tally: Tally) -> None:
    with sink(settings) as send, _progress(source, source.stream if form.streams else None) as progress:
        found = noting(form.read(source, options), settings.retention, clock.now().wall_ms)
        feed(_batches(found), send, tally, lambda: progress.show(tally.total))


def _tell(tally: Tally, file: str, error: str, is_one_of_several: bool) -> None:
    for line in tally.told("stdin" if file == "-" else file):
        click.echo(printable(line), err=True)
    if tally.total or not error:
        label = f"{file}: " if is_one_of_several else ""
        click.echo(printable(f"{label}{tally.summary()}"))


def _batches(found: Iterator[Item]) -> Iterator[list[Item]]:
    while batch := list(islice(found, _BATCH)):
        yield batch


def _source(file: str, form: Importer) -> Source:
    """The file, open; a folder for a format that takes one. Raises CollectorError when it cannot be read."""
    if file == "-":
        return Source("stdin", open(0, "rb", closefd=False), clock.now().wall_ms)
    try:
        if "folder" in form.takes and Path(file).is_dir():
            return Source(file, BytesIO(), clock.now().wall_ms)
        stream = Path(file).open("rb")  # noqa: SIM115  # who imports from it closes it
    except OSError as error:
        raise CollectorError(f"{file}: {error.strerror or error}") from error
    return Source(file, stream, os.fstat(stream.fileno()).st_mtime_ns // 1_000_000)
