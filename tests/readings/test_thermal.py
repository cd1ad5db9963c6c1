"""Only the processor is asked how hot it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.readings.thermal import Thermal, find

from .conftest import Tree

HWMON = "class/hwmon/hwmon"
ZONE = "class/thermal/thermal_zone"


def test_the_package_stands_for_its_cores(tree: Tree) -> None:
    """Each core's own sensor is asked by waking the core; the package is the hottest of them."""
    root = tree(
        {
            f"{HWMON}0/name": "coretemp\n",
            f"{HWMON}0/temp1_label": "Package id 0\n",
            f"{HWMON}0/temp1_input": "61000\n",
            f"{HWMON}0/temp2_label": "Core 0\n",
            f"{HWMON}0/temp2_input": "59000\n",
        }
    )
    assert [path.name for path in find(root)] == ["temp1_input"]
    assert Thermal(root).read() == 61.0


def test_the_hottest_of_two_sockets_is_told(tree: Tree) -> None:
    """One package each."""
    files = {}
    for socket, temperature in enumerate(("48000", "73500")):
        files[f"{HWMON}{socket}/name"] = "coretemp"
        files[f"{HWMON}{socket}/temp1_label"] = f"Package id {socket}"
        files[f"{HWMON}{socket}/temp1_input"] = temperature
    assert Thermal(tree(files)).read() == 73.5


def test_the_figure_for_the_fan_is_no_temperature(tree: Tree) -> None:
    """Tctl of a Threadripper lies 27 degrees above the die."""
    root = tree(
        {
            f"{HWMON}0/name": "k10temp",
            f"{HWMON}0/temp1_label": "Tctl",
            f"{HWMON}0/temp1_input": "77000",
            f"{HWMON}0/temp2_label": "Tdie",
            f"{HWMON}0/temp2_input": "50000",
        }
    )
    assert Thermal(root).read() == 50.0


def test_a_sleeping_drive_is_never_asked(tree: Tree) -> None:
    """Reading the sensor of a drive would wake it."""
    root = tree(
        {
            f"{HWMON}0/name": "nvme",
            f"{HWMON}0/temp1_input": "90000",
            f"{HWMON}1/name": "drivetemp",
            f"{HWMON}1/temp1_input": "95000",
            f"{HWMON}2/name": "zenpower",
            f"{HWMON}2/temp1_input": "45000",
        }
    )
    assert find(root) == [root / f"{HWMON}2/temp1_input"]


def test_thermal_zones_serve_where_no_driver_does(tree: Tree) -> None:
    """The firmware's own zone only where the processor has none."""
    root = tree(
        {
            f"{ZONE}0/type": "acpitz",
            f"{ZONE}0/temp": "27800",
            f"{ZONE}1/type": "iwlwifi_1",
            f"{ZONE}1/temp": "60000",
        }
    )
    assert Thermal(root).read() == 27.8
    tree({f"{ZONE}2/type": "x86_pkg_temp", f"{ZONE}2/temp": "44000"})
    assert Thermal(root).read() == 44.0


@pytest.mark.parametrize("nonsense", ["-128000", "255000", "-273150", "", "N/A"])
def test_a_sensor_without_a_value_tells_nothing(tree: Tree, nonsense: str) -> None:
    """What such sensors say instead of an error is no temperature."""
    root = tree({f"{HWMON}0/name": "cpu_thermal", f"{HWMON}0/temp1_input": nonsense})
    assert Thermal(root).read() is None


def test_sensors_are_looked_for_again_when_all_fell_silent(tree: Tree) -> None:
    """A driver that was loaded anew gets a new number."""
    root = tree({f"{HWMON}0/name": "coretemp", f"{HWMON}0/temp1_input": ""})
    thermal = Thermal(root)
    assert thermal.read() is None
    tree({f"{HWMON}0/name": "other", f"{HWMON}5/name": "coretemp", f"{HWMON}5/temp1_input": "40000"})
    assert thermal.read() == 40.0


def test_a_machine_without_sensors_is_none(tmp_path: Path) -> None:
    """Most virtual machines."""
    assert Thermal(tmp_path).read() is None


def test_this_machine_is_neither_frozen_nor_molten() -> None:
    """A real reading, where there is one."""
    celsius = Thermal().read()
    assert celsius is None or 0 < celsius < 115
