"""The clock of the cores is measured or unknown, never a constant."""

from __future__ import annotations

from pathlib import Path

from collector.readings.frequency import MOST_POLICIES, Frequency

from .conftest import Tree

POLICY = "devices/system/cpu/cpufreq/policy{}/scaling_cur_freq"


def test_it_is_the_mean_of_all_policies(tree: Tree) -> None:
    """The files are in kHz."""
    root = tree({POLICY.format(0): "800000\n", POLICY.format(1): "2400000\n"})
    assert Frequency(root).read() == 1600.0


def test_it_is_none_on_a_machine_without_cpufreq(tmp_path: Path) -> None:
    """Most virtual machines: /proc/cpuinfo holds a constant there, which is not taken for a reading."""
    assert Frequency(tmp_path).read() is None


def test_each_reading_is_of_its_moment(tree: Tree) -> None:
    """Files stay open, values do not."""
    frequency = Frequency(tree({POLICY.format(0): "800000"}))
    assert frequency.read() == 800.0
    tree({POLICY.format(0): "3000000"})
    assert frequency.read() == 3000.0


def test_a_driver_without_an_answer_is_left_out_and_asked_again(tree: Tree) -> None:
    """Some drivers say <unknown> while a core is idle."""
    frequency = Frequency(tree({POLICY.format(0): "<unknown>", POLICY.format(1): "1000000"}))
    assert frequency.read() == 1000.0
    tree({POLICY.format(0): "3000000"})
    assert frequency.read() == 2000.0


def test_a_large_machine_is_asked_for_a_few_cores_only(tree: Tree) -> None:
    """Spread over all of them: the second half runs at twice the clock of the first."""
    root = tree({POLICY.format(f"{i:03}"): str(1_000_000 * (1 + (i >= 64))) for i in range(128)})
    frequency = Frequency(root)
    assert frequency.read() == 1500.0
    assert frequency._files is not None
    assert len(frequency._files) == MOST_POLICIES


def test_this_machine_tells_a_plausible_clock_or_none() -> None:
    """Between a sleeping core and the fastest there are."""
    mhz = Frequency().read()
    assert mhz is None or 100 < mhz < 10_000
