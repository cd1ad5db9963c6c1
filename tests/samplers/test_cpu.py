"""The processor sampler."""

from __future__ import annotations

import pytest

from collector.readings.processor import Processor
from collector.samplers.base import Context, Seat
from collector.samplers.cpu import Cpu, Reading, percents

from .conftest import Write, columns

BEFORE = Processor(100, 10, 50, 1000, 20, 1, 2, 3, 5000, 2)
LOAD = (0.5, 0.4, 0.3)


def after(**gained: float) -> Processor:
    """The counters some time after `BEFORE`."""
    return BEFORE._replace(**{name: getattr(BEFORE, name) + gain for name, gain in gained.items()})


def test_a_row_tells_shares_of_the_time_between_two_readings(fake: Context) -> None:
    """Nice time is user time, interrupts are the kernel's; what is neither idle nor waiting is busy."""
    now = after(user=2, nice=1, system=1, irq=0.5, softirq=0.5, steal=1, iowait=2, idle=12, switches=300)
    rows = Cpu(fake).records(Reading(BEFORE, LOAD, None), Reading(now, (1.0, 2.0, 3.0), 1800.0), 10.0, 77)
    assert columns(rows) == [
        {
            "timestamp": 77,
            "busy_percent": pytest.approx(30),
            "user_percent": pytest.approx(15),
            "system_percent": pytest.approx(10),
            "iowait_percent": pytest.approx(10),
            "steal_percent": pytest.approx(5),
            "load_1m": 1.0,
            "load_5m": 2.0,
            "load_15m": 3.0,
            "context_switches_per_s": 30.0,
            "frequency_mhz": 1800.0,
        }
    ]


def test_waiting_time_that_went_back_is_no_waiting() -> None:
    """The kernel may take back I/O wait; the shares still sum to 100 and none is negative."""
    share = percents(BEFORE, after(iowait=-0.3, idle=1, user=1))
    assert share == pytest.approx([50, 0, 0, 50, 0, 0, 0, 0])


def test_hardly_a_tick_is_no_reading() -> None:
    """One tick of user time in 10 ms would be told as 100 % busy."""
    assert percents(BEFORE, after(user=0.01)) is None
    assert percents(BEFORE, BEFORE) is None


def test_counters_that_started_anew_give_no_row(fake: Context) -> None:
    """No absurd rate of switches."""
    now = after(user=1, switches=-4000)
    assert Cpu(fake).records(Reading(BEFORE, LOAD, None), Reading(now, LOAD, None), 1.0, 0) == []


def test_the_files_of_the_kernel_become_a_row(fake: Context, write: Write) -> None:
    """From /proc/stat and cpufreq to the row, by way of a seat."""
    stat = "cpu  {} 0 0 1000 0 0 0 0 0 0\ncpu0 0\nintr 5\nctxt {}\nbtime 1\n"
    write(
        {
            "proc/stat": stat.format(100, 10),
            "sys/devices/system/cpu/cpufreq/policy0/scaling_cur_freq": "2000000",
        }
    )
    seat = Seat(Cpu(fake))
    assert seat.turn(1) == []
    write({"proc/stat": stat.format(200, 20)})
    (row,) = columns(seat.turn(2))
    assert (row["busy_percent"], row["frequency_mhz"]) == (100.0, 2000.0)
    assert row["context_switches_per_s"] > 0
