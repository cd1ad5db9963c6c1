"""``collector db restore``: a backup takes the place of the database, which is set aside."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from collector import clock
from collector.commands import config_option, json_option
from collector.errors import AlreadyRunning, DatabaseError, UsageError
from collector.opened import reading_settings
from collector.service.unit import NAME as SERVICE
from collector.settings import Settings
from collector.store import schema
from collector.store.backup.copying import Copied, Source, copy
from collector.store.backup.part import part_of
from collector.store.backup.replaced import is_anything, replace
from collector.store.backup.sources import is_written, source_of
from collector.store.database import open_reader, told
from collector.store.lock import Holder, InstanceLock, holder
from collector.tables import print_facts
from collector.terminal import print_json, printable, with_progress
from collector.units import counted, size

if TYPE_CHECKING:
    from collector.orm import peewee

_ADVICE = "the database is as it was; restore another backup"
_NAME = "collector db restore"


class _Restored(NamedTuple):
    copied: Copied
    aside: Path | None
    is_older: bool


@click.command()
@click.argument("file")
@click.option("--yes", is_flag=True, help="Do not ask before the database is replaced.")
@config_option
@json_option
def command(file: str, yes: bool, config: Path | None, as_json: bool) -> int:
    """Put the backup FILE in place of the database, which is set aside under another name.

    No recorder may run. FILE stays as it is.
    """
    settings = reading_settings(config)
    source = source_of(file, settings.database)
    with _backup_at(source) as backup:
        _refuse_running(settings.database)
        if not yes and not _is_wanted(settings.database):
            click.echo("nothing was changed", err=as_json)
            return 1
        began = time.monotonic()
        restored = _restored(backup, source, settings)
        seconds = time.monotonic() - began
    if as_json:
        print_json(_document(restored, source, seconds))
    else:
        _print_restored(restored, source, settings.database)
    return 0


def _restored(backup: peewee.SqliteDatabase, file: Path, settings: Settings) -> _Restored:
    """Copy, verify, and only then touch what is there."""
    path = settings.database
    with _locked(path), part_of(path) as part:
        copied = copy(Source(backup, file, _ADVICE), part, path, with_progress, "wal")
        aside = replace(path, part, clock.now().wall_ms)
    return _Restored(copied, aside, bool(schema.pending(backup)))


@contextmanager
def _backup_at(file: Path) -> Iterator[peewee.SqliteDatabase]:
    """A connection to the backup; raises DatabaseError when the recorder would not take such a file.

    One that nobody writes stays alone in its folder, and may be on read-only media whatever its journal mode.
    """
    with ExitStack() as opened:
        with _advised(), told(file):
            backup = open_reader(file, immutable=not is_written(file))
            opened.callback(backup.close)
            if schema.is_empty(backup):
                raise DatabaseError(f"{file} is a database without a table")
            schema.refuse_foreign(backup, file)
            schema.refuse_newer(backup, file)
            _refuse_different(backup, file)
        yield backup


@contextmanager
def _advised() -> Iterator[None]:
    """Of a backup other things are to be said than of a database that is recorded into."""
    try:
        yield
    except DatabaseError as error:
        raise DatabaseError(error.message, hint=_ADVICE) from error


def _refuse_different(backup: peewee.SqliteDatabase, file: Path) -> None:
    """Raise DatabaseError for tables that the recorder would refuse; those of an older one it upgrades."""
    if not schema.pending(backup) and (different := schema.differences(backup)):
        raise DatabaseError(
            f"{file}: its tables are not what this version made:\n  " + "\n  ".join(different)
        )


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Nobody else writes the database until the end of the block."""
    lock = InstanceLock(path)
    try:
        lock.acquire(_NAME)
    except AlreadyRunning as error:
        raise _running(path, holder(path)) from error
    try:
        yield
    finally:
        lock.release()


def _refuse_running(path: Path) -> None:
    """Raise AlreadyRunning before anybody is asked anything."""
    if (held := holder(path)) is not None:
        raise _running(path, held)


def _running(path: Path, held: Holder | None) -> AlreadyRunning:
    if held is None or not held.socket:
        who = f"{held.what}, process {held.pid}" if held and held.pid else "another process"
        return AlreadyRunning(f"{path} is in use by {who}", hint="wait for it to finish, and try again")
    return AlreadyRunning(
        f"{path} is in use by {held.what}, process {held.pid}",
        hint=f"stop it first: `systemctl --user stop {SERVICE}` if it is a service, else `kill {held.pid}`",
    )


def _is_wanted(path: Path) -> bool:
    """Whether somebody says yes; raises UsageError where nobody can be asked."""
    if not is_anything(path):
        return True
    if not sys.stdin.isatty():
        raise UsageError(
            f"{path} is there already, and nobody can be asked whether to replace it",
            hint="say so with --yes; it is set aside, not deleted",
        )
    question = f"Replace {printable(str(path))}? It is set aside under another name."
    return click.confirm(question, default=False, err=True)


def _document(restored: _Restored, file: Path, seconds: float) -> dict[str, Any]:
    copied, aside, _ = restored
    return {
        "file": str(file),
        "bytes": copied.bytes,
        "rows": copied.rows,
        "set_aside": str(aside) if aside else None,
        "seconds": round(seconds, 3),
    }


def _print_restored(restored: _Restored, file: Path, path: Path) -> None:
    copied, aside, is_older = restored
    upgraded = ", which brings its tables up to date" if is_older else ""
    print_facts([
        ("restored", [str(path), size(copied.bytes), counted(copied.rows, "row")], " · "),
        ("from", [str(file)], ""),
        *([("set aside", [str(aside)], "")] if aside else []),
        ("next", [f"start the recorder{upgraded}"], ""),
    ])  # fmt: skip
