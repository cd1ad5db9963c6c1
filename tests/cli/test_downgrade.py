"""Taking migrations back one by one, on a folder of migrations of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.errors import DatabaseError, UsageError
from collector.orm import peewee, select
from collector.store.database import open_writer
from collector.store.downgrade import NOTHING, downgrade
from collector.store.schema import runner, stamp

NAMES = ["0001_first", "0002_second", "0003_third"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three migrations, each of which makes a table."""
    made = tmp_path / "migrations"
    made.mkdir()
    for name in NAMES:
        table = name[5:]
        (made / f"{name}.py").write_text(
            f"def up(migrator, db):\n    db.execute_sql('CREATE TABLE {table} (x)')\n"
            f"def down(migrator, db):\n    db.execute_sql('DROP TABLE {table}')\n"
        )
    return made


@pytest.fixture
def database(tmp_path: Path, folder: Path) -> Iterator[peewee.SqliteDatabase]:
    """A file that all three went through."""
    made = open_writer(tmp_path / "c.db")
    runner(made, folder).up()
    stamp(made)
    yield made
    made.close()


def tables(database: peewee.SqliteDatabase) -> set[str]:
    """Those that the migrations make."""
    names = {name for (name,) in select(database, "SELECT name FROM sqlite_master WHERE type = 'table'")}
    return names & {name[5:] for name in NAMES}


@pytest.mark.parametrize(
    ("to", "reverted", "version"),
    [
        (None, ["0003_third"], 2),
        ("0002_second", ["0003_third"], 2),
        ("0001", ["0003_third", "0002_second"], 1),
        ("0003_third", [], 3),
        (NOTHING, ["0003_third", "0002_second", "0001_first"], 0),
    ],
)
def test_everything_after_the_named_one_goes(
    database: peewee.SqliteDatabase,
    folder: Path,
    tmp_path: Path,
    to: str | None,
    reverted: list[str],
    version: int,
) -> None:
    """Newest first; the file's version says what is left."""
    assert downgrade(database, tmp_path / "c.db", to, folder) == reverted
    assert database.pragma("user_version") == version
    assert tables(database) == {name[5:] for name in NAMES if name not in reverted}


@pytest.mark.parametrize("to", ["", "000", "0004", "second", "0001_first; DROP TABLE first"])
def test_a_name_must_mean_one_of_them(
    database: peewee.SqliteDatabase, folder: Path, tmp_path: Path, to: str
) -> None:
    """Otherwise nothing is changed."""
    with pytest.raises(UsageError, match="no migration in this file is named"):
        downgrade(database, tmp_path / "c.db", to, folder)
    assert len(tables(database)) == 3


def test_one_that_fails_leaves_those_before_it_too(
    database: peewee.SqliteDatabase, folder: Path, tmp_path: Path
) -> None:
    """The file is of one version, and says which."""
    (folder / "0002_second.py").write_text(
        "def down(migrator, db):\n    db.execute_sql('DROP TABLE nowhere')\n"
    )
    with pytest.raises(DatabaseError):
        downgrade(database, tmp_path / "c.db", NOTHING, folder)
    assert tables(database) == {name[5:] for name in NAMES}
    assert database.pragma("user_version") == 3
    assert database.pragma("foreign_keys") == 1
