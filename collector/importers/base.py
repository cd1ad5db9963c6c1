"""What an importer is: a function that reads a file of another program and gives records, one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, NamedTuple

from collector.errors import CollectorError
from collector.registry import Registry


@dataclass(frozen=True)
class Source:
    """A file to read. ``written_ms`` is when it was last changed, in milliseconds since the epoch."""

    name: str
    stream: BinaryIO
    written_ms: int


@dataclass(frozen=True)
class Options:
    """What the command was told besides; None when it was not."""

    name: str | None = None
    kind: str | None = None
    prefix: str | None = None
    timezone: str | None = None
    pattern: str | None = None
    type: str | None = None


class Entry(NamedTuple):
    """A record, and where in the file it stands."""

    where: str
    record: dict[str, Any]


class Fault(NamedTuple):
    """Something in the file that cannot become a record, where, and why."""

    where: str
    reason: str


class Note(NamedTuple):
    """Something about the file that a person should know; nothing was refused."""

    text: str


Item = Entry | Fault | Note
Read = Callable[[Source, Options], Iterator[Item]]


@dataclass(frozen=True)
class Importer:
    """A format by its name. ``takes`` are the options it understands; ``streams``: it reads bit by bit.

    ``log``: it is a format of logs, which has no reader of records; see `collector.importers.logs`.
    """

    name: str
    about: str
    read: Read
    takes: tuple[str, ...]
    streams: bool
    is_log: bool = False


IMPORTERS: Registry[Importer] = Registry("import format")


def importer(
    name: str, about: str, *, takes: tuple[str, ...] = (), streams: bool = False
) -> Callable[[Read], Read]:
    """Announce a reader as the format ``name``; ``about`` says in a few words what it reads.

    The reader raises `NotThis` when the file is another program's. Each record gets an ``id`` that
    follows from what stands in the file, so that importing it twice adds nothing.
    """

    def announce(read: Read) -> Read:
        IMPORTERS.add(name, Importer(name, about, read, takes, streams))
        return read

    return announce


class NotThis(CollectorError):
    """A file that is not of the format it was given for."""

    def __init__(self, source: Source, expected: str, why: str, *, hint: str = "") -> None:
        super().__init__(f"{source.name}: this is no {expected}: {why}", hint=hint)
