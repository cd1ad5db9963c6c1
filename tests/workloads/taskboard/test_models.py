"""The schema of the taskboard: the documents' indexes, and rows that it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from collector.orm import peewee, select
from collector.store import taskboard
from collector.workloads.taskboard import rows
from collector.workloads.taskboard.models import Epic, Feature, Table, Task, TaskHistory, User
from collector.workloads.taskboard.operation import Board

DOCUMENT_002 = {
    "idx_epics_key": "UNIQUE epics(key)",
    "idx_features_key": "UNIQUE features(key)",
    "idx_features_epic_id": "features(epic_id)",
    "idx_tasks_key": "UNIQUE tasks(key)",
    "idx_tasks_feature_id": "tasks(feature_id)",
    "idx_tasks_status": "tasks(status)",
    "idx_tasks_agent_type": "tasks(agent_type)",
    "idx_tasks_status_priority": "tasks(status, priority)",
    "idx_task_history_task_id": "task_history(task_id)",
    "idx_task_history_timestamp": "task_history(timestamp DESC)",
}
DOCUMENT_004 = {
    "idx_tasks_user_status_updated": "tasks(user_id, status, updated_at)",
    "idx_tasks_list_position": "tasks(list_id, position_in_list) WHERE position_in_list IS NOT NULL",
    "idx_tasks_project_priority": "tasks(project_id, priority, created_at)",
    "idx_tasks_due_date_status": "tasks(due_date, status) WHERE due_date IS NOT NULL",
    "idx_tasks_active": "tasks(user_id, updated_at) WHERE status != 'completed'",
    "idx_tasks_overdue": "tasks(user_id, due_date) WHERE due_date IS NOT NULL AND status != 'completed'",
    "idx_users_email_active": "users(email, is_active) WHERE is_active = 1",
    "idx_users_last_login": "users(last_login_at) WHERE last_login_at IS NOT NULL",
    "idx_projects_user_updated": "projects(user_id, updated_at)",
    "idx_lists_user_project": "lists(user_id, project_id, created_at)",
    "idx_lists_project_order": "lists(project_id, list_order) WHERE list_order IS NOT NULL",
}


class Bad(NamedTuple):
    """A row that must not get in: the columns that make a good one bad."""

    model: type[Table]
    columns: dict[str, Any]


BAD = [
    Bad(Task, {"status": "done"}),
    Bad(Task, {"priority": 0}),
    Bad(Task, {"priority": 11}),
    Bad(Task, {"priority": "high"}),
    Bad(Task, {"agent_type": "nobody"}),
    Bad(Task, {"key": "E04-F01-001"}),
    Bad(Task, {"key": "T-E01-F01-001"}),
    Bad(Task, {"feature": 9999}),
    Bad(Task, {"user": "nobody"}),
    Bad(Task, {"title": None}),
    Bad(Task, {"due_date": "2026-02-30"}),
    Bad(Task, {"position_in_list": -1}),
    Bad(Feature, {"progress_pct": -0.1}),
    Bad(Feature, {"progress_pct": 100.1}),
    Bad(Feature, {"key": "F01"}),
    Bad(Feature, {"key": "E01-F01"}),
    Bad(Feature, {"epic": 9999}),
    Bad(Epic, {"status": "todo"}),
    Bad(Epic, {"key": "e1"}),
    Bad(Epic, {"key": "E01"}),
    Bad(TaskHistory, {"new_status": "done"}),
    Bad(TaskHistory, {"task": 9999}),
]
GOOD: dict[type[Table], dict[str, Any]] = {
    Task: {"feature": 1, "key": "T-E01-F01-999", "title": "t", "created_at": 0, "updated_at": 0},
    Feature: {
        "epic": 1, "key": "E01-F99", "title": "f", "status": "active", "created_at": 0, "updated_at": 0,
    },
    Epic: {"key": "E99", "title": "e", "status": "active", "created_at": 0, "updated_at": 0},
    TaskHistory: {"task": 1, "old_status": None, "new_status": "todo", "timestamp": 0},
}  # fmt: skip


def as_documented(database: peewee.SqliteDatabase) -> dict[str, str]:
    """Every index that was made, as the documents would write it."""
    found = select(database, "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
    return {name: plain(sql) for name, sql in found}


def plain(sql: str) -> str:
    """CREATE INDEX without its name, its quotes and the brackets around its conditions."""
    unique = "UNIQUE " if sql.startswith("CREATE UNIQUE") else ""
    on, _, where = sql.replace('"', "").partition(" ON ")[2].partition(" WHERE ")
    conditions = where.replace("(", "").replace(")", "")
    return unique + on.replace(" (", "(") + (f" WHERE {conditions}" if where else "")


def test_the_indexes_are_those_of_the_documents(read_board: Board) -> None:
    """By name, table, columns, order and condition; and none besides."""
    assert as_documented(read_board.database) == DOCUMENT_002 | DOCUMENT_004


def test_the_connection_is_as_the_document_wants_it(read_board: Board) -> None:
    """WAL, foreign keys, five seconds of patience; a commit waits for the disk."""
    pragmas = {name: read_board.database.pragma(name) for name in ("journal_mode", "foreign_keys")}
    assert pragmas == {"journal_mode": "wal", "foreign_keys": 1}
    assert read_board.database.pragma("busy_timeout") == 5000
    assert read_board.database.pragma("synchronous") == 2


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: f"{bad.model.__name__} {bad.columns}")
def test_a_bad_row_is_refused(read_board: Board, bad: Bad) -> None:
    """By a CHECK, a key, a foreign key, or the type of the column."""
    with pytest.raises(peewee.IntegrityError):
        bad.model.create(**GOOD[bad.model] | bad.columns)


def test_good_rows_are_taken(board: Board) -> None:
    """The same without what made them bad."""
    for model, columns in GOOD.items():
        before = model.select().count()
        model.create(**columns)
        assert model.select().count() == before + 1


def test_what_belongs_to_a_user_goes_with_the_user(board: Board) -> None:
    """Projects, lists, tasks and their history."""
    for user in User.select():
        user.delete_instance()
    assert [select(board.database, f"SELECT count(*) FROM {table}") for table in
            ("projects", "lists", "tasks", "task_history")] == [[(0,)]] * 4  # fmt: skip
    assert Feature.select().count() == 50


def test_the_summary_of_users_can_read_it(board: Board, tmp_path: Path) -> None:
    """`[summaries] taskboard` may name such a file: nobody is missed, nothing counted twice."""
    found = taskboard.read(tmp_path / "taskboard.db", rows.UNTIL_MS)
    done = Task.select().where(Task.status == "completed").count()
    assert set(found) == {user.id for user in User.select()}
    assert {user.email for user in found.values()} == {"user1@example.org", "user2@example.org"}
    assert sum(user.total_tasks for user in found.values()) == 1000
    assert sum(user.completed_tasks for user in found.values()) == done
    assert [(user.total_projects, user.total_lists) for user in found.values()] == [(2, 6)] * 2
    assert all(0 < user.recent_tasks < user.total_tasks for user in found.values())
    assert all(user.changed_ms and user.changed_ms <= rows.UNTIL_MS for user in found.values())
