"""Fills a taskboard: each table by one ``executemany``, all in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from collector.orm import peewee, select
from collector.store.database import raw, transaction

from . import DEFAULT_TASKS, rows
from .models import Epic, Feature, List, Project, Table, Task, TaskHistory, User
from .queries import fetched

SEED = 4

_PROGRESS = """
    UPDATE features SET progress_pct =
        (SELECT 100.0 * sum(status = 'completed') / count(*) FROM tasks WHERE feature_id = features.id)
"""


def fill(
    database: peewee.SqliteDatabase,
    size: int = DEFAULT_TASKS,
    seed: int = SEED,
    until_ms: int = rows.UNTIL_MS,
) -> None:
    """Put ``size`` tasks and all around them into an empty taskboard; the same for the same seed.

    ``until_ms`` is the moment up to which the team has worked.
    """
    for _ in filling(database, size, seed, until_ms):
        pass


def filling(
    database: peewee.SqliteDatabase,
    size: int,
    seed: int = SEED,
    until_ms: int = rows.UNTIL_MS,
) -> Iterator[None]:
    """As `fill`, but with a break after each epic: what is made and not yet inserted stays small."""
    people = rows.people(size, seed, until_ms)
    with transaction(raw(database)):
        _insert(database, User, people.users)
        _insert(database, Project, people.projects)
        _insert(database, List, people.lists)
        for first in range(1, size + 1, rows.TASKS_PER_EPIC):
            count = min(rows.TASKS_PER_EPIC, size + 1 - first)
            _put(database, rows.tasks(first, count, seed, people.places, until_ms))
            yield
        select(database, _PROGRESS)


def add_epic(database: peewee.SqliteDatabase, number: int, seed: int = SEED) -> None:
    """Put one more epic there: 50 features, 1,000 tasks and 5,000 changes of theirs, in people's lists."""
    places = [rows.Place(*ids) for ids in fetched(database, List.select(List.user, List.project, List.id))]
    with transaction(raw(database)):
        _put(database, rows.tasks((number - 1) * rows.TASKS_PER_EPIC + 1, rows.TASKS_PER_EPIC, seed, places))


def _put(database: peewee.SqliteDatabase, made: rows.Tasks) -> None:
    _insert(database, Epic, made.epics)
    _insert(database, Feature, made.features)
    _insert(database, Task, made.tasks)
    _insert(database, TaskHistory, made.changes, left_out=1)  # its id counts up by itself


def _insert(
    database: peewee.SqliteDatabase, model: type[Table], found: Sequence[rows.Row], left_out: int = 0
) -> None:
    columns = [field.column_name for field in model._meta.sorted_fields][left_out:]
    names, places = ", ".join(columns), ", ".join("?" * len(columns))
    sql = f"INSERT INTO {model._meta.table_name} ({names}) VALUES ({places})"  # noqa: S608  # the model's own names
    raw(database).executemany(sql, found)
