"""What a taskboard says of its users: tasks, projects, lists. Read from a database that is not ours.

Its tables are those of the reference workload: users, projects, lists and tasks. Their times are
milliseconds since the epoch, or ISO 8601.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from collector.log import Folded, get_logger
from collector.orm import peewee, select

log = get_logger("summaries")
_unreadable = Folded(log, "taskboard.unreadable")

RECENT_MS = 30 * 86_400_000
BUSY_SECONDS = 1.0


class Tasks(NamedTuple):
    """Of one user. ``changed_ms``: when a task was last changed."""

    email: str | None
    total_tasks: int
    total_projects: int
    total_lists: int
    completed_tasks: int
    recent_tasks: int
    changed_ms: int | None


def _ms(column: str) -> str:
    days = f"julianday({column}) - 2440587.5"  # since 1970
    return (
        f"CASE WHEN typeof({column}) = 'text' THEN CAST(round(({days}) * 86400000) AS INTEGER)"
        f" ELSE CAST({column} AS INTEGER) END"
    )


_SQL = f"""
    WITH counted AS (
        SELECT user_id, count(*) AS tasks, sum(status = 'completed') AS completed,
               sum({_ms("created_at")} >= ?) AS recent, max({_ms("updated_at")}) AS changed
        FROM tasks GROUP BY user_id
    )
    SELECT users.id, CAST(users.email AS TEXT), coalesce(tasks, 0),
           (SELECT count(*) FROM projects WHERE user_id = users.id),
           (SELECT count(*) FROM lists WHERE user_id = users.id),
           coalesce(completed, 0), coalesce(recent, 0), changed
    FROM users LEFT JOIN counted ON counted.user_id = users.id
"""  # noqa: S608  # only words of ours


def read(path: Path | None, now_ms: int) -> dict[str, Tasks]:
    """What the taskboard at ``path`` says, by user; nothing without one, or when it cannot be read."""
    if path is None:
        return {}
    database = peewee.SqliteDatabase(
        f"file:{quote(str(path))}?mode=ro", uri=True, pragmas=[("query_only", 1)], timeout=BUSY_SECONDS
    )
    try:
        rows = select(database, _SQL, now_ms - RECENT_MS)
    except peewee.PeeweeException as error:
        _unreadable.happened(time.monotonic(), path=str(path), error=str(error))
        return {}
    finally:
        database.close()
    _unreadable.over(path=str(path))
    return {str(user): Tasks(*figures) for user, *figures in rows}
