"""Holes in a window: which are told, in which words, and how much time they took."""

from __future__ import annotations

import pytest

from collector.answers import gaps
from collector.orm import peewee
from tests.answers.made import DAY, HOUR, MINUTE, Made


def told(
    reader: peewee.SqliteDatabase, made: Made, since_ago: int, until_ago: int = 0
) -> list[tuple[int, int, str]]:
    """The gaps of a window, in minutes before now."""
    found = gaps.within(reader, made.now_ms - since_ago, made.now_ms - until_ago)
    return [
        ((made.now_ms - row["from_ms"]) // MINUTE, (made.now_ms - row["to_ms"]) // MINUTE, row["reason"])
        for row in found
    ]


def test_gaps_that_touch_the_window_are_told_in_order(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Those that begin before it or end after it too; others are not."""
    made.gap(3 * HOUR, 2 * HOUR, "suspend")
    made.gap(90 * MINUTE, 80 * MINUTE, "stall")
    made.gap(30 * MINUTE, 10 * MINUTE, "stopped")
    assert told(reader, made, 150 * MINUTE, 20 * MINUTE) == [
        (180, 120, "suspend"),
        (90, 80, "stall"),
        (30, 10, "stopped"),
    ]
    assert told(reader, made, 100 * MINUTE, 40 * MINUTE) == [(90, 80, "stall")]
    assert told(reader, made, 5 * MINUTE) == []


def test_a_clock_set_back_is_a_gap_of_the_time_that_came_twice(
    made: Made, reader: peewee.SqliteDatabase
) -> None:
    """It is written from the later to the earlier moment."""
    made.gap(10 * MINUTE, 70 * MINUTE, "clock")
    assert told(reader, made, 30 * MINUTE) == [(10, 70, "clock")]


def test_what_is_shorter_than_a_tick_is_no_hole(made: Made, reader: peewee.SqliteDatabase) -> None:
    """A restart in between two samples leaves nothing out."""
    made.gap(MINUTE, MINUTE - gaps.SHORTEST_MS + 1, "stopped")
    assert told(reader, made, HOUR) == []


def test_a_recorder_that_was_stopped_leaves_a_gap_until_now(
    made: Made, reader: peewee.SqliteDatabase
) -> None:
    """Only the last session can: after others the next one began."""
    made.session(5 * HOUR, 4 * HOUR)
    made.session(3 * HOUR, HOUR)
    assert told(reader, made, DAY) == [(60, 0, "stopped")]


def test_a_recorder_that_was_killed_leaves_one_since_it_was_heard_of_last(
    made: Made, reader: peewee.SqliteDatabase
) -> None:
    """Its session has no end; three of its own intervals without a sign are enough."""
    made.session(3 * HOUR, None)
    made.recorder(11 * MINUTE)
    made.recorder(10 * MINUTE)
    assert told(reader, made, DAY) == [(10, 0, "stopped")]
    assert told(reader, made, DAY, until_ago=8 * MINUTE) == []


def test_without_samples_of_the_recorder_those_of_the_processor_tell(
    made: Made, reader: peewee.SqliteDatabase
) -> None:
    """A sampler may be off; one sample alone tells nothing."""
    made.session(3 * HOUR, None)
    made.cpu(10 * MINUTE, 5.0)
    assert told(reader, made, DAY) == []
    made.cpu(11 * MINUTE, 5.0)
    assert told(reader, made, DAY) == [(10, 0, "stopped")]


def test_a_recorder_that_runs_leaves_none(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Its session has no end."""
    made.session(3 * HOUR, None)
    assert told(reader, made, DAY) == []


@pytest.mark.parametrize(
    ("holes", "seconds"),
    [
        ([(50, 40)], 600),
        ([(50, 40), (45, 30)], 1200),
        ([(50, 40), (48, 45)], 600),
        ([(120, 50)], 600),
        ([(30, 50)], 1200),
        ([], 0),
    ],
)
def test_time_that_nobody_recorded_counts_once(
    made: Made, holes: list[tuple[int, int]], seconds: int
) -> None:
    """Within the window of the last hour, cut to it."""
    rows = [
        {"from_ms": made.now_ms - start * MINUTE, "to_ms": made.now_ms - stop * MINUTE}
        for start, stop in holes
    ]
    assert gaps.seconds_missing(rows, made.now_ms - HOUR, made.now_ms) == seconds


def test_only_the_newest_are_named(made: Made, reader: peewee.SqliteDatabase) -> None:
    """All are counted."""
    for hours in range(5, 0, -1):
        made.gap(hours * HOUR, hours * HOUR - 5 * MINUTE, "suspend" if hours > 1 else "stall")
    words = gaps.in_words(gaps.within(reader, made.now_ms - DAY, made.now_ms), made.now_ms)
    assert words.startswith("5 gaps in the window: … suspend ")
    assert words.count("suspend") == 2
    assert words.count("stall") == 1


def test_no_gap_says_nothing(made: Made) -> None:
    """No news is good news."""
    assert gaps.in_words([], made.now_ms) == ""
