"""``collector db backup``: the database as one verified file, whether or not a recorder writes to it."""

from __future__ import annotations

import time
from pathlib import Path

import click

from collector.client import Line, Unreachable
from collector.commands import config_option, json_option
from collector.errors import UsageError
from collector.opened import any_reader, reading_settings
from collector.settings import Settings
from collector.store.backup.copying import Copied, Source, copy
from collector.store.backup.ended import Recording
from collector.store.backup.part import part_of
from collector.store.backup.targets import refuse, target_of
from collector.store.database import inode
from collector.store.lock import holder
from collector.tables import print_facts
from collector.terminal import print_json, with_progress
from collector.units import counted, duration, size

_ASK_SECONDS = 3.0
_ADVICE = (
    "look with `collector db verify`; a copy of it as it is: stop the recorder, copy the file and its -wal;"
    " `collector db restore` puts an older backup in its place"
)


@click.command()
@click.argument("file")  # as it was typed: a Path loses the slash at its end
@click.option(
    "--force",
    is_flag=True,
    help="Replace FILE, an older backup; it stays as it is until the new one is whole.",
)
@config_option
@json_option
def command(file: str, force: bool, config: Path | None, as_json: bool) -> None:
    """Copy the database into FILE, which is there only when it is whole and verified.

    A recorder goes on beside it. What was committed before the command began is in the copy.
    """
    began = time.monotonic()
    settings = reading_settings(config)
    _refuse_dangling(file)
    target = target_of(file)
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


def _refuse_dangling(given: str) -> None:
    """Raise UsageError for a link that leads nowhere: often to a disk that is not mounted now."""
    try:
        to = Path(given).readlink()
    except (OSError, ValueError):  # it is no link
        return
    if inode(Path(given)) is None:
        hint = "mount the disk that it leads to, or name that file itself"
        raise UsageError(f"{given} is a link to {to}, and no file can be found there", hint=hint)


def _backed_up(settings: Settings, target: Path, *, force: bool) -> Copied:
    database = settings.database
    with any_reader(settings) as reader:
        refuse(target, settings, force=force)
        with part_of(target) as part:
            source = Source(reader, database, _ADVICE, _recording(database))
            copied = copy(source, part, target, with_progress)
            refuse(target, settings, force=force)  # it may have come in the meantime
            part.place(target)
    return copied


def _recording(database: Path) -> Recording | None:
    """The recorder that goes on; one that does not answer has told nothing of what went through it."""
    held = holder(database)
    if held is None or not held.socket:
        return None
    try:
        with Line(Path(held.socket), _ASK_SECONDS) as line:
            counters = line.ask({"ask": "status"}).get("counters", {})
    except (Unreachable, ValueError):
        counters = {}
    return Recording(held.pid, counters)
