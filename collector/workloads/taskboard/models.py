"""The tables of the taskboard, with the indexes of the source documents 002 and 004 by their names.

One ``tasks`` serves both documents. Times are milliseconds since the epoch, UTC; ``due_date`` is a day,
``2026-01-31``. `collector.store.taskboard` can read such a database.

Of document 004 two indexes are not as it has them. ``idx_tasks_search_text`` (a GIN index of
PostgreSQL) is left out: SQLite has no index for words, only FTS5, a table of its own that triggers would
have to keep up at every write, and no timed operation searches texts. ``idx_tasks_overdue`` cannot say
``due_date < CURRENT_DATE`` here, nor does PostgreSQL take it, since it changes without a write: the index
holds every day of what is not completed, and the query says which of them are past.
"""

from __future__ import annotations

from typing import Any

from collector.orm import peewee

STATUSES = ("todo", "in_progress", "blocked", "ready_for_review", "completed", "archived")
AGENTS = ("frontend", "backend", "api", "testing", "devops", "general")
STAGES = ("draft", "active", "completed", "archived")

# The documents name every index, so a key has none besides.
_CASCADE: dict[str, Any] = {"on_delete": "CASCADE", "index": False}


def _plural(model: type[peewee.Model]) -> str:
    return "task_history" if model.__name__ == "TaskHistory" else f"{model.__name__.lower()}s"


def _one_of(column: str, words: tuple[str, ...]) -> peewee.Node:
    return peewee.Check(f"{column} IN ({', '.join(repr(word) for word in words)})")


class Table(peewee.Model):
    """The base of every table; `board.opened` binds them to a file."""

    id: Any

    class Meta:
        """SQLite checks the types of columns, too."""

        table_function = _plural
        strict_tables = True


class User(Table):
    """Who has tasks; ``id`` is a UUID."""

    id = peewee.TextField(primary_key=True)
    email = peewee.TextField()
    is_active = peewee.BooleanField(constraints=[peewee.Check("is_active IN (0, 1)")])
    last_login_at = peewee.BigIntegerField(null=True)
    created_at = peewee.BigIntegerField()


class Project(Table):
    """What a user works on."""

    id = peewee.TextField(primary_key=True)
    user = peewee.ForeignKeyField(User, **_CASCADE)
    name = peewee.TextField()
    created_at = peewee.BigIntegerField()
    updated_at = peewee.BigIntegerField()


class List(Table):
    """A list of a project, in an order that its user chose."""

    id = peewee.TextField(primary_key=True)
    user = peewee.ForeignKeyField(User, **_CASCADE)
    project = peewee.ForeignKeyField(Project, **_CASCADE)
    name = peewee.TextField()
    list_order = peewee.IntegerField(null=True)
    created_at = peewee.BigIntegerField()


class Epic(Table):
    """The largest piece of work; ``key`` as in ``E04``."""

    key = peewee.TextField(constraints=[peewee.Check("key GLOB 'E[0-9]*'")])
    title = peewee.TextField()
    status = peewee.TextField(constraints=[_one_of("status", STAGES)])
    created_at = peewee.BigIntegerField()
    updated_at = peewee.BigIntegerField()


class Feature(Table):
    """A part of an epic; ``key`` as in ``E04-F01``. ``progress_pct`` is kept up by whoever writes tasks."""

    epic = peewee.ForeignKeyField(Epic, **_CASCADE)
    key = peewee.TextField(constraints=[peewee.Check("key GLOB 'E[0-9]*-F[0-9]*'")])
    title = peewee.TextField()
    status = peewee.TextField(constraints=[_one_of("status", STAGES)])
    progress_pct = peewee.DoubleField(
        default=0.0, constraints=[peewee.Check("progress_pct BETWEEN 0.0 AND 100.0")]
    )
    created_at = peewee.BigIntegerField()
    updated_at = peewee.BigIntegerField()


class Task(Table):
    """A piece of work; ``key`` as in ``T-E04-F01-001``. It may also stand in a list of a user."""

    feature_id: int
    feature = peewee.ForeignKeyField(Feature, **_CASCADE)
    key = peewee.TextField(constraints=[peewee.Check("key GLOB 'T-E[0-9]*-F[0-9]*-[0-9]*'")])
    title = peewee.TextField()
    description = peewee.TextField(null=True)
    status = peewee.TextField(default="todo", constraints=[_one_of("status", STATUSES)])
    agent_type = peewee.TextField(null=True, constraints=[_one_of("agent_type", AGENTS)])
    priority = peewee.IntegerField(default=5, constraints=[peewee.Check("priority BETWEEN 1 AND 10")])
    user = peewee.ForeignKeyField(User, null=True, **_CASCADE)
    project = peewee.ForeignKeyField(Project, null=True, **_CASCADE)
    list = peewee.ForeignKeyField(List, null=True, **_CASCADE)
    position_in_list = peewee.IntegerField(null=True, constraints=[peewee.Check("position_in_list >= 0")])
    due_date = peewee.TextField(null=True, constraints=[peewee.Check("due_date IS date(due_date)")])
    created_at = peewee.BigIntegerField()
    updated_at = peewee.BigIntegerField()


class TaskHistory(Table):
    """A change of a task's status."""

    task = peewee.ForeignKeyField(Task, **_CASCADE)
    old_status = peewee.TextField(null=True, constraints=[_one_of("old_status", STATUSES)])
    new_status = peewee.TextField(constraints=[_one_of("new_status", STATUSES)])
    agent = peewee.TextField(null=True)
    timestamp = peewee.BigIntegerField()


# In the order in which they can be made and filled.
TABLES: tuple[type[Table], ...] = (User, Project, List, Epic, Feature, Task, TaskHistory)

# Words of SQL rather than values to bind: SQLite takes a partial index only for a condition that it
# sees to follow from the query's when it prepares it.
IS_ACTIVE = User.is_active == peewee.SQL("1")
NOT_COMPLETED = Task.status != peewee.SQL("'completed'")

# Document 002: ten.
Epic.add_index(Epic.key, name="idx_epics_key", unique=True)
Feature.add_index(Feature.key, name="idx_features_key", unique=True)
Feature.add_index(Feature.epic, name="idx_features_epic_id")
Task.add_index(Task.key, name="idx_tasks_key", unique=True)
Task.add_index(Task.feature, name="idx_tasks_feature_id")
# Before the one of the status alone: of two that serve, SQLite takes the one made later.
Task.add_index(Task.status, Task.priority, name="idx_tasks_status_priority")
Task.add_index(Task.status, name="idx_tasks_status")
Task.add_index(Task.agent_type, name="idx_tasks_agent_type")
TaskHistory.add_index(TaskHistory.task, name="idx_task_history_task_id")
TaskHistory.add_index(TaskHistory.timestamp.desc(), name="idx_task_history_timestamp")

# Document 004: eleven, compound and partial.
Task.add_index(Task.user, Task.status, Task.updated_at, name="idx_tasks_user_status_updated")
Task.add_index(
    Task.list,
    Task.position_in_list,
    name="idx_tasks_list_position",
    where=Task.position_in_list.is_null(False),
)
Task.add_index(Task.project, Task.priority, Task.created_at, name="idx_tasks_project_priority")
Task.add_index(
    Task.due_date, Task.status, name="idx_tasks_due_date_status", where=Task.due_date.is_null(False)
)
Task.add_index(Task.user, Task.updated_at, name="idx_tasks_active", where=NOT_COMPLETED)
Task.add_index(
    Task.user, Task.due_date, name="idx_tasks_overdue", where=Task.due_date.is_null(False) & NOT_COMPLETED
)
User.add_index(User.email, User.is_active, name="idx_users_email_active", where=IS_ACTIVE)
User.add_index(User.last_login_at, name="idx_users_last_login", where=User.last_login_at.is_null(False))
Project.add_index(Project.user, Project.updated_at, name="idx_projects_user_updated")
List.add_index(List.user, List.project, List.created_at, name="idx_lists_user_project")
List.add_index(
    List.project, List.list_order, name="idx_lists_project_order", where=List.list_order.is_null(False)
)
