"""The rows of a taskboard, the same for the same seed: what a team's tracker looks like after half a year.

Everything follows from the number of a task: 20 tasks make a feature, 50 features an epic (as document
002 has it), each task has changed five times. So any epic can be made, beside those that are there.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from .models import AGENTS, STATUSES

TASKS_PER_FEATURE = 20
FEATURES_PER_EPIC = 50
TASKS_PER_EPIC = TASKS_PER_FEATURE * FEATURES_PER_EPIC
CHANGES_PER_TASK = 5

TASKS_PER_USER = 500
PROJECTS_PER_USER = 2
LISTS_PER_PROJECT = 3

UNTIL_MS = 1_767_225_600_000  # 2026-01-01, the moment at which the half year ends unless another is given
DAY_MS = 86_400_000
LONGEST_AGO_DAYS = 180

# Of a hundred tasks, in the order of STATUSES: most are done, a quarter waits.
SPREAD = (25, 10, 4, 6, 45, 10)
# How a task got to its status; the five changes end there.
WAYS: dict[str, tuple[str, ...]] = {
    "todo": ("todo", "in_progress", "todo", "blocked", "todo"),
    "in_progress": ("todo", "in_progress", "blocked", "todo", "in_progress"),
    "blocked": ("todo", "in_progress", "todo", "in_progress", "blocked"),
    "ready_for_review": ("todo", "in_progress", "blocked", "in_progress", "ready_for_review"),
    "completed": ("todo", "in_progress", "blocked", "ready_for_review", "completed"),
    "archived": ("todo", "in_progress", "ready_for_review", "completed", "archived"),
}
PRIORITIES = (1, 2, 3, 3, 4, 5, 5, 5, 5, 6, 7, 8, 9, 10)

Row = tuple[Any, ...]


class Place(NamedTuple):
    """A list, its project and its user: where a task may stand."""

    user: str
    project: str
    list: str


class People(NamedTuple):
    """The users with their projects and lists, and the places that follow from these."""

    users: list[Row]
    projects: list[Row]
    lists: list[Row]
    places: list[Place]


class Tasks(NamedTuple):
    """Epics, features, tasks and their changes."""

    epics: list[Row]
    features: list[Row]
    tasks: list[Row]
    changes: list[Row]


def people(tasks: int, seed: int, until_ms: int = UNTIL_MS) -> People:
    """As many users as so many tasks need, with two projects of three lists each."""
    chance = random.Random(f"people {seed}")
    made = People([], [], [], [])
    born = until_ms - (LONGEST_AGO_DAYS + 30) * DAY_MS
    for number in range(1, max(2, tasks // TASKS_PER_USER) + 1):
        user = _uuid(chance)
        seen = until_ms - chance.randrange(LONGEST_AGO_DAYS * DAY_MS) if number % 8 else None
        made.users.append((user, f"user{number}@example.org", number % 10 != 0, seen, born))
        for p in range(PROJECTS_PER_USER):
            project = _uuid(chance)
            made.projects.append((project, user, f"project {number}.{p}", born, until_ms - p * DAY_MS))
            for order in range(LISTS_PER_PROJECT):
                place = Place(user, project, _uuid(chance))
                made.lists.append((place.list, user, project, f"list {order}", order or None, born))
                made.places.append(place)
    return made


def tasks(first: int, count: int, seed: int, places: list[Place], until_ms: int = UNTIL_MS) -> Tasks:
    """Tasks number ``first`` (from 1) and on, ``first`` being the first of an epic, with all around them."""
    chance = random.Random(f"tasks {seed} {first}")
    numbers = range(first, first + count)
    born = until_ms - LONGEST_AGO_DAYS * DAY_MS
    features = range(feature_of(numbers[0]), feature_of(numbers[-1]) + 1)
    epics = range(epic_of(features[0]), epic_of(features[-1]) + 1)
    made = Tasks(
        [(n, epic_key(n), f"Epic {n}", "active", born, until_ms) for n in epics],
        [(n, epic_of(n), feature_key(n), f"Feature {n}", "active", 0.0, born, until_ms) for n in features],
        [],
        [],
    )
    statuses = chance.choices(STATUSES, SPREAD, k=count)
    for number, status in zip(numbers, statuses, strict=True):
        place = chance.choice(places)
        created = born + int(chance.random() * (LONGEST_AGO_DAYS - 10) * DAY_MS)
        step = int(chance.random() * 2 * DAY_MS)
        made.tasks.append(_task(number, status, place, created, created + CHANGES_PER_TASK * step, chance))
        made.changes.extend(_changes(number, status, created, step))
    return made


def _task(number: int, status: str, place: Place, created: int, updated: int, chance: random.Random) -> Row:
    return (
        number,
        feature_of(number),
        task_key(number),
        f"Make part {number} work",
        f"What part {number} does, and how one sees that it is done. " * (number % 3) or None,
        status,
        chance.choice(AGENTS),
        chance.choice(PRIORITIES),
        *place,
        number if number % 5 else None,
        _day(updated + 7 * DAY_MS) if number % 3 else None,
        created,
        updated,
    )


def _changes(task: int, status: str, created: int, step: int) -> Iterator[Row]:
    before: str | None = None
    for change, after in enumerate(WAYS[status], 1):
        yield task, before, after, "agent", created + change * step
        before = after


def feature_of(task: int) -> int:
    """The number of a task's feature."""
    return (task - 1) // TASKS_PER_FEATURE + 1


def epic_of(feature: int) -> int:
    """The number of a feature's epic."""
    return (feature - 1) // FEATURES_PER_EPIC + 1


def epic_key(epic: int) -> str:
    """As ``E04``."""
    return f"E{epic:02d}"


def feature_key(feature: int) -> str:
    """As ``E04-F01``; features count from 1 in each epic."""
    return f"{epic_key(epic_of(feature))}-F{(feature - 1) % FEATURES_PER_EPIC + 1:02d}"


def task_key(task: int) -> str:
    """As ``T-E04-F01-001``; tasks count from 1 in each feature."""
    return f"T-{feature_key(feature_of(task))}-{(task - 1) % TASKS_PER_FEATURE + 1:03d}"


def _day(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).date().isoformat()


def _uuid(chance: random.Random) -> str:
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))
