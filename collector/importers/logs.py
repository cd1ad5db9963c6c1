"""Logs of databases and applications, each format by its name in ``[[tails]]``: a whole old file at once.

Not as the other formats, record by record: a log has millions of them. They get the ids that following the
same file would give them, so that what was followed already is not stored again.
"""

from __future__ import annotations

import bz2
import gc
import gzip
import lzma
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import msgspec

from collector.errors import UsageError
from collector.importers.base import IMPORTERS, Importer, Item, NotThis, Options, Source
from collector.importers.feed import Tally
from collector.intake.statements import Statements
from collector.intake.tails import formats  # noqa: F401  # announces every format
from collector.intake.tails.arriving import Arriving
from collector.intake.tails.base import FORMATS, Execution, LogFormat, Parser
from collector.intake.tails.base import Options as LogOptions
from collector.intake.tails.examples import not_understood, shown
from collector.intake.tails.logfile import CHUNK_BYTES, LONGEST_LINE, Chunk, head_of
from collector.sections import is_zone

MOST_RECORDS = 5_000
LONGEST_NAME = 80
SELDOM = 100_000
_PACKED: dict[bytes, Callable[..., Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}

Answer = dict[str, Any]
Store = Callable[["Portion"], Answer]


def _announce() -> None:
    """Make every log format one of `collector import`, too."""
    for form in FORMATS.values():
        IMPORTERS.add(
            form.name, Importer(form.name, form.about, _no_records, ("name", "type", *form.takes), True, True)
        )


def _no_records(source: Source, options: Options) -> Iterator[Item]:
    raise AssertionError(f"{source.name}: a log is read by import_log")


def log_options(form: LogFormat, options: Options) -> LogOptions:
    """What a format is told; raises UsageError with all that is wrong with it."""
    told = LogOptions(**{key: getattr(options, key) for key in form.takes})
    faults = [f"--{key} is needed" for key in form.needs if getattr(told, key) is None]
    if told.timezone is not None and not is_zone(told.timezone):
        faults.append(f"--timezone {told.timezone!r} is no name of a time zone here, such as Europe/Berlin")
    faults = faults or [f"--{key}: {fault}" for key, fault in form.faults(told)]
    if faults:
        raise UsageError(f"{form.name}: " + "; ".join(faults))
    return told


def import_log(
    name: str,
    source: Source,
    options: Options,
    store: Store,
    tally: Tally,
    moved: Callable[[], None] = lambda: None,
    *,
    ahead: bool = False,
) -> None:
    """Store all that a log tells of; raises `NotThis` when there is nothing of this format in it.

    ``ahead``: read on while a portion is being stored, which pays where another process stores it.
    """
    form = FORMATS[name]
    parser = form.parser(log_options(form, options))
    named = (options.name or Path(source.name).name)[:LONGEST_NAME]
    log = _Log(Arriving(named, options.type or "query", form.dialect, Statements()), source)
    portions = log.portions(parser)
    with _seldom_collected():
        for answer in _ahead(portions, store) if ahead else map(store, portions):
            tally.committed += answer["committed"]
            tally.duplicate += answer["duplicate"]
            for one in answer["rejected"]:
                tally.refuse("", one["reason"])
            moved()
    _tell(tally, parser, log, source, form)


@contextmanager
def _seldom_collected() -> Iterator[None]:
    """Millions of objects come and go, and there are no cycles among them to look for."""
    before = gc.get_threshold()
    gc.set_threshold(SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _ahead(portions: Iterator[Portion], store: Store) -> Iterator[Answer]:
    with ThreadPoolExecutor(1, "store") as pool:
        under_way: Future[Answer] | None = None
        for portion in portions:
            if under_way is not None:
                yield under_way.result()
            under_way = pool.submit(store, portion)
        if under_way is not None:
            yield under_way.result()


class Portion:
    """Some executions of a log, made into what the way to the database takes."""

    def __init__(self, arriving: Arriving, executions: list[Execution], head: str) -> None:
        self._arriving = arriving
        self._executions = executions
        self._head = head

    def records(self) -> list[msgspec.Struct]:
        """For the writer."""
        return self._arriving.records(self._executions, self._head)

    def told(self) -> list[dict[str, Any]]:
        """For a daemon."""
        return self._arriving.told(self._executions, self._head)

    def again(self) -> None:
        """All texts of statements are told once more."""
        self._arriving.forget()


class _Log:
    """A log that is read once, from its beginning, packed or not."""

    def __init__(self, arriving: Arriving, source: Source) -> None:
        self.arriving = arriving
        self._stream = _unpacked(source.stream)
        self._head = ""

    def portions(self, parser: Parser) -> Iterator[Portion]:
        """All of it, so many executions at a time."""
        waiting: list[Execution] = []
        for found in self._executions(parser):
            waiting += found
            while len(waiting) >= MOST_RECORDS:
                yield Portion(self.arriving, waiting[:MOST_RECORDS], self._head)
                waiting = waiting[MOST_RECORDS:]
        yield Portion(self.arriving, waiting, self._head)

    def _executions(self, parser: Parser) -> Iterator[list[Execution]]:
        for chunk in _chunks(self._stream):
            if chunk.skipped:  # what comes behind it is not its continuation
                parser.unread.add(b"(a line of more than 8 MiB)")
                yield parser.quiet()
            else:
                self._head = self._head or head_of(chunk.data)
                yield parser.feed(chunk.data, chunk.offset)
        yield parser.quiet()


def _chunks(stream: BinaryIO) -> Iterator[Chunk]:
    """Whole lines of a log that is read once; the inside of a line too long is never taken for one."""
    offset, rest, is_skipping = 0, b"", False
    while data := stream.read(CHUNK_BYTES):
        if is_skipping:
            end = data.find(b"\n") + 1
            offset += end or len(data)
            data, is_skipping = data[end:] if end else b"", not end
        data = rest + data
        end = data.rfind(b"\n") + 1
        rest = data[end:]
        if end:
            yield Chunk(data[:end], offset)
            offset += end
        if len(rest) > LONGEST_LINE:
            yield Chunk(b"", offset, len(rest))
            offset, rest, is_skipping = offset + len(rest), b"", True
    if rest:
        yield Chunk(rest + b"\n", offset)


def _unpacked(stream: BinaryIO) -> BinaryIO:
    """What stands in it, whether or not logrotate has packed it."""
    beginning = cast("Any", stream).peek(6)[:6] if hasattr(stream, "peek") else b""
    for magic, opens in _PACKED.items():
        if beginning.startswith(magic):
            return cast("BinaryIO", opens(stream, "rb"))
    return stream


def _tell(tally: Tally, parser: Parser, log: _Log, source: Source, form: LogFormat) -> None:
    unread = parser.unread
    if unread.lines and not tally.total:
        why = f"such lines stand in it: {shown(unread.example)!r}"
        hint = "is --prefix the server's log_line_prefix?" if "prefix" in form.takes else ""
        raise NotThis(source, f"log of the format {form.name}", why, hint=hint)
    if unread.lines:
        tally.notes.append(not_understood(unread.lines, shown(unread.example)))
    if log.arriving.refused:
        tally.notes.append(f"{log.arriving.refused:,} times were impossible")


_announce()
