"""Where each followed log was left, as the file has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.errors import DatabaseError
from collector.store.database import open_writer
from collector.store.positions import places


def test_positions_of_a_file_that_is_not_made_to_its_end_are_asked_for_again(tmp_path: Path) -> None:
    """A full disk leaves a database without tables: one kind of error says so, as for any other reason."""
    path = tmp_path / "c.db"
    with pytest.raises(DatabaseError, match="there is no"):
        places(path)
    open_writer(path).close()
    with pytest.raises(DatabaseError) as caught:
        places(path)
    assert caught.value.hint == "SQLite says: no such table: tail_positions"
