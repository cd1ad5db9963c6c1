"""The time our runner adds to a timed command, beside ``hyperfine -N`` on the same command.

hyperfine: ``apt-get install hyperfine``.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path

from benchmarks.report import Row
from collector.workloads.spawn import Children, environment

COMMANDS = ("true", "sleep 0.2", "python3 -c pass")
ROUNDS = 5
RUNS = 20


def run(_seconds: int) -> list[Row]:
    """Medians of rounds taken in turns, so that a slow moment of the machine hits both."""
    if shutil.which("hyperfine") is None:
        return [Row("hyperfine is not installed: apt-get install hyperfine", 0, "")]
    rows = []
    for command in COMMANDS:
        ours: list[float] = []
        theirs: list[float] = []
        for _ in range(ROUNDS):
            theirs += hyperfine(command)
            ours += runner(command)
        difference = statistics.median(ours) - statistics.median(theirs)
        spread = statistics.stdev(theirs)
        bar = 1.0 if command != COMMANDS[-1] else 1.0 + spread
        note = (
            f"ours {statistics.median(ours):.2f}, hyperfine {statistics.median(theirs):.2f} ± {spread:.2f} ms"
        )
        rows.append(Row(f"{command}: difference", abs(difference), "ms", ("<=", bar), note))
    return rows


def hyperfine(command: str) -> list[float]:
    """Wall milliseconds of each run."""
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        subprocess.run(
            ["hyperfine", "-N", "--warmup", "3", "--runs", str(RUNS), "--export-json", out.name, command],
            check=True, capture_output=True,
        )  # fmt: skip
        return [1000 * t for t in json.loads(Path(out.name).read_text())["results"][0]["times"]]


def runner(command: str) -> list[float]:
    """The same by the runner process of our workloads."""
    children = Children()
    spec = {"argv": command.split(), "env": environment(()), "timeout": 60.0}
    return [children.run(spec)["wall_ms"] for _ in range(RUNS)]
