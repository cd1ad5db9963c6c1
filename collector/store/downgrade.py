"""Taking migrations back, so that an older version can use the file again."""

from __future__ import annotations

from pathlib import Path

from collector.errors import UsageError
from collector.orm import peewee
from collector.registry import nearest
from collector.store.database import told
from collector.store.schema import MIGRATIONS, applied_names, refuse_newer, runner, stamp

NOTHING = "nothing"


def downgrade(
    database: peewee.SqliteDatabase, path: Path, to: str | None = None, migrations: Path = MIGRATIONS
) -> list[str]:
    """Revert every migration after ``to`` (default: the newest one only); returns what was reverted.

    ``to`` may be the beginning of a name, or `NOTHING`, which alone takes the first migration back:
    that deletes every record. Raises DatabaseError or UsageError, and then nothing was changed.
    """
    with told(path):
        refuse_newer(database, path, migrations)
        applied = sorted(applied_names(database))
        going = applied[_kept(applied, to) :]
        if not going:
            return []
        reverted: list[str] = runner(database, migrations).down(going[0])
        stamp(database, migrations)
        return reverted


def _kept(applied: list[str], to: str | None) -> int:
    """How many of the applied migrations stay."""
    if to == NOTHING:
        return 0
    if to is None:
        if len(applied) == 1:
            raise UsageError(
                f"{applied[0]} is the first migration: to take it back deletes every record",
                hint=f"stop the recorder, keep a copy of the file, and say so with `--to {NOTHING}`",
            )
        return max(0, len(applied) - 1)
    found = [i for i, name in enumerate(applied) if name.startswith(to)]
    if len(found) != 1 or not to:
        raise UsageError(
            f"no migration in this file is named {to!r}{nearest(to, applied)}",
            hint=f"there are {', '.join([NOTHING, *applied])}",
        )
    return found[0] + 1
