"""Taking migrations back, so that an older version can use the file again."""

from __future__ import annotations

import ast
from pathlib import Path

from collector.errors import UsageError
from collector.orm import peewee, select
from collector.registry import nearest
from collector.store.database import told
from collector.store.schema import MIGRATIONS, applied_names, moving, refuse_newer

NOTHING = "nothing"


def downgrade(
    database: peewee.SqliteDatabase, path: Path, to: str | None = None, migrations: Path = MIGRATIONS
) -> list[str]:
    """Revert every migration after ``to`` (default: the newest one only); returns what was reverted.

    ``to`` may be the beginning of a name, or `NOTHING`. Records are deleted only where ``to`` says so: by
    default a migration whose tables hold some stays. Raises DatabaseError or UsageError, and then nothing
    was changed.
    """
    with told(path):
        refuse_newer(database, path, migrations)
        applied = sorted(applied_names(database))
        going = applied[_kept(applied, to) :]
        if not going:
            return []
        if to is None:
            _refuse_loss(database, migrations, applied)
        with moving(database, migrations) as run:
            reverted: list[str] = run.down(going[0])
        return reverted


def _kept(applied: list[str], to: str | None) -> int:
    """How many of the applied migrations stay."""
    if to == NOTHING:
        return 0
    if to is None:
        return max(0, len(applied) - 1)
    found = [i for i, name in enumerate(applied) if name.startswith(to)]
    if len(found) != 1 or not to:
        raise UsageError(
            f"no migration in this file is named {to!r}{nearest(to, applied)}",
            hint=f"there are {', '.join([NOTHING, *applied])}",
        )
    return found[0] + 1


def _refuse_loss(database: peewee.SqliteDatabase, migrations: Path, applied: list[str]) -> None:
    """Raise UsageError when the newest migration's own tables hold records."""
    tables = _tables(migrations / f"{applied[-1]}.py")
    counts = {table: select(database, f'SELECT count(*) FROM "{table}"')[0][0] for table in tables}  # noqa: S608  # only names of ours
    lost = {table: count for table, count in counts.items() if count}
    if lost:
        some = ", ".join(f"{count:,} of {table}" for table, count in [*lost.items()][:3])
        more = f" and of {len(lost) - 3} more tables" if len(lost) > 3 else ""
        stays = applied[-2] if len(applied) > 1 else NOTHING
        raise UsageError(
            f"to take {applied[-1]} back deletes {sum(lost.values()):,} records: {some}{more}",
            hint=f"stop the recorder, keep a copy of the file, and say so with `--to {stays}`",
        )


def _tables(migration: Path) -> list[str]:
    """The tables that a migration made: what its ``TABLES`` lists."""
    for node in ast.parse(migration.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "TABLES":
            return list(ast.literal_eval(node.value))
    return []
