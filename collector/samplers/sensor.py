"""Samples temperature and power supply."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from collector.readings.power import Power
from collector.readings.thermal import Thermal
from collector.records.sensor import SensorSample
from collector.samplers.base import Context, Missing, Sampler, sampler


class Reading(NamedTuple):
    """Levels now; each is None when nothing tells it."""

    temperature_celsius: float | None
    battery_percent: float | None
    on_mains: bool | None


@sampler
class Sensor(Sampler[Reading]):
    """The processor's temperature and the battery, through firmware that may take its time."""

    name = "sensor"
    rates = False
    may_block = True

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._thermal = Thermal(context.sys)
        self._power = Power(context.sys)
        self._told = False

    def read(self) -> Reading:
        """Source: hwmon, thermal zones and power supplies of sysfs."""
        reading = Reading(self._thermal.read(), *self._power.read())
        self._told = self._told or reading != (None, None, None)
        if not self._told:
            raise Missing("this machine tells neither temperature nor battery nor mains")
        return reading

    def records(
        self, before: Reading | None, now: Reading, seconds: float, timestamp: int
    ) -> list[msgspec.Struct]:
        """One row, unless all three fell silent for a moment."""
        if now == (None, None, None):
            return []
        return [SensorSample.record(timestamp=timestamp, **now._asdict())]
