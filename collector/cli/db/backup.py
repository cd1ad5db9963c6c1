"""``collector db backup``: the database as one verified file, whether or not a recorder writes to it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import click

from collector.commands import config_option, json_option
from collector.config_file import is_folder, is_special
from collector.errors import UsageError
from collector.opened import any_reader, reading_settings
from collector.settings import Settings
from collector.store.backup.copying import Copied, Source, copy
from collector.store.backup.part import COMPANIONS, beside, part_of
from collector.store.database import inode
from collector.store.lock import lock_path
from collector.tables import print_facts
from collector.terminal import print_json, with_progress
from collector.units import counted, duration, size

_ADVICE = (
    "look with `collector db verify`; a copy of it as it is: stop the recorder, copy the file and its -wal;"
    " `collector db restore` puts an older backup in its place"
)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace FILE; it stays as it is until the new one is whole.")
@config_option
@json_option
def command(file: Path, force: bool, config: Path | None, as_json: bool) -> None:
    """Copy the database into FILE, which is there only when it is whole and verified.

    A recorder goes on beside it. What was committed before the command began is in the copy.
    """
    began = time.monotonic()
    settings = reading_settings(config)
    target = Path(os.path.realpath(file))  # what a link leads to is replaced, not the link
    copied = _backed_up(settings, target, force=force)
    seconds = time.monotonic() - began
    if as_json:
        rows, seconds = copied.rows, round(seconds, 3)
        print_json({"file": str(target), "bytes": copied.bytes, "rows": rows, "seconds": seconds})
        return
    held = f"{counted(copied.rows, 'row')} in {counted(copied.tables, 'table')}"
    print_facts([
        ("backup", [str(target), size(copied.bytes)], " · "),
        ("verified", [held, duration(seconds * 1000)], " · "),
    ])  # fmt: skip


def _backed_up(settings: Settings, target: Path, *, force: bool) -> Copied:
    database = settings.database
    with any_reader(settings) as reader:
        _refuse(target, database, force=force)
        with part_of(target) as part:
            copied = copy(Source(reader, database, _ADVICE), part, target, with_progress)
            _refuse(target, database, force=force)  # it may have come in the meantime
            part.place(target)
    return copied


def _refuse(target: Path, database: Path, *, force: bool) -> None:
    """Raise UsageError for a place that no copy can take without harm."""
    ours = os.path.realpath(database)
    taken = [Path(ours), lock_path(Path(ours)), *(beside(Path(ours), ending) for ending in COMPANIONS)]
    if target in taken or inode(target) == inode(database):
        raise UsageError(f"{target} is the database itself, or a part of it", hint="name another file")
    if is_folder(target):
        raise UsageError(f"{target} is a directory", hint="name a file in it")
    if is_special(target):
        raise UsageError(f"{target} is a device or a pipe", hint="name a file")
    if any(inode(beside(target, ending)) for ending in COMPANIONS):
        # A log that stays beside another file than its own is replayed into that.
        raise UsageError(f"{target} is a database in use: its log stands beside it", hint="name another file")
    if inode(target) and not force:
        raise UsageError(f"{target} is there already", hint="replace it with --force")
