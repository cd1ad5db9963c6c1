"""What the file is made of."""

from __future__ import annotations

import pytest

from collector.answers import storage
from collector.orm import peewee
from tests.answers.made import MINUTE, Made


@pytest.fixture
def full(made: Made) -> Made:
    """A record with something in it, all of it in the file and not in the log."""
    for n in range(500):
        made.run("unit-tests", n * MINUTE)
    made.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return made


def test_the_file_is_its_pages(full: Made, reader: peewee.SqliteDatabase) -> None:
    """Bytes are pages times their size; an emptied log is empty."""
    file = storage.file(reader, full.path)
    assert file["bytes"] == file["pages"] * file["page_bytes"] == full.path.stat().st_size
    assert (file["path"], file["wal_bytes"]) == (str(full.path), 0)


def test_every_table_is_counted(full: Made, reader: peewee.SqliteDatabase) -> None:
    """Rows of tables, none of indexes; an index follows its table."""
    found = storage.objects(reader)
    rows = {item["name"]: storage.measured(reader, item, found, {})["rows"] for item in found}
    assert (rows["workload_runs"], rows["gaps"], rows["workload_runs_workload_timestamp"]) == (500, 0, None)
    names = [item["name"] for item in found]
    assert names.index("workload_runs_workload_timestamp") > names.index("workload_runs")


def test_bytes_a_row_include_the_indexes(full: Made, reader: peewee.SqliteDatabase) -> None:
    """What a record costs is its row and all that points to it."""
    found = storage.objects(reader)
    sizes = {"workload_runs": 40_000, "workload_runs_workload_timestamp": 9_000, "gaps": 4_096}
    measured = {item["name"]: storage.measured(reader, item, found, sizes) for item in found}
    assert measured["workload_runs"]["bytes_per_row"] == 98.0
    assert measured["workload_runs"]["bytes"] == 40_000
    assert measured["gaps"]["bytes_per_row"] is None
    assert measured["cpu_samples"]["bytes"] is None


def test_sizes_add_up_to_the_file(full: Made, reader: peewee.SqliteDatabase) -> None:
    """All pages belong to something, but for the free ones and those that hold the page map."""
    sizes = storage.sizes_by_name(reader, full.path)
    if not sizes:
        pytest.skip("no SQLite here was built with dbstat")
    file = storage.file(reader, full.path)
    assert sizes.keys() >= {"workload_runs", "workload_runs_workload_timestamp"}
    assert file["bytes"] * 0.9 <= sum(sizes.values()) + file["free_bytes"] <= file["bytes"]


def test_migrations_are_told_with_their_dates(full: Made, reader: peewee.SqliteDatabase) -> None:
    """The history table as rows."""
    rows = storage.migrations(reader)
    assert rows[0]["name"] == "0001_recorder"
    assert rows[0]["applied"].startswith("20")
