"""``collector bench``: the reference workload against its targets."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click
import psutil

from collector.commands import config_option, json_option
from collector.opened import reading_settings
from collector.sqlite import sqlite3
from collector.store.database import told
from collector.terminal import print_json, printable, with_progress
from collector.workloads.taskboard import DEFAULT_TASKS, LARGEST, SMALLEST
from collector.workloads.taskboard.measure import Measured, measuring, steps
from collector.workloads.taskboard.place import folder_in, nearest
from collector.workloads.taskboard.table import show

IN_MEMORY = ("tmpfs", "ramfs")


@click.command()
@click.option(
    "--size",
    type=click.IntRange(SMALLEST, LARGEST),
    default=DEFAULT_TASKS,
    metavar="N",
    help=f"How many tasks, {SMALLEST:,} to {LARGEST:,}. The targets are for {DEFAULT_TASKS:,}, the default.",
)
@click.option(
    "--runs",
    type=click.IntRange(1, 1000),
    default=20,
    metavar="K",
    help="How often each operation is timed (default 20).",
)
@click.option(
    "--stricter",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    metavar="X",
    help="Divide every target by X: 10 asks for a tenth.",
)
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="F",
    help="Where to work (default: beside the database).",
)
@config_option
@json_option
def command(
    size: int, runs: int, stricter: float, folder: Path | None, config: Path | None, as_json: bool
) -> int:
    """Time the reference workload, a task tracker's database, against its targets.

    Exits with 1 when one is missed. Needs no recorder and leaves nothing behind.
    """
    parent = (folder or nearest(reading_settings(config).database.parent)).absolute()
    found = _measured(parent, size, runs, stricter)
    if as_json:
        print_json([item.row() for item in found])
    else:
        _tell_place(parent, size, runs)
        show(found)
    return int(any(item.missed for item in found))


def _measured(parent: Path, size: int, runs: int, stricter: float) -> list[Measured]:
    with (
        folder_in(parent, size) as folder,
        told(parent),
        closing(measuring(folder, size, runs, stricter)) as measures,
    ):
        taken = zip(with_progress(range(steps(size)), "measuring"), measures, strict=True)
        return [item for _, item in taken if item is not None]


def _tell_place(parent: Path, size: int, runs: int) -> None:
    """What the figures are of."""
    system = _file_system(parent)
    click.echo(f"{size:,} tasks in {printable(str(parent))} ({system or 'unknown file system'})")
    often = "once" if runs == 1 else f"{runs} times"
    click.echo(f"SQLite {sqlite3.sqlite_version}, WAL, synchronous FULL · each {often}")
    if system in IN_MEMORY:
        click.echo(f"{system} is memory, where writes cost less than on a disk: --folder names another place")
    click.echo()


def _file_system(folder: Path) -> str | None:
    """The kind of file system that ``folder`` is on: ``ext4``, ``tmpfs``, …; None where it cannot be told."""
    mounts = {Path(part.mountpoint): part.fstype for part in psutil.disk_partitions(all=True)}
    here = folder.resolve()
    return next((mounts[above] for above in (here, *here.parents) if above in mounts), None)
