"""A real taskboard of one epic, in a file of the test's own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.workloads.taskboard.board import create, opened
from collector.workloads.taskboard.fill import fill
from collector.workloads.taskboard.operation import Board

SIZE = 1000


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that the others are copies of; nobody has it open."""
    path = tmp_path_factory.mktemp("taskboard") / "taskboard.db"
    with opened(path) as database:
        create(database)
        fill(database, SIZE)
    return path


def copied(filled: Path, folder: Path) -> Iterator[Board]:
    """A copy of it, open."""
    path = folder / filled.name
    shutil.copyfile(filled, path)
    with opened(path) as database:
        yield Board(database, folder, SIZE)


@pytest.fixture
def board(filled: Path, tmp_path: Path) -> Iterator[Board]:
    """For tests that change it."""
    yield from copied(filled, tmp_path)


@pytest.fixture(scope="module")
def read_board(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    """For tests that only read."""
    yield from copied(filled, tmp_path_factory.mktemp("board"))
