"""What a taskboard is filled with."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.orm import peewee, select
from collector.workloads.taskboard import rows
from collector.workloads.taskboard.board import create, opened
from collector.workloads.taskboard.fill import fill
from collector.workloads.taskboard.models import TABLES, List, Task
from collector.workloads.taskboard.operation import Board
from collector.workloads.taskboard.queries import fetched, kept_progress
from collector.workloads.taskboard.reads import computed_progress


def counted(database: peewee.SqliteDatabase) -> dict[str, int]:
    """How many rows each table has."""
    names = [str(model._meta.table_name) for model in TABLES]
    return {name: select(database, f"SELECT count(*) FROM {name}")[0][0] for name in names}


@pytest.mark.parametrize(
    ("size", "epics", "features", "users"), [(1000, 1, 50, 2), (1001, 2, 51, 2), (2500, 3, 125, 5)]
)
def test_everything_follows_from_the_number_of_tasks(
    tmp_path: Path, size: int, epics: int, features: int, users: int
) -> None:
    """Fifty features an epic, twenty tasks a feature, five changes a task."""
    with opened(tmp_path / "t.db") as database:
        create(database)
        fill(database, size)
        assert counted(database) == {
            "users": users, "projects": 2 * users, "lists": 6 * users,
            "epics": epics, "features": features, "tasks": size, "task_history": 5 * size,
        }  # fmt: skip
        assert select(database, "PRAGMA foreign_key_check") == []


def test_the_same_seed_makes_the_same_rows() -> None:
    """Another one makes others."""
    first, again, other = (rows.people(1000, seed) for seed in (1, 1, 2))
    assert first == again != other
    assert rows.tasks(1, 100, 1, first.places) == rows.tasks(1, 100, 1, first.places)
    assert rows.tasks(1, 100, 1, first.places) != rows.tasks(1, 100, 2, first.places)


def test_all_statuses_priorities_and_agents_occur(read_board: Board) -> None:
    """Most is done, a quarter waits."""
    spread = dict(select(read_board.database, "SELECT status, count(*) FROM tasks GROUP BY status"))
    assert len(spread) == 6
    assert 350 < spread["completed"] < 550
    assert 200 < spread["todo"] < 300
    assert select(read_board.database, "SELECT min(priority), max(priority) FROM tasks") == [(1, 10)]
    assert select(read_board.database, "SELECT count(DISTINCT agent_type) FROM tasks") == [(6,)]


def test_a_history_ends_with_the_status_of_its_task(read_board: Board) -> None:
    """Each change begins where the one before ended, and the last is when the task was last changed."""
    apart = """
        SELECT tasks.id FROM tasks JOIN task_history AS last ON last.task_id = tasks.id
        WHERE last.id = (SELECT max(id) FROM task_history WHERE task_id = tasks.id)
          AND (new_status != status OR timestamp != updated_at)
    """
    broken = """
        SELECT id FROM (SELECT id, old_status, lag(new_status) OVER one AS before FROM task_history
                        WINDOW one AS (PARTITION BY task_id ORDER BY id))
        WHERE old_status IS NOT before
    """
    assert select(read_board.database, apart) == []
    assert select(read_board.database, broken) == []


def test_the_progress_that_is_kept_is_the_true_one(read_board: Board) -> None:
    """From the beginning."""
    assert dict(fetched(read_board.database, kept_progress(1))) == computed_progress(read_board.database, 1)


def test_a_task_stands_in_a_list_of_its_own_user(read_board: Board) -> None:
    """And of its own project."""
    query = Task.select().join(List).where((Task.user != List.user) | (Task.project != List.project))
    assert query.count() == 0


def test_the_half_year_ends_when_it_is_told_to(tmp_path: Path) -> None:
    """Nothing lies in the future, and something in the last month."""
    until = rows.UNTIL_MS + 1000 * rows.DAY_MS
    with opened(tmp_path / "t.db") as database:
        create(database)
        fill(database, 1000, until_ms=until)
        ((latest,),) = select(database, "SELECT max(updated_at) FROM tasks")
    assert until - 30 * rows.DAY_MS < latest <= until
