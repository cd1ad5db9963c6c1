"""How a group of samplers takes a turn, and how little one of them can do to the others."""

from __future__ import annotations

import threading
from typing import Any

import msgspec
import pytest

from collector import clock
from collector.records.sensor import SensorSample
from collector.samplers.base import Context, Group, Missing, Sampler, Seat, rates

AT = clock.Instant(1_000_000, 50.0, 60.0)


class Counter(Sampler[int]):
    """Tells how much its counter gained, as a temperature."""

    name = "counter"
    may_block = False

    def __init__(self, context: Context, *readings: int) -> None:
        super().__init__(context)
        self.readings = list(readings)
        self.error: Exception | None = None

    def read(self) -> int:
        """The next of the given readings, or the error that was put in its way."""
        if self.error is not None:
            raise self.error
        return self.readings.pop(0)

    def records(self, before: int | None, now: int, seconds: float, timestamp: int) -> list[msgspec.Struct]:
        """One row."""
        gained = now if before is None or not self.rates else now - before
        return [SensorSample.record(timestamp=timestamp, temperature_celsius=gained)]


class Level(Counter):
    """Tells its reading as it is."""

    name = "level"
    rates = False


class Hanging(Level):
    """Waits until it is let go."""

    name = "hanging"
    may_block = True

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.reached = threading.Event()
        self.go = threading.Event()

    def read(self) -> int:
        """Tell that it is here, and wait."""
        self.reached.set()
        self.go.wait(20)
        return 7


def told(records: list[msgspec.Struct]) -> list[Any]:
    """What the samplers of this file had to say."""
    return [record.temperature_celsius for record in records]  # type: ignore[attr-defined]


def turned(group: Group, at: clock.Instant = AT) -> list[list[Any]]:
    """One turn of a group: what was put, put by put."""
    puts: list[list[Any]] = []
    group.turn(at, lambda _, records: puts.append(told(records)))
    return puts


def test_a_first_reading_gives_no_rates(fake: Context) -> None:
    """There is nothing to compare it with; a zero would be a lie."""
    seat = Seat(Counter(fake, 100, 130))
    assert seat.turn(1) == []
    assert told(seat.turn(2)) == [30]


def test_a_level_needs_one_reading_only(fake: Context) -> None:
    """A temperature is a temperature."""
    assert told(Seat(Level(fake, 41)).turn(1)) == [41]


def test_no_rate_crosses_a_gap(fake: Context) -> None:
    """After `forget` the next reading is a first one again."""
    seat = Seat(Counter(fake, 1, 2, 500, 503))
    seat.turn(1)
    assert told(seat.turn(2)) == [1]
    seat.forget()
    assert seat.turn(3) == []
    assert told(seat.turn(4)) == [3]


def test_no_rate_crosses_a_gap_that_comes_while_reading(fake: Context) -> None:
    """Nobody knows on which side of the gap such a reading lies, so it is used for nothing."""

    class Interrupted(Counter):
        def read(self) -> int:
            value = super().read()
            if value == 5:
                seat.forget()
            return value

    seat = Seat(Interrupted(fake, 1, 5, 900, 901))
    assert [told(seat.turn(n)) for n in range(4)] == [[], [], [], [1]]


def test_priming_gives_the_first_turn_something_to_compare(fake: Context) -> None:
    """Only of rates: what may hang is not asked while starting."""
    group = Group([Seat(Counter(fake, 10, 14)), Seat(Level(fake, 3))])
    group.prime()
    assert turned(group) == [[4, 3]]


def test_all_records_of_a_turn_have_its_timestamp(fake: Context) -> None:
    """So that the rows of one tick can be joined."""
    group = Group([Seat(Level(fake, 1)), Seat(Level(fake, 2))])
    stamps: list[int] = []
    group.turn(AT, lambda _, records: stamps.extend(record.timestamp for record in records))  # type: ignore[attr-defined]
    assert stamps == [1_000_000, 1_000_000]


def test_a_raising_sampler_does_not_stop_its_group(fake: Context, said: list[dict[str, Any]]) -> None:
    """It is said once with its name, counted, and its recovery is said too."""
    broken = Counter(fake, 1, 2)
    seat = Seat(broken)
    group = Group([seat, Seat(Level(fake, 1, 2, 3, 4))])
    broken.error = ValueError("no number")
    assert turned(group) == [[1]]
    assert turned(group) == [[2]]
    health = seat.health()
    assert (health["state"], health["reason"], health["failures"]) == ("failing", "ValueError: no number", 2)
    broken.error = None
    assert turned(group) == [[3]]
    assert turned(group) == [[1, 4]]
    assert seat.health()["state"] == "ok"
    assert [event["event"] for event in said] == ["sampler.failed", "sampler.failed.over"]
    assert said[0]["sampler"] == "counter"


def test_no_rate_crosses_a_failure(fake: Context) -> None:
    """What happened meanwhile is unknown."""
    broken = Counter(fake, 1, 100, 101)
    seat = Seat(broken)
    seat.turn(1)
    broken.error = OSError("gone")
    seat.turn(2)
    broken.error = None
    assert seat.turn(3) == []
    assert told(seat.turn(4)) == [1]


def test_a_missing_subject_is_said_once_and_left_out(fake: Context, said: list[dict[str, Any]]) -> None:
    """A desktop has no battery, and that is no failure."""
    absent = Level(fake)
    absent.error = Missing("this machine has no battery")
    seat = Seat(absent)
    for n in range(3):
        assert seat.turn(n) == []
    assert [(event["event"], event["log_level"], event["reason"]) for event in said] == [
        ("sampler.missing", "info", "this machine has no battery")
    ]
    assert seat.health() | {"duration_ms": None} == {
        "name": "level",
        "state": "missing",
        "reason": "this machine has no battery",
        "duration_ms": None,
        "failures": 0,
        "skipped": 0,
    }


def test_a_hanging_sampler_is_skipped_and_the_others_go_on(fake: Context, said: list[dict[str, Any]]) -> None:
    """Its turn stays in one thread; turns in other threads do without it."""
    hanging = Hanging(fake)
    seat = Seat(hanging)
    group = Group([seat, Seat(Level(fake, 1, 2, 3))])
    first: list[list[Any]] = []
    thread = threading.Thread(target=lambda: first.extend(turned(group)))
    thread.start()
    assert hanging.reached.wait(20)
    assert first == []
    assert turned(group) == [[2], []]
    health = seat.health()
    assert (health["state"], health["skipped"]) == ("hanging", 1)
    hanging.go.set()
    thread.join(20)
    assert first == [[1], [7]]
    assert seat.health()["state"] == "ok"
    assert turned(group) == [[3], [7]]
    assert [event["event"] for event in said] == ["sampler.hangs", "sampler.hangs.over"]


def test_what_cannot_hang_is_stored_before_what_can_is_asked(fake: Context) -> None:
    """Whatever the order in which the samplers announced themselves."""
    hanging = Hanging(fake)
    hanging.go.set()
    assert turned(Group([Seat(hanging), Seat(Level(fake, 1)), Seat(Level(fake, 2))])) == [[1, 2], [7]]


def test_each_turn_is_timed(fake: Context) -> None:
    """So that a dear sampler can be found."""
    seat = Seat(Level(fake, 1))
    assert seat.health()["duration_ms"] is None
    seat.turn(1)
    assert 0 < seat.health()["duration_ms"] < 1000


@pytest.mark.parametrize(
    ("before", "now", "seconds", "expected"),
    [
        ((0, 10), (10, 10), 2.0, [5.0, 0.0]),
        ((0, 10), (10, 9), 2.0, None),
        ((2**32 - 1,), (5,), 1.0, None),
        ((0,), (5,), 0.0, None),
        ((0,), (5,), -1.0, None),
    ],
)
def test_a_counter_that_went_back_gives_no_rate(
    before: tuple[int, ...], now: tuple[int, ...], seconds: float, expected: list[float] | None
) -> None:
    """Neither a negative one nor that of a guess at where it wrapped."""
    assert rates(before, now, seconds) == expected
