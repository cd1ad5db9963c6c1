"""How hot the processor is.

Only sensors of the processor are ever read. Others are left alone on purpose: asking an NVMe or disk
sensor is a command to the drive, which wakes it when it sleeps.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from collector.readings.kernel_file import KernelFile, read_word

DRIVERS = {"coretemp", "k10temp", "zenpower", "cpu_thermal"}
ZONES = {"x86_pkg_temp", "cpu-thermal", "cpu_thermal"}
# The firmware's own zone: often the processor's, sometimes a constant. Better than nothing.
LAST_RESORT = {"acpitz"}


class Thermal:
    """The processor's sensors, found at the first reading and kept open."""

    def __init__(self, sys: str | Path = "/sys") -> None:
        self._sys = Path(sys)
        self._files: list[KernelFile] | None = None

    def read(self) -> float | None:
        """The hottest of them in °C; None where there is none."""
        files = self._files
        if files is None:
            self._files = files = [KernelFile(path) for path in find(self._sys)]
        told = [celsius for file in files if (celsius := _celsius(file)) is not None]
        if files and not told:
            self._files = None  # the driver was loaded anew: look again, at the next reading
        return max(told, default=None)


def find(sys: Path) -> list[Path]:
    """Files that tell the processor's temperature, from the best source that the machine has."""
    return (
        [path for hwmon in _folders(sys / "class/hwmon", "name", DRIVERS) for path in _inputs(hwmon)]
        or [zone / "temp" for zone in _folders(sys / "class/thermal", "type", ZONES)]
        or [zone / "temp" for zone in _folders(sys / "class/thermal", "type", LAST_RESORT)]
    )


def _folders(parent: Path, file: str, wanted: set[str]) -> Iterator[Path]:
    return (found.parent for found in sorted(parent.glob(f"*/{file}")) if read_word(found) in wanted)


def _inputs(hwmon: Path) -> list[Path]:
    """One file a processor where it has one for the whole: each core's own is asked by waking the core.

    AMD's ``Tctl`` is a figure for the fan, up to 27 degrees above ``Tdie``, which is the true one.
    """
    labelled = {path: read_word(_label(path)) or "" for path in sorted(hwmon.glob("temp*_input"))}
    for whole in ("Package", "Tdie"):
        if chosen := [path for path, label in labelled.items() if label.startswith(whole)]:
            return chosen
    return list(labelled)


def _label(path: Path) -> Path:
    return path.with_name(path.name.replace("_input", "_label"))


def _celsius(file: KernelFile) -> float | None:
    try:
        celsius = int(file.read()) / 1000
    except (OSError, ValueError):
        return None
    # A sensor without a value tells 0 K, -128 or 255 degrees rather than an error.
    return celsius if -50 < celsius < 150 else None
