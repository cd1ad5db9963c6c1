"""The operations that read. Each fetches all its rows (see `queries`)."""

from __future__ import annotations

from collections.abc import Iterable

from collector.orm import peewee, select

from . import queries, rows
from .changes import percent
from .models import List, User
from .operation import Board, Work, operation

LONG_LIST = 1000


@operation("get by key", 10, "idx_tasks_key", explained=lambda board: [queries.by_key(board.some_key(0))])
def get_by_key(board: Board, n: int) -> Work:
    """One task, as a model."""
    key = board.some_key(n)
    return lambda: queries.by_key(key).get()


@operation("list 1,000 tasks", 100)
def list_tasks(board: Board, n: int) -> Work:
    """Without a filter; no index but the table itself is of use."""
    return lambda: queries.fetched(board.database, queries.first(LONG_LIST))


@operation("filter by status", 100, "idx_tasks_status", explained=lambda _: [queries.by_status("todo")])
def filter_by_status(board: Board, n: int) -> Work:
    """A quarter of all tasks."""
    return lambda: queries.fetched(board.database, queries.by_status("todo"))


@operation(
    "filter by status, priority",
    100,
    "idx_tasks_status_priority",
    explained=lambda _: [queries.by_status_and_priority("todo", 3)],
)
def filter_by_status_and_priority(board: Board, n: int) -> Work:
    """A fourteenth of all tasks, in the index's own order."""
    return lambda: queries.fetched(board.database, queries.by_status_and_priority("todo", 3))


@operation(
    "tasks of an epic",
    100,
    *("idx_epics_key", "idx_features_epic_id", "idx_tasks_feature_id"),
    explained=lambda _: [queries.of_epic(rows.epic_key(1))],
)
def tasks_of_epic(board: Board, n: int) -> Work:
    """A join of three tables for 1,000 tasks."""
    return lambda: queries.fetched(board.database, queries.of_epic(rows.epic_key(1)))


@operation(
    "active tasks of a user",
    100,
    "idx_tasks_active",
    explained=lambda board: [queries.active_of(_some(board, User, 0))],
)
def active_tasks(board: Board, n: int) -> Work:
    """Some 270, by a partial index."""
    user = _some(board, User, n)
    return lambda: queries.fetched(board.database, queries.active_of(user))


@operation(
    "a list in its order",
    100,
    "idx_tasks_list_position",
    explained=lambda board: [queries.in_order(_some(board, List, 0))],
)
def list_in_order(board: Board, n: int) -> Work:
    """Some 70 tasks, by a partial index that sorts them."""
    list_id = _some(board, List, n)
    return lambda: queries.fetched(board.database, queries.in_order(list_id))


@operation(
    "progress of 50, naive",
    200,
    "idx_tasks_feature_id",
    explained=lambda _: [queries.total(1), queries.completed(1)],
)
def progress_naive(board: Board, n: int) -> Work:
    """Of the 50 features of an epic, by two queries each."""
    return lambda: naive_progress(board.database, range(1, rows.FEATURES_PER_EPIC + 1))


@operation(
    "progress of 50, one query",
    200,
    *("idx_features_epic_id", "idx_tasks_feature_id"),
    explained=lambda _: [queries.progress_of_epic(1)],
)
def progress_by_query(board: Board, n: int) -> Work:
    """Of the 50 features of an epic, by one query for all."""
    return lambda: computed_progress(board.database, 1)


@operation(
    "progress of 50, cached", 200, "idx_features_epic_id", explained=lambda _: [queries.kept_progress(1)]
)
def progress_kept(board: Board, n: int) -> Work:
    """As it is kept in the features of an epic."""
    return lambda: dict(queries.fetched(board.database, queries.kept_progress(1)))


def naive_progress(database: peewee.SqliteDatabase, features: Iterable[int]) -> dict[int, float]:
    """Progress by feature, two queries each.

    Peewee compiles the two once and not a hundred times: that alone takes 10 ms, and the queries 1.
    """
    total, completed = queries.total(0).sql()[0], queries.completed(0).sql()[0]
    return {
        feature: percent(
            select(database, total, feature)[0][0], select(database, completed, feature, "completed")[0][0]
        )
        for feature in features
    }


def computed_progress(database: peewee.SqliteDatabase, epic: int) -> dict[int, float]:
    """Progress of an epic's features, one query for all."""
    found = queries.fetched(database, queries.progress_of_epic(epic))
    return {feature: percent(tasks, completed) for feature, tasks, completed in found}


def _some(board: Board, model: type[User] | type[List], n: int) -> str:
    ids = queries.fetched(board.database, model.select(model.id).order_by(model.id))
    return str(ids[n % len(ids)][0])
