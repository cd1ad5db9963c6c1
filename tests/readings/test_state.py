"""The state of the machine during a run: over the run where it is long enough, else over a bit more."""

from __future__ import annotations

import dataclasses
import itertools
import os
import threading
from pathlib import Path

import pytest

from collector.readings.pressure import Totals, Waited
from collector.readings.state import Look, MachineState, Meter

from .conftest import Tree

MEMINFO = "MemTotal: 1000 kB\nMemAvailable: 400 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n"
STAT = "cpu  {} 0 0 {} 0 0 0 0 0 0\ncpu0 0\ncpu1 0\nctxt 5\n"
NOTHING = Totals(0, 0)


def look(at: float, busy: float, *, cores: int = 2, waited: Waited | None = None) -> Look:
    """A look at ``at`` seconds, when the cores had been busy for ``busy`` seconds in all."""
    return Look(at, at * cores, at * cores - busy, cores, waited)


@pytest.fixture
def meter(tree: Tree) -> Meter:
    """A meter of a machine that has nothing but memory."""
    root = tree({"stat": STAT.format(100, 900), "meminfo": MEMINFO})
    return Meter(proc=root, sys=root / "sys")


def test_a_long_run_is_judged_by_itself(meter: Meter) -> None:
    """Three of twenty seconds of two cores."""
    state = meter.state(look(100, 50), look(110, 53))
    assert state.busy_percent == pytest.approx(15.0)
    assert state.busy_seconds == pytest.approx(3.0)
    assert state.window_seconds == 10
    assert state.cores == 2


def test_a_short_run_borrows_the_newest_look_a_second_before_its_end(meter: Meter) -> None:
    """Over 0.1 s the ticks of /proc/stat would be rounding."""
    for at, busy in ((95.0, 0.0), (97.0, 1.0), (99.5, 2.0)):
        meter.note(look(at, busy))
    state = meter.state(look(100, 2.0), look(100.1, 2.2))
    assert state.window_seconds == pytest.approx(3.1)
    assert state.busy_seconds == pytest.approx(1.2)
    assert state.busy_percent == pytest.approx(100 * 1.2 / 6.2)


def test_a_short_run_without_a_kept_look_is_unknown(meter: Meter) -> None:
    """Unknown is not zero; the window is the run's own."""
    state = meter.state(look(100, 2.0), look(100.1, 2.2))
    assert state.busy_percent is None
    assert state.busy_seconds is None
    assert state.window_seconds == pytest.approx(0.1)


def test_a_look_of_long_ago_says_nothing_about_a_short_run(meter: Meter) -> None:
    """What the machine did a minute ago is another matter."""
    meter.note(look(40, 0.0))
    assert meter.state(look(100, 60.0), look(100.1, 60.2)).busy_percent is None


def test_looks_closer_than_a_second_are_not_kept(meter: Meter) -> None:
    """However often it is asked, a few looks reach back far enough."""
    for i in range(1000):
        meter.note(look(100 + i / 10, 0.0))
    kept = [kept.monotonic for kept in meter._kept]
    assert len(kept) == 30
    assert min(later - earlier for earlier, later in itertools.pairwise(kept)) >= 1


def test_threads_may_note_and_ask_at_once(meter: Meter) -> None:
    """Several workloads run at a time."""

    def work() -> None:
        for i in range(300):
            meter.note(look(100 + i, i))
            meter.state(look(400, 300), look(400.1, 300.1))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert meter.state(look(400, 300), look(400.1, 300.1)).busy_percent is not None


def test_pressure_is_over_the_run_however_short(meter: Meter) -> None:
    """PSI counts microseconds."""
    start = look(100, 0, waited=Waited(NOTHING, NOTHING, NOTHING))
    end = look(100.01, 0, waited=Waited(Totals(5_000, 0), Totals(1_000, 0), Totals(0, 0)))
    state = meter.state(start, end)
    assert state.cpu_some_percent == pytest.approx(50.0)
    assert state.memory_some_percent == pytest.approx(10.0)
    assert state.io_some_percent == pytest.approx(0.0)


def test_what_a_machine_does_not_tell_is_none(meter: Meter) -> None:
    """No pressure, no sensors, no supplies; memory it has."""
    state = meter.state(look(100, 0), look(101, 1))
    assert state == MachineState(
        busy_percent=50.0,
        cpu_some_percent=None,
        memory_some_percent=None,
        io_some_percent=None,
        available_bytes=400 * 1024,
        temperature_celsius=None,
        frequency_mhz=None,
        on_battery=None,
        busy_seconds=1.0,
        window_seconds=1,
        cores=2,
    )


def test_idle_time_that_went_back_makes_no_more_than_all_busy(meter: Meter) -> None:
    """I/O wait may decrease (proc(5))."""
    state = meter.state(Look(100, 200, 100, 2, None), Look(101, 202, 99.9, 2, None))
    assert state.busy_percent == 100.0


def test_counters_that_started_anew_are_unknown(meter: Meter) -> None:
    """No negative share."""
    assert meter.state(look(100, 50), Look(101, 3, 1, 2, None)).busy_percent is None


def test_a_look_sums_what_the_kernel_counts(meter: Meter, tree: Tree) -> None:
    """Ticks of 10 ms become seconds of all cores."""
    ticks = os.sysconf("SC_CLK_TCK")
    first = meter.look()
    assert (first.total_seconds, first.idle_seconds, first.cores) == (1000 / ticks, 900 / ticks, 2)
    tree({"stat": STAT.format(200, 900)})
    assert meter.look().idle_seconds == first.idle_seconds


def test_the_battery_is_told_from_the_supplies(tree: Tree) -> None:
    """On battery is the opposite of on mains."""
    root = tree(
        {
            "stat": STAT.format(1, 1),
            "meminfo": MEMINFO,
            "class/power_supply/BAT0/type": "Battery",
            "class/power_supply/BAT0/status": "Discharging",
        }
    )
    assert Meter(root, root).state(look(1, 0), look(2, 0)).on_battery is True


def test_this_machine_gives_shares_between_0_and_100() -> None:
    """Real readings, a short run: the looks are noted before, as the daemon does."""
    meter = Meter()
    start = meter.look()
    meter.note(start._replace(monotonic=start.monotonic - 5, total_seconds=start.total_seconds - 5))
    state = meter.state(start, meter.look())
    for name in ("busy_percent", "cpu_some_percent", "memory_some_percent", "io_some_percent"):
        share = getattr(state, name)
        assert share is None or 0 <= share <= 100
    assert state.available_bytes
    assert state.available_bytes > 1 << 20
    assert state.cores == os.cpu_count()


def test_without_proc_a_look_says_so(tmp_path: Path) -> None:
    """An error with the path, not an invented state."""
    with pytest.raises(FileNotFoundError, match="stat"):
        Meter(tmp_path, tmp_path).look()


def test_a_state_cannot_be_changed(meter: Meter) -> None:
    """Frozen data travels."""
    state = meter.state(look(100, 0), look(101, 1))
    with pytest.raises(dataclasses.FrozenInstanceError):
        state.cores = 3  # type: ignore[misc]
