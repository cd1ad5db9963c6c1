"""What the tracker does to its database: tasks come and change, and the progress of features is kept up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from collector.orm import peewee

from . import queries
from .models import Feature, Task, TaskHistory

Columns = dict[str, Any]


def add(database: peewee.SqliteDatabase, task: Columns) -> None:
    """Insert one task, in a transaction of its own."""
    with database.atomic():
        Task.create(**task)
        keep_progress([task["feature"]])


def add_all(database: peewee.SqliteDatabase, tasks: Sequence[Columns]) -> None:
    """Insert all tasks in one transaction."""
    with database.atomic():
        Task.insert_many(tasks).execute()
        keep_progress({task["feature"] for task in tasks})


def change_status(database: peewee.SqliteDatabase, key: str, status: str, at_ms: int) -> None:
    """Give the task of that key another status, and note the change in its history."""
    with database.atomic():
        task = Task.get(Task.key == key)
        TaskHistory.create(task=task, old_status=task.status, new_status=status, timestamp=at_ms)
        task.status, task.updated_at = status, at_ms
        task.save(only=[Task.status, Task.updated_at])
        keep_progress([task.feature_id])


def keep_progress(features: Iterable[int]) -> None:
    """Compute the progress of these features, and keep it in their rows."""
    for feature in features:
        tasks, completed = queries.progress(feature).tuples().get()
        Feature.update(progress_pct=percent(tasks, completed)).where(Feature.id == feature).execute()


def percent(tasks: int, completed: int | None) -> float:
    """Progress as document 002 has it: 0 of a feature without tasks."""
    return 100.0 * (completed or 0) / tasks if tasks else 0.0
