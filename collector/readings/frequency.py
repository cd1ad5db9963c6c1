"""The clock of the cores, from cpufreq."""

from __future__ import annotations

from pathlib import Path

from collector.readings.kernel_file import KernelFile

# As many policies as are read, spread over all there are. A large machine has one for each core, and
# kernels before 5.18 wait up to 10 ms for each core that is busy.
MOST_POLICIES = 8


class Frequency:
    """The cpufreq policies of one machine, found at the first reading and kept open."""

    def __init__(self, sys: str | Path = "/sys") -> None:
        self._folder = Path(sys, "devices/system/cpu/cpufreq")
        self._files: list[KernelFile] | None = None

    def read(self) -> float | None:
        """Mean clock in MHz now; None where the machine tells none.

        There is no falling back on /proc/cpuinfo: in most virtual machines it holds a constant, and a
        constant is no measurement.
        """
        files = self._files
        if files is None:
            self._files = files = self._find()
        khz = []
        for file in files:
            try:
                khz.append(int(file.read()))
            except (OSError, ValueError):  # its core was taken offline, or its driver cannot tell now
                self._files = None  # so look again, at the next reading
        return sum(khz) / len(khz) / 1000 if khz else None

    def _find(self) -> list[KernelFile]:
        paths = sorted(self._folder.glob("policy*/scaling_cur_freq"))
        step = -(-len(paths) // MOST_POLICIES) or 1
        return [KernelFile(path) for path in paths[::step]]
