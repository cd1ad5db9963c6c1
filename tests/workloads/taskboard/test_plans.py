"""Every index serves the query that it was made for."""

from __future__ import annotations

import pytest

from collector.orm import select
from collector.workloads.taskboard import plans
from collector.workloads.taskboard.measure import measured
from collector.workloads.taskboard.operation import Board, Operation
from collector.workloads.taskboard.operations import OPERATIONS
from tests.workloads.taskboard.test_models import DOCUMENT_002, DOCUMENT_004

FILTERS = [operation for operation in OPERATIONS if operation.indexes]

# Document 002: its table of indexes, with its query patterns. Document 004: what each index is for.
PATTERNS = {
    "idx_epics_key": "SELECT * FROM epics WHERE key = 'E04'",
    "idx_features_key": "SELECT * FROM features WHERE key = 'E04-F01'",
    "idx_features_epic_id": "SELECT * FROM features WHERE epic_id = 1",
    "idx_tasks_key": "SELECT * FROM tasks WHERE key = 'T-E04-F01-001'",
    "idx_tasks_feature_id": "SELECT * FROM tasks WHERE feature_id = 1",
    "idx_tasks_status": "SELECT * FROM tasks WHERE status = 'todo'",
    "idx_tasks_agent_type": "SELECT * FROM tasks WHERE agent_type = 'backend'",
    "idx_tasks_status_priority": "SELECT * FROM tasks WHERE status = 'todo' AND priority <= 3",
    "idx_task_history_task_id": "SELECT * FROM task_history WHERE task_id = 1",
    "idx_task_history_timestamp": "SELECT * FROM task_history ORDER BY timestamp DESC",
    "idx_tasks_user_status_updated": "SELECT * FROM tasks WHERE user_id = 'u' AND status = 'todo'"
    " ORDER BY updated_at",
    "idx_tasks_list_position": "SELECT * FROM tasks WHERE list_id = 'l' AND position_in_list IS NOT NULL"
    " ORDER BY position_in_list",
    "idx_tasks_project_priority": "SELECT * FROM tasks WHERE project_id = 'p' ORDER BY priority, created_at",
    "idx_tasks_due_date_status": "SELECT * FROM tasks WHERE due_date = '2026-01-01' AND status = 'todo'",
    "idx_tasks_active": "SELECT * FROM tasks WHERE user_id = 'u' AND status != 'completed'"
    " ORDER BY updated_at",
    "idx_tasks_overdue": "SELECT * FROM tasks WHERE user_id = 'u' AND due_date < '2026-01-01'"
    " AND status != 'completed'",
    "idx_users_email_active": "SELECT * FROM users WHERE email = 'a@b' AND is_active = 1",
    "idx_users_last_login": "SELECT * FROM users WHERE last_login_at > 0 ORDER BY last_login_at",
    "idx_projects_user_updated": "SELECT * FROM projects WHERE user_id = 'u' ORDER BY updated_at",
    "idx_lists_user_project": "SELECT * FROM lists WHERE user_id = 'u' AND project_id = 'p'"
    " ORDER BY created_at",
    "idx_lists_project_order": "SELECT * FROM lists WHERE project_id = 'p' AND list_order IS NOT NULL"
    " ORDER BY list_order",
}


def test_there_is_a_pattern_for_every_index() -> None:
    """Of both documents."""
    assert PATTERNS.keys() == DOCUMENT_002.keys() | DOCUMENT_004.keys()


@pytest.mark.parametrize("index", PATTERNS)
def test_a_pattern_of_the_documents_uses_its_index(read_board: Board, index: str) -> None:
    """And no other."""
    assert plans.used(read_board.database, PATTERNS[index]) == {index}


@pytest.mark.parametrize("operation", FILTERS, ids=lambda operation: operation.name)
def test_an_operation_uses_its_indexes(read_board: Board, operation: Operation) -> None:
    """All that it names."""
    assert plans.unused(read_board.database, operation.indexes, operation.explained(read_board)) == []


@pytest.mark.parametrize("operation", FILTERS, ids=lambda operation: operation.name)
def test_an_index_that_is_dropped_is_missed(read_board: Board, operation: Operation) -> None:
    """Each that an operation names."""
    for index in operation.indexes:
        with read_board.database.atomic() as transaction:
            select(read_board.database, f"DROP INDEX {index}")
            explained = operation.explained(read_board)
            assert index in plans.unused(read_board.database, operation.indexes, explained)
            transaction.rollback()


def test_without_its_index_an_operation_is_a_miss(board: Board) -> None:
    """However fast it is."""
    (by_status,) = (operation for operation in FILTERS if operation.name == "filter by status")
    select(board.database, "DROP INDEX idx_tasks_status")
    found = measured(board, by_status, 1)
    assert found.under_by > 1
    assert found.missed == "filter by status (does not use idx_tasks_status)"
    assert (found.row()["ok"], found.row()["unused_index"]) == (False, "idx_tasks_status")
