"""The machine summed up: every figure of every sampler over a window."""

from __future__ import annotations

from collector.answers import machine
from collector.orm import peewee
from collector.records.disk import DiskSample
from collector.store.database import transaction
from collector.store.rollups.rolling import Rollups
from tests.answers.made import HOUR, MINUTE, Made


def roll_up(made: Made) -> None:
    """As the recorder does."""
    rollups, more = Rollups(), True
    while more:
        with transaction(made.conn):
            more = rollups.turn(made.now_ms)(made.conn)


def row(rows: list[machine.Row], subject: str, figure: str, key: str = "[]") -> machine.Row:
    """The one about a figure."""
    (found,) = [r for r in rows if (r["subject"], r["figure"], r["key"]) == (subject, figure, key)]
    return found


def disk(made: Made, device: str, busy: float) -> None:
    """A sample an hour ago."""
    rates = ("read_bytes_per_s", "written_bytes_per_s", "reads_per_s", "writes_per_s")
    made.add(
        DiskSample.record(
            timestamp=made.now_ms - HOUR, device=device, busy_percent=busy, **dict.fromkeys(rates, 0.0)
        )
    )


def test_a_figure_has_its_mean_bounds_and_percentiles(made: Made, reader: peewee.SqliteDatabase) -> None:
    """From rollups where they are, from rows where they are not yet."""
    for minute in range(1, 101):
        made.cpu(minute * MINUTE, float(minute))
    roll_up(made)
    made.cpu(1_000, 0.0)
    found = row(machine.summed_up(reader, made.now_ms - 3 * HOUR, made.now_ms), "cpu", "busy_percent")
    assert (found["count"], found["avg"], found["min"], found["max"]) == (101, 50.0, 0.0, 100.0)
    assert abs(found["p50"] - 50) <= 1
    assert abs(found["p95"] - 95) <= 1
    assert found["unit"] == "%"


def test_each_device_is_a_row_of_its_own(made: Made, reader: peewee.SqliteDatabase) -> None:
    """By its key."""
    disk(made, "sda", 10.0)
    disk(made, "sdb", 90.0)
    roll_up(made)
    found = machine.summed_up(reader, 0, made.now_ms)
    assert row(found, "disk", "busy_percent", '["sda"]')["avg"] == 10.0
    assert row(found, "disk", "busy_percent", '["sdb"]')["avg"] == 90.0


def test_what_has_no_value_in_the_window_is_left_out(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Neither a zero nor a row."""
    made.cpu(2 * HOUR, 50.0)
    roll_up(made)
    assert machine.summed_up(reader, made.now_ms - HOUR, made.now_ms) == []


def test_a_row_knows_its_column(made: Made, reader: peewee.SqliteDatabase) -> None:
    """For its unit and its name."""
    made.memory(MINUTE, 40.0)
    found = row(machine.summed_up(reader, 0, made.now_ms), "memory", "used_percent")
    assert machine.column_of(found).unit == "%"
