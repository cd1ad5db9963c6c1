"""What the other detectors say, from the child process that `benchmarks/peers.py` is."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.noise.generated import Series

ROOT = Path(__file__).parent.parent.parent
CHILD = ROOT / "benchmarks" / "peers.py"


@dataclass(frozen=True)
class Theirs:
    """One detector's answers: by kind of series, the breaks in each, and the ms each took."""

    name: str
    found: dict[str, list[list[int]]]
    took_ms: dict[str, list[float]]

    def pairs(self, case: str, series: Sequence[Series]) -> Iterator[tuple[Series, list[int]]]:
        """The series it had time for, with the breaks."""
        return zip(series, self.found[case], strict=False)

    def ms(self, case: str) -> float:
        """For a series, the median."""
        return statistics.median(self.took_ms[case] or [0.0])


def interpreter() -> Path:
    """The Python that has the detectors."""
    return Path(os.environ.get("COLLECTOR_PEERS_PYTHON") or ROOT / ".venv-peers" / "bin" / "python")


def ask(cases: dict[str, list[list[float]]], seconds: int) -> list[Theirs]:
    """All of them, for about so long; none when they are not installed, with the reason on stderr."""
    if not interpreter().exists():
        return []
    asked = json.dumps({"seconds": seconds, "cases": cases})
    done = subprocess.run([interpreter(), CHILD], input=asked, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        print("the other detectors failed: see above; `make peers` installs them", file=sys.stderr)
        return []
    return [Theirs(name, its["found"], its["ms"]) for name, its in json.loads(done.stdout).items()]
