"""Other change detectors on the same series: a child process, with an interpreter that has them.

``python peers.py < {"seconds": 30, "cases": {"name": [[values…], …]}}`` prints, for each detector,
the indexes it found in each series it had time for, and the CPU time of each in ms. Standard library
and the detectors only: ours is not installed there.

- asv (airspeed velocity): `asv.step_detect.detect_steps`, as `asv publish` calls it.
- Apache Otava (formerly Hunter): `compute_change_points` with its defaults: windows of 50, p 0.001.
- ruptures: `KernelCPD(kernel="rbf")`, kernel PELT, with the penalty of its own introduction, 10.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

Detector = Callable[[Sequence[float]], list[int]]
PENALTY = 10


def asv() -> Detector:
    """Steps from the second on begin where the level changed."""
    module = importlib.import_module("asv.step_detect")
    return lambda values: [int(step[0]) for step in module.detect_steps(list(values))[1:]]


def apache_otava() -> Detector:
    """Its t-test variant of e-divisive."""
    module = importlib.import_module("otava.analysis")

    def detect(values: Sequence[float]) -> list[int]:
        found, _ = module.compute_change_points(list(values))
        return sorted(int(change.index) for change in found)

    return detect


def ruptures() -> Detector:
    """Kernel PELT; the last break is the end of the series."""
    module, numpy = importlib.import_module("ruptures"), importlib.import_module("numpy")

    def detect(values: Sequence[float]) -> list[int]:
        signal = numpy.asarray(values).reshape(-1, 1)
        return [int(at) for at in module.KernelCPD(kernel="rbf").fit(signal).predict(pen=PENALTY)[:-1]]

    return detect


DETECTORS = {"asv": asv, "apache-otava": apache_otava, "ruptures": ruptures}


def main() -> None:
    """Each detector gets its part of the time, and a series of each case in turn."""
    asked = json.load(sys.stdin)
    answer = {}
    for name, make in DETECTORS.items():
        answer[f"{name} {version(name)}"] = watched(make(), asked["cases"], asked["seconds"] / len(DETECTORS))
    json.dump(answer, sys.stdout)


def watched(detect: Detector, cases: dict[str, list[list[float]]], seconds: float) -> dict[str, Any]:
    """What was found in each series of each case, as far as the time went."""
    found: dict[str, list[list[int]]] = {name: [] for name in cases}
    took: dict[str, list[float]] = {name: [] for name in cases}
    end = time.monotonic() + seconds
    for turn in range(max(map(len, cases.values()))):
        for name, series in cases.items():
            if turn < len(series) and time.monotonic() < end:
                start = time.process_time()
                found[name].append(detect(series[turn]))
                took[name].append((time.process_time() - start) * 1000)
    return {"found": found, "ms": took}


if __name__ == "__main__":
    main()
