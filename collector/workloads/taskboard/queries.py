"""What the tracker asks its database, as Peewee queries; `reads` and `writes` time them.

Lists of tasks are fetched whole, as tuples, with the ten columns that a task has in document 002 (not the
five that 004 adds). The statements are Peewee's, but not the rows: it would take 15 to 25 ms to make dicts
or models of the 2,500 that SQLite gives in 5.
"""

from __future__ import annotations

from typing import Any

from collector.orm import peewee

from .models import NOT_COMPLETED, Epic, Feature, Task, TaskHistory

COMPLETED = Task.status == "completed"
LISTED = (
    *(Task.id, Task.feature, Task.key, Task.title, Task.description),
    *(Task.status, Task.agent_type, Task.priority, Task.created_at, Task.updated_at),
)


def fetched(database: peewee.SqliteDatabase, query: peewee.Select) -> list[tuple[Any, ...]]:
    """All rows of a query, as tuples."""
    execute: Any = database.execute  # Peewee's stubs leave it untyped
    rows: list[tuple[Any, ...]] = execute(query).fetchall()
    return rows


def by_key(key: str) -> peewee.Select:
    """One task."""
    return Task.select().where(Task.key == key)


def by_status(status: str) -> peewee.Select:
    """All tasks of a status: a quarter of them is ``todo``."""
    return Task.select(*LISTED).where(Task.status == status)


def by_status_and_priority(status: str, priority: int) -> peewee.Select:
    """Tasks of a status that are so urgent or more, the most urgent first."""
    return (
        Task.select(*LISTED).where(Task.status == status, Task.priority <= priority).order_by(Task.priority)
    )


def first(count: int) -> peewee.Select:
    """The oldest so many."""
    return Task.select(*LISTED).order_by(Task.id).limit(count)


def of_epic(key: str) -> peewee.Select:
    """All tasks of an epic, by its key."""
    return Task.select(*LISTED).join(Feature).join(Epic).where(Epic.key == key)


def active_of(user: str) -> peewee.Select:
    """What a user has not completed, what changed latest first."""
    return Task.select(*LISTED).where(Task.user == user, NOT_COMPLETED).order_by(Task.updated_at.desc())


def in_order(list_id: str) -> peewee.Select:
    """The tasks of a list, as its user put them."""
    placed = Task.position_in_list.is_null(False)
    return Task.select(*LISTED).where(Task.list == list_id, placed).order_by(Task.position_in_list)


def total(feature: int) -> peewee.Select:
    """How many tasks a feature has."""
    return Task.select(peewee.fn.COUNT(Task.id)).where(Task.feature == feature)


def completed(feature: int) -> peewee.Select:
    """How many of them are completed."""
    return total(feature).where(COMPLETED)


def progress(feature: int) -> peewee.Select:
    """Of how many tasks of a feature how many are completed, in one row."""
    return Task.select(peewee.fn.COUNT(Task.id), peewee.fn.SUM(COMPLETED)).where(Task.feature == feature)


def progress_of_epic(epic: int) -> peewee.Select:
    """The same for every feature of an epic: (feature, tasks, completed)."""
    return (
        Feature.select(Feature.id, peewee.fn.COUNT(Task.id), peewee.fn.SUM(COMPLETED))
        .join(Task, peewee.JOIN.LEFT_OUTER)
        .where(Feature.epic == epic)
        .group_by(Feature.id)
    )


def kept_progress(epic: int) -> peewee.Select:
    """What is kept of it: (feature, percent)."""
    return Feature.select(Feature.id, Feature.progress_pct).where(Feature.epic == epic)


def below(epic: int) -> tuple[peewee.Select, ...]:
    """What SQLite looks for when an epic is deleted, one level after the other.

    EXPLAIN tells nothing of these steps, so they stand here as the queries that they are.
    Source: sqlite.org/foreignkeys.html, section 3.
    """
    return (
        Feature.select(Feature.id).where(Feature.epic == epic),
        Task.select(Task.id).where(Task.feature == epic),
        TaskHistory.select(TaskHistory.id).where(TaskHistory.task == epic),
    )
