"""The operations that write. Each transaction waits for the disk: ``synchronous`` is FULL."""

from __future__ import annotations

from typing import Any

from . import changes, queries, rows
from .board import create, opened
from .fill import add_epic
from .models import Epic, Task
from .operation import Board, Work, operation

BATCH = 100
# Keys of what is added end with numbers from here on; those of the filling end at 020 in each feature.
FIRST_ADDED = 1000


@operation("initialise", 500)
def initialise(board: Board, n: int) -> Work:
    """Open a new file, make all tables and indexes, close it."""
    path = board.folder / "new.db"
    path.unlink(missing_ok=True)

    def work() -> None:
        with opened(path) as database:
            create(database)

    return work


@operation("insert one task", 50)
def insert_one(board: Board, n: int) -> Work:
    """One transaction: the task, and its feature's progress."""
    _take_back(board)
    (task,) = _new_tasks(1)
    return lambda: changes.add(board.database, task)


@operation(
    "update one task", 50, "idx_tasks_key", explained=lambda board: [queries.by_key(board.some_key(0))]
)
def update_one(board: Board, n: int) -> Work:
    """One transaction: find it by its key, another status, a row of history, its feature's progress."""
    key, status = board.some_key(n), ("in_progress", "completed")[n % 2]
    return lambda: changes.change_status(board.database, key, status, rows.UNTIL_MS)


@operation("add 100 one by one", 2000)
def add_one_by_one(board: Board, n: int) -> Work:
    """A hundred transactions, each with its feature's progress."""
    _take_back(board)
    tasks = _new_tasks(BATCH)

    def work() -> None:
        for task in tasks:
            changes.add(board.database, task)

    return work


@operation("add 100 at once", 2000)
def add_at_once(board: Board, n: int) -> Work:
    """One transaction, with the progress of the five features that they belong to."""
    _take_back(board)
    tasks = _new_tasks(BATCH)
    return lambda: changes.add_all(board.database, tasks)


@operation(
    "delete an epic, cascading",
    500,
    *("idx_features_epic_id", "idx_tasks_feature_id", "idx_task_history_task_id"),
    explained=lambda _: queries.below(1),
)
def delete_epic(board: Board, n: int) -> Work:
    """One more epic, made for it: with it go 50 features, 1,000 tasks and 5,000 rows of history."""
    _take_back(board)  # a new epic takes the numbers that follow
    number = board.epics + 1
    add_epic(board.database, number)
    return lambda: Epic.delete().where(Epic.id == number).execute()


def _new_tasks(count: int) -> list[dict[str, Any]]:
    """Tasks for the first features, twenty each."""
    return [
        {
            "feature": n // rows.TASKS_PER_FEATURE + 1,
            "key": f"T-{rows.feature_key(n // rows.TASKS_PER_FEATURE + 1)}-{FIRST_ADDED + n}",
            "title": f"Added {n}",
            "agent_type": "backend",
            "created_at": rows.UNTIL_MS,
            "updated_at": rows.UNTIL_MS,
        }
        for n in range(count)
    ]


def _take_back(board: Board) -> None:
    """Delete what earlier repetitions added, so that each finds the same."""
    Task.delete().where(Task.id > board.size).execute()
    changes.keep_progress(range(1, BATCH // rows.TASKS_PER_FEATURE + 1))
