"""Each operation does what the table says that it does."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.orm import peewee, select
from collector.workloads.taskboard import rows
from collector.workloads.taskboard.models import TABLES, Epic, Feature, Task, TaskHistory
from collector.workloads.taskboard.operation import Board
from collector.workloads.taskboard.operations import OPERATIONS
from collector.workloads.taskboard.queries import fetched, kept_progress
from collector.workloads.taskboard.reads import computed_progress
from tests.workloads.taskboard.test_fill import counted

BY_NAME = {operation.name: operation for operation in OPERATIONS}
# Document 002, and for what it does not name the general target of its queries.
TARGETS = {
    "initialise": 500, "insert one task": 50, "update one task": 50, "get by key": 10,
    "list 1,000 tasks": 100, "filter by status": 100, "filter by status, priority": 100,
    "tasks of an epic": 100, "active tasks of a user": 100, "a list in its order": 100,
    "progress of 50, naive": 200, "progress of 50, one query": 200, "progress of 50, cached": 200,
    "add 100 one by one": 2000, "add 100 at once": 2000, "delete an epic, cascading": 500,
}  # fmt: skip


def done(board: Board, name: str, n: int = 0) -> object:
    """What repetition n of an operation gives back."""
    return BY_NAME[name].prepare(board, n)()


def kept(board: Board) -> dict[int, float]:
    """The progress of all features as it is kept."""
    return dict(fetched(board.database, kept_progress(1)))


def test_the_targets_are_those_of_the_document() -> None:
    """In milliseconds."""
    assert {operation.name: operation.target_ms for operation in OPERATIONS} == TARGETS


def test_initialise_makes_a_whole_new_file(board: Board, tmp_path: Path) -> None:
    """Each time, and the models go back to the board that they were bound to."""
    for n in range(2):
        done(board, "initialise", n)
    new = peewee.SqliteDatabase(str(tmp_path / "new.db"))
    assert select(new, "SELECT count(*) FROM sqlite_master WHERE sql IS NOT NULL") == [(21 + len(TABLES),)]
    new.close()
    assert Task.select().count() == board.size


def test_insert_adds_one_task_and_keeps_progress_true(board: Board) -> None:
    """It waits, so its feature is less complete than before."""
    before = kept(board)
    done(board, "insert one task")
    assert Task.select().count() == board.size + 1
    assert kept(board)[1] < before[1]
    assert kept(board) == computed_progress(board.database, 1)


def test_update_changes_one_task_its_history_and_the_progress(board: Board) -> None:
    """An odd repetition completes its task."""
    key = board.some_key(1)
    Task.update(status="todo").where(Task.key == key).execute()
    done(board, "update one task", 1)
    task = Task.get(Task.key == key)
    last = TaskHistory.select().order_by(TaskHistory.id.desc()).get()
    assert (task.status, task.updated_at) == ("completed", rows.UNTIL_MS)
    assert (last.task_id, last.old_status, last.new_status) == (task.id, "todo", "completed")
    assert kept(board) == computed_progress(board.database, 1)


def test_get_by_key_finds_another_task_each_time(read_board: Board) -> None:
    """All over the table."""
    found = [done(read_board, "get by key", n) for n in range(5)]
    assert [task.key for task in found] == [read_board.some_key(n) for n in range(5)]
    assert len({task.feature_id for task in found}) == 5


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("list 1,000 tasks", "1"),
        ("filter by status", "status = 'todo'"),
        ("filter by status, priority", "status = 'todo' AND priority <= 3"),
        ("tasks of an epic", "key LIKE 'T-E01-%'"),
        ("active tasks of a user", "status != 'completed' AND user_id = (SELECT min(id) FROM users)"),
        ("a list in its order", "position_in_list > 0 AND list_id = (SELECT min(id) FROM lists)"),
    ],
)
def test_a_filter_fetches_all_its_tasks(read_board: Board, name: str, where: str) -> None:
    """Whole, as document 002 has them: ten columns."""
    columns = "id, feature_id, key, title, description, status, agent_type, priority, created_at, updated_at"
    expected = select(read_board.database, f"SELECT {columns} FROM tasks WHERE {where}")
    assert len(expected) > 10
    found: list[tuple[object, ...]] = done(read_board, name)
    assert sorted(found) == sorted(expected)


def test_filters_come_in_their_order(read_board: Board) -> None:
    """The most urgent first; what changed latest first; as the list's user put them."""
    by_priority = [row[7] for row in done(read_board, "filter by status, priority")]
    by_change = [row[9] for row in done(read_board, "active tasks of a user")]
    assert by_priority == sorted(by_priority)
    assert by_change == sorted(by_change, reverse=True)
    placed = [Task.get_by_id(row[0]).position_in_list for row in done(read_board, "a list in its order")]
    assert placed == sorted(placed)


def test_progress_is_the_same_by_all_three_ways(board: Board) -> None:
    """Also after tasks came and changed, and for a feature that lost all its tasks."""
    for name in ("insert one task", "update one task", "add 100 at once"):
        done(board, name, 1)
    Task.delete().where(Task.feature == 7).execute()
    Feature.update(progress_pct=0).where(Feature.id == 7).execute()
    naive, one_query, cached = (
        done(board, f"progress of 50, {how}") for how in ("naive", "one query", "cached")
    )
    assert len(naive) == 50
    assert naive == one_query == cached
    assert 0 < naive[1] < 100


@pytest.mark.parametrize("name", ["add 100 one by one", "add 100 at once"])
def test_a_batch_adds_a_hundred_tasks_however_often(board: Board, name: str) -> None:
    """What the repetition before added is taken back first."""
    for n in range(2):
        done(board, name, n)
    assert Task.select().count() == board.size + 100
    assert kept(board) == computed_progress(board.database, 1)


def test_a_batch_at_once_is_stored_whole_or_not_at_all(board: Board) -> None:
    """One bad task among a hundred."""
    work = BY_NAME["add 100 at once"].prepare(board, 0)
    Task.create(feature=5, key="T-E01-F05-1099", title="in its way", created_at=0, updated_at=0)
    with pytest.raises(peewee.IntegrityError):
        work()
    assert Task.select().count() == board.size + 1


def test_deleting_an_epic_takes_all_below_it_along(board: Board) -> None:
    """50 features, 1,000 tasks and 5,000 rows of history; what was there before stays."""
    before = counted(board.database)
    work = BY_NAME["delete an epic, cascading"].prepare(board, 0)
    with_epic = counted(board.database)
    assert {name: with_epic[name] - before[name] for name in before} == {
        "users": 0, "projects": 0, "lists": 0,
        "epics": 1, "features": 50, "tasks": 1000, "task_history": 5000,
    }  # fmt: skip
    assert work() == 1
    assert counted(board.database) == before
    assert [epic.key for epic in Epic.select()] == ["E01"]


def test_any_operation_can_come_after_any_other(board: Board) -> None:
    """Each prepares what it needs, whatever was done before."""
    for order in (OPERATIONS, OPERATIONS[::-1]):
        for n, operation in enumerate(order):
            operation.prepare(board, n)()
    assert kept(board) == computed_progress(board.database, 1)
