"""Changes from nothing or to nothing: no factor makes them, and none is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from collector.answers.subjects import Point, Subject
from tests.answers.causes.scene import AFTER, BEFORE, NEW, Scene
from tests.answers.made import Made

CHAT = Subject("inference", "llama3 · chat", "inference_time", "s")


@pytest.fixture
def scene(made: Made) -> Scene:
    """A workload that takes twice as long."""
    return Scene(made)


def test_a_change_from_nothing_has_no_ratio(scene: Scene) -> None:
    """A clock told 0 ms before: what the canary did is no part of it, and no factor is told."""
    scene.runs({"wall_ms": [0.0] * BEFORE + [5.0] * AFTER}, {"git_commit": NEW, "others_percent": 60.0})
    scene.peer("canary", 2.8, "reference")
    points = [Point(at, 5.0 if n >= BEFORE else 0.0) for n, at in enumerate(scene.moments)]
    found = replace(scene.of(points), ratio=400.0, low=1.0, high=1e9)
    cause = scene.cause(found)
    assert (cause.verdict, "×" in cause.sentence) == ("code", False)


@pytest.mark.parametrize("higher_is_better", [False, True])
@pytest.mark.parametrize("was", [0.0, 5.0])
def test_nothing_on_either_side_fails_nowhere(scene: Scene, was: float, *, higher_is_better: bool) -> None:
    """Whatever moved besides: all figures are still told."""
    machine = {"others_percent": 60.0, "frequency_mhz": 1000.0, "on_battery": True}
    own = {"rows": 9, "user_ms": 1.0, "git_commit": NEW}
    scene.runs({"rows": 0, "user_ms": 0.0, "system_ms": 0.0}, machine | own)
    scene.peer("canary", 2.8, "reference", user_ms=0.0, system_ms=0.0)
    now = 5.0 - was
    points = [Point(at, now if n >= BEFORE else was) for n, at in enumerate(scene.moments)]
    subject = Subject("workload", "it", "wall_ms", higher_is_better=higher_is_better)
    found = scene.of(points, subject=subject)
    assert "3f9c2ab" in scene.cause(found, [replace(found, subject=CHAT)]).sentence


def test_rows_that_came_with_time_from_nothing_are_the_data(scene: Scene) -> None:
    """Both only have a way they went."""
    scene.runs({"rows": 0}, {"rows": 900})
    points = [Point(at, 5.0 if n >= BEFORE else 0.0) for n, at in enumerate(scene.moments)]
    cause = scene.cause(scene.of(points))
    assert cause.verdict == "data"
    assert cause.sentence.startswith("rows 0 → 900, the time with it")
