"""What a timed run costs besides itself is kept small; how small is measured in `benchmarks/timing.py`."""

from __future__ import annotations

import subprocess
import sys

from collector.workloads import spawn


def test_the_runner_loads_next_to_nothing() -> None:
    """Each of these would cost milliseconds a run, and raise the floor of resident memory."""
    words = spawn.interpreter(sys.executable, ("-I", "-S"), "runner.main")
    words[4] = words[4].replace("main()", "print(*sys.modules)")
    loaded = set(subprocess.run(words, check=True, capture_output=True, text=True).stdout.split())
    assert "runner.main" in loaded
    assert not loaded & {"json", "re", "enum", "typing", "pathlib", "signal", "socket", "subprocess", "site"}
