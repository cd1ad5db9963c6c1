"""What samples say of the machine where runs do not: operations, models, skills, reported runs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from collector.answers.found import Cause
from collector.answers.subjects import Subject
from collector.records.cpu import CpuSample
from collector.records.memory import MemorySample
from collector.records.pressure import PressureSample
from collector.records.sensor import SensorSample
from tests.answers.causes.scene import BEFORE, Scene
from tests.answers.made import Made

CHAT = Subject("inference", "llama3 · chat", "inference_time", "s")


@pytest.fixture
def scene(made: Made) -> Scene:
    """Inferences that take twice as long."""
    return Scene(made)


def told(scene: Scene) -> Cause:
    """Why, of a subject that is no workload."""
    return scene.cause(scene.found(subject=CHAT))


def cpu(scene: Scene, before: float, after: float) -> None:
    """Samples of the processors, a few seconds after each of the inferences."""
    for n, moment in enumerate(scene.moments):
        scene.made.cpu(scene.made.now_ms - moment - 3000, before if n < BEFORE else after)


def test_busy_cores_around_what_was_reported_accuse_the_machine(scene: Scene) -> None:
    """All cores', as nobody knows which part was its own; the program that took them is named."""
    cpu(scene, 12.0, 90.0)
    scene.process("rustc", 1.0, 180.0)
    cause = told(scene)
    assert cause.verdict == "machine"
    assert cause.sentence == "the cores were busy 12 → 90 %, mostly rustc (180 % of a core)"
    assert cause.evidence["busy_percent"] == {"before": 12.0, "after": 90.0, "moved": True}


def test_a_quiet_time_is_known_from_samples_too(scene: Scene) -> None:
    """Then nothing else is said."""
    cpu(scene, 12.0, 13.0)
    assert told(scene).sentence == "nothing else that is recorded changed then"


def test_without_samples_nothing_is_known_of_the_machine(scene: Scene) -> None:
    """Nor where they are missing on one side: the recorder was stopped."""
    unknown = "nothing else that is recorded changed then; the machine's state during these runs is not known"
    assert told(scene).sentence == unknown
    for moment in scene.moments[:BEFORE]:
        scene.made.cpu(scene.made.now_ms - moment, 12.0)
    assert told(scene).sentence == unknown


def test_swapping_is_told_where_pressure_is_not(scene: Scene) -> None:
    """On a kernel without it."""
    for n, moment in enumerate(scene.moments):
        rate = 0.0 if n < BEFORE else 40e6
        scene.made.add(
            MemorySample.record(
                timestamp=moment, total_bytes=16_000_000_000, used_bytes=1, used_percent=50.0,
                available_bytes=9_000_000_000 if n < BEFORE else 500_000_000, swap_used_bytes=0,
                swap_in_bytes_per_s=rate, swap_out_bytes_per_s=rate,
            )
        )  # fmt: skip
    cause = told(scene)
    assert cause.verdict == "machine"
    assert cause.sentence == "swap 0 B → 80.0 MB a second, 9.00 GB → 500 MB available"


def test_pressure_and_heat_come_from_samples_as_well(scene: Scene) -> None:
    """As they would from runs."""
    zeros = dict.fromkeys(
        ("user_percent", "system_percent", "iowait_percent", "steal_percent", "load_1m", "load_5m",
         "load_15m", "context_switches_per_s"), 0.0,
    )  # fmt: skip
    for n, moment in enumerate(scene.moments):
        slow = n >= BEFORE
        scene.made.add(
            CpuSample.record(
                timestamp=moment, busy_percent=20.0, frequency_mhz=1900.0 if slow else 3900.0, **zeros
            ),
            SensorSample.record(timestamp=moment, temperature_celsius=98.0 if slow else 60.0),
            PressureSample.record(
                timestamp=moment, cpu_some_percent=0.0, memory_some_percent=0.0, memory_full_percent=0.0,
                io_some_percent=70.0 if slow else 1.0, io_full_percent=0.0,
            ),
        )  # fmt: skip
    cause = told(scene)
    assert cause.verdict == "machine"
    assert cause.sentence == ("io pressure 1 → 70 %; the clock fell 3.9 → 1.9 GHz at 60 → 98 °C")


def test_the_battery_is_known_from_samples_too(scene: Scene) -> None:
    """Which say whether there was mains power."""
    for n, moment in enumerate(scene.moments):
        scene.made.add(SensorSample.record(timestamp=moment, on_mains=n < BEFORE))
    assert told(scene).sentence == "the machine runs on battery since then, on mains before"


def test_stretches_of_many_executions_are_looked_at_whole(scene: Scene) -> None:
    """A sample at the end of a stretch belongs to it."""
    for n, moment in enumerate(scene.moments):
        scene.made.cpu(scene.made.now_ms - moment - 500_000, 12.0 if n < BEFORE else 90.0)
    assert told(scene).verdict == "unknown"
    found = scene.found(subject=CHAT)
    many = [replace(point, rows=50) for point in (*found.before, *found.after)]
    assert scene.cause(scene.of(many, subject=CHAT)).verdict == "machine"


def test_runs_behind_stretches_are_found_by_their_time(scene: Scene) -> None:
    """A workload of each second has medians of hours as its points, and runs that know the machine."""
    scene.runs(after={"others_percent": 52.0})
    found = scene.found()
    hours = [
        replace(point, timestamp=point.timestamp - 1000, rows=50) for point in (*found.before, *found.after)
    ]
    assert scene.cause(scene.of(hours)).sentence == "other work took 3 → 52 % of the cores"
