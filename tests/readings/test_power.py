"""What feeds the machine is told, or unknown."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.readings.power import FRESH_SECONDS, Battery, Feed, Power, combine, on_battery

from .conftest import Tree

SUPPLY = "class/power_supply/"


def test_a_laptop_on_mains(tree: Tree) -> None:
    """Its battery and its adapter."""
    root = tree(
        {
            f"{SUPPLY}BAT0/type": "Battery\n",
            f"{SUPPLY}BAT0/capacity": "84\n",
            f"{SUPPLY}BAT0/status": "Charging\n",
            f"{SUPPLY}AC/type": "Mains\n",
            f"{SUPPLY}AC/online": "1\n",
        }
    )
    assert Power(root).read() == Feed(84.0, True)


def test_a_laptop_that_charges_by_usb(tree: Tree) -> None:
    """The adapter's own socket is empty, a USB one is not."""
    root = tree(
        {
            f"{SUPPLY}BAT0/type": "Battery",
            f"{SUPPLY}BAT0/capacity": "20",
            f"{SUPPLY}AC/type": "Mains",
            f"{SUPPLY}AC/online": "0",
            f"{SUPPLY}ucsi-source-psy-1/type": "USB",
            f"{SUPPLY}ucsi-source-psy-1/online": "1",
        }
    )
    assert Power(root).read().on_mains is True
    tree({f"{SUPPLY}ucsi-source-psy-1/online": "0"})
    assert Power(root).read().on_mains is False


def test_the_battery_of_a_mouse_is_not_the_machines(tree: Tree) -> None:
    """Its charge is not even asked for: that would wake it."""
    root = tree(
        {
            f"{SUPPLY}hidpp_battery_0/type": "Battery",
            f"{SUPPLY}hidpp_battery_0/scope": "Device",
            f"{SUPPLY}hidpp_battery_0/capacity": "5",
        }
    )
    assert Power(root).read() == Feed(None, None)


def test_a_battery_without_capacity_is_reckoned_from_its_energy(tree: Tree) -> None:
    """Some firmware tells microwatt-hours only."""
    root = tree(
        {
            f"{SUPPLY}BAT0/type": "Battery",
            f"{SUPPLY}BAT0/energy_now": "25000000",
            f"{SUPPLY}BAT0/energy_full": "50000000",
            f"{SUPPLY}BAT0/status": "Discharging",
        }
    )
    assert Power(root).read() == Feed(50.0, False)


def test_two_batteries_count_by_what_they_hold() -> None:
    """90 % of a large and 10 % of a small one are more than half."""
    both = [Battery(90.0, 60e6, "Unknown"), Battery(10.0, 20e6, "Discharging")]
    assert combine(both, [False]) == Feed(70.0, False)


@pytest.mark.parametrize(
    ("status", "on_mains"),
    [("Discharging", False), ("Charging", True), ("Full", True), ("Not charging", True), ("Unknown", None)],
)
def test_without_an_adapter_the_batterys_doing_tells(status: str, on_mains: bool | None) -> None:
    """Some tablets list no adapter at all."""
    assert combine([Battery(50.0, None, status)], []).on_mains is on_mains


@pytest.mark.parametrize(("mains", "on_mains"), [([], None), ([False, False], None), ([False, True], True)])
def test_a_desktop_is_never_on_battery(mains: list[bool], on_mains: bool | None) -> None:
    """Its empty USB sockets tell nothing."""
    assert combine([], mains) == Feed(None, on_mains)


def test_the_firmware_is_asked_every_ten_seconds_at_most(tree: Tree) -> None:
    """It may be a slow embedded controller."""
    root = tree({f"{SUPPLY}AC/type": "Mains", f"{SUPPLY}AC/online": "1"})
    power = Power(root)
    assert power.read(100.0).on_mains is True
    tree({f"{SUPPLY}BAT0/type": "Battery", f"{SUPPLY}BAT0/capacity": "9", f"{SUPPLY}AC/online": "0"})
    assert power.read(100.0 + FRESH_SECONDS - 0.1) == Feed(None, True)
    assert power.read(100.0 + FRESH_SECONDS) == Feed(9.0, False)


def test_a_machine_without_supplies_tells_nothing(tmp_path: Path) -> None:
    """Neither yes nor no."""
    assert Power(tmp_path).read() == Feed(None, None)


def test_this_machine_answers_yes_no_or_unknown() -> None:
    """A real reading."""
    assert on_battery() in {True, False, None}
