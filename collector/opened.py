"""What every command that only reads begins with: where the record is, and a connection to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collector import config_file
from collector.answers.timed import LIMIT
from collector.config_file import is_folder
from collector.convert import table
from collector.errors import ConfigError, DatabaseError, Problem
from collector.settings import SECTIONS, Settings, absolute_paths
from collector.store import schema
from collector.store.database import told
from collector.store.failures import classify
from collector.store.reading import reading

if TYPE_CHECKING:
    from collector.orm import peewee

# What reading needs to know. A fault elsewhere in the config must not hide what is recorded, and
# looking at workloads and samplers would cost more time than most answers.
_NEEDED = ("collector", "slow")
_HELPFUL = ("sampling", "retention", "changes")
_ASK_SECONDS = 2.0
_START = "start the recorder with `collector run`, or `collector service install`"


def reading_settings(config: Path | None) -> Settings:
    """The settings of a command that only reads; workloads are left out.

    Raises ConfigError with the faults of the sections that say where the record is.
    """
    path = config_file.find(config)
    if path is None:
        return Settings(path=None)
    tables, lines = config_file.read(path)
    faults: dict[str, list[Problem]] = {name: [] for name in (*_NEEDED, *_HELPFUL) if name in tables}
    read: dict[str, Any] = {
        name: table(
            absolute_paths(tables[name], path.resolve().parent), SECTIONS[name], (name,), lines, found
        )
        for name, found in faults.items()
    }
    if needed := [fault for name in _NEEDED for fault in faults.get(name, [])]:
        raise ConfigError(str(path), needed)
    return Settings(path=path, **{name: section for name, section in read.items() if section is not None})


@contextmanager
def opened(config: Path | None) -> Iterator[tuple[Settings, peewee.SqliteDatabase]]:
    """The settings, and a connection that only reads; raises CollectorError when there is no record."""
    settings = reading_settings(config)
    with reader(settings) as database:
        yield settings, database


@contextmanager
def reader(settings: Settings) -> Iterator[peewee.SqliteDatabase]:
    """A connection to a record of this version; raises DatabaseError when it is none."""
    with any_reader(settings) as database:
        _refuse_other_versions(database, settings.database)
        yield database


@contextmanager
def any_reader(settings: Settings) -> Iterator[peewee.SqliteDatabase]:
    """A connection to a record of any version; raises DatabaseError for a file of another program."""
    LIMIT.ms = settings.slow.query * 1000
    try:
        with record_at(settings.database) as database:
            yield database
    except DatabaseError as error:
        if classify(error) == "corrupt":
            _tell_recorder(settings.socket)
        raise


def _tell_recorder(path: Path) -> None:
    """Have it look at its file, where one runs: it may not have read the damaged pages for hours."""
    from collector.client.line import Line, Unreachable  # noqa: PLC0415  # few commands ever need it

    with suppress(Unreachable, ValueError), Line(path, _ASK_SECONDS) as line:
        line.ask({"ask": "suspect"})


@contextmanager
def record_at(path: Path, *, immutable: bool = False) -> Iterator[peewee.SqliteDatabase]:
    """A connection to a record of any version in a file, ``immutable`` where nobody writes it now.

    Raises DatabaseError for an empty file, or one of another program.
    """
    if is_folder(path):
        raise DatabaseError(
            f"{path} is a directory", hint="name a file in it as `database` under [collector]"
        )
    with reading(path, immutable=immutable) as database, told(path):
        if schema.is_empty(database):
            raise DatabaseError(f"nothing is recorded yet: {path} is empty", hint=_START)
        yield database


def _refuse_other_versions(database: peewee.SqliteDatabase, path: Path) -> None:
    schema.refuse_newer(database, path)
    if missing := schema.pending(database):
        raise DatabaseError(
            f"{path} was written by an older collector (it lacks {', '.join(missing)})",
            hint="restart the recorder, which upgrades it, or run `collector db upgrade`",
        )
