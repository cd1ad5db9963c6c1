"""The pace of sampling: slower on battery."""

from __future__ import annotations

from collector.pace import Pace
from collector.settings import Sampling
from collector.units import Duration

SAMPLING = Sampling(every=Duration(5), on_battery=Duration(15))


def test_on_mains_the_settings_count() -> None:
    """The common interval, or a sampler's own."""
    pace = Pace(SAMPLING, lambda: False)
    pace.look(0.0)
    assert (pace.every(), pace.every(Duration(30))) == (5.0, 30.0)


def test_on_battery_nothing_is_read_more_often_than_set() -> None:
    """What is rarer anyway stays as it is."""
    pace = Pace(SAMPLING, lambda: True)
    pace.look(0.0)
    assert (pace.every(), pace.every(Duration(30))) == (15.0, 30.0)


def test_a_machine_that_does_not_tell_runs_on_mains() -> None:
    """Desktops have no battery to tell of."""
    pace = Pace(SAMPLING, lambda: None)
    pace.look(0.0)
    assert pace.every() == 5.0


def test_the_power_supply_is_read_every_ten_seconds_at_most() -> None:
    """It is cheap, but not free."""
    asked: list[bool] = []
    pace = Pace(SAMPLING, lambda: asked.append(True) or True)
    for at in (0.0, 5.0, 9.9, 10.0, 12.0, 21.0):
        pace.look(at)
    assert len(asked) == 3
