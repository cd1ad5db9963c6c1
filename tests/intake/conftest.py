"""What the tests of the socket share: one that serves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.intake.served import Served


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A running one, with an empty file."""
    made = Served(tmp_path)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A running one for all tests of a module: what is in its file is not known."""
    made = Served(tmp_path_factory.mktemp("shared"))
    yield made
    made.stop()
