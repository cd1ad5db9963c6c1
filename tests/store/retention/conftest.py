"""A record that is kept by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.answers.made import Made
from tests.store.retention.aged import NOW_MS, Aged


@pytest.fixture
def aged(tmp_path: Path) -> Iterator[Aged]:
    """An empty one."""
    made = Made(tmp_path / "c.db", NOW_MS)
    yield Aged(made)
    made.close()
