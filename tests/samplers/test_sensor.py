"""The sensor sampler."""

from __future__ import annotations

import pytest

from collector.samplers.base import Context, Missing, Seat
from collector.samplers.sensor import Sensor

from .conftest import Write, columns

HOT = {"sys/class/hwmon/hwmon0/name": "coretemp", "sys/class/hwmon/hwmon0/temp1_input": "52000"}
BATTERY = {
    "sys/class/power_supply/BAT0/type": "Battery",
    "sys/class/power_supply/BAT0/capacity": "61",
    "sys/class/power_supply/BAT0/status": "Discharging",
}


def test_a_laptop_tells_all_three_at_the_first_reading(fake: Context, write: Write) -> None:
    """They are levels."""
    write(HOT | BATTERY)
    assert columns(Seat(Sensor(fake)).turn(4)) == [
        {"timestamp": 4, "temperature_celsius": 52.0, "battery_percent": 61.0, "on_mains": False}
    ]


def test_a_desktop_tells_its_temperature_and_nothing_it_does_not_know(fake: Context, write: Write) -> None:
    """Null, not zero."""
    write(HOT)
    assert columns(Seat(Sensor(fake)).turn(4)) == [
        {"timestamp": 4, "temperature_celsius": 52.0, "battery_percent": None, "on_mains": None}
    ]


def test_a_machine_that_tells_none_of_them_lacks_the_subject(fake: Context) -> None:
    """Most virtual machines."""
    with pytest.raises(Missing, match="neither temperature nor battery nor mains"):
        Sensor(fake).read()


def test_a_moment_of_silence_is_no_row_and_no_farewell(fake: Context, write: Write) -> None:
    """Right after a resume drivers may not answer; the sampler stays."""
    write(HOT)
    seat = Seat(Sensor(fake))
    assert len(seat.turn(1)) == 1
    write({"sys/class/hwmon/hwmon0/temp1_input": ""})
    assert seat.turn(2) == []
    assert seat.health()["state"] == "ok"
    write(HOT)
    assert len(seat.turn(3)) == 1
