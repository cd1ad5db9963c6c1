"""An empty record to be refreshed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.answers.made import Made
from tests.store.refreshed import NOW, Refreshed


@pytest.fixture
def refreshed(tmp_path: Path) -> Iterator[Refreshed]:
    """An empty one."""
    made = Made(tmp_path / "c.db", NOW)
    with made.reader() as reader:
        yield Refreshed(made, reader)
    made.close()
