"""At the same time: another workload that stepped then, and not one that stepped at its own, or crept."""

from __future__ import annotations

import random

import pytest

from collector.answers.causes.moment import moment
from collector.answers.causes.step import is_step, sides
from collector.answers.changes import look
from collector.answers.subjects import Point, Subject, subject
from collector.answers.timed import Row
from tests.answers.causes.scene import AFTER, BEFORE, Scene, near
from tests.answers.made import HOUR, MINUTE, Made

COUNT = 120
FLOOR = 0.03
EVERY_MS = 30 * MINUTE


@pytest.fixture
def scene(made: Made) -> Scene:
    """A workload that takes twice as long."""
    return Scene(made)


def at_own_moments(made: Made, borders: dict[str, int], commits: bool = False) -> None:
    """Workloads that take 30 % longer from some run on, each its own."""
    for name, border in borders.items():
        for n in range(COUNT):
            commit = f"{border:x}" * 20 if commits and n >= border else "a" * 40
            wall_ms = near(130.0 if n >= border else 100.0, n + border)
            made.run(name, (COUNT - n) * EVERY_MS, wall_ms, git_commit=commit if commits else None)


def told(made: Made, *names: str) -> dict[str, Row]:
    """What a look says of each."""
    subjects = [subject("workload", name, "wall_ms", name) for name in names]
    with made.reader() as database:
        rows = look(database, subjects, FLOOR, made.now_ms).rows
    return {row["subject"]: row for row in rows}


def series(border: int, noise: float = 0.02) -> list[float]:
    """Logarithms of 48 runs that step by 0.26 at the border."""
    chance = random.Random(border)
    return [chance.gauss(0.26 if n >= border else 0.0, noise) for n in range(48)]


def test_workloads_that_slow_at_moments_of_their_own_are_not_the_machines(made: Made) -> None:
    """One in the evening, one ten hours later, one two hours after that: nobody knows why."""
    at_own_moments(made, {"lint": 60, "build": 80, "docs": 84})
    rows = told(made, "lint", "build", "docs")
    assert {name: row["cause"] for name, row in rows.items()} == dict.fromkeys(
        ("lint", "build", "docs"), "unknown"
    )
    assert not any("same time" in row["sentence"] for row in rows.values())


def test_each_with_a_commit_of_its_own_is_its_codes(made: Made) -> None:
    """The same, and each was changed."""
    at_own_moments(made, {"lint": 60, "build": 80, "docs": 84}, commits=True)
    rows = told(made, "lint", "build", "docs")
    assert [rows[name]["cause"] for name in ("lint", "build", "docs")] == ["code"] * 3
    assert rows["lint"]["first_commit"] == "3c" * 20


def test_workloads_that_slow_at_one_moment_are_the_machines(made: Made) -> None:
    """Found in one look, or one after another."""
    at_own_moments(made, {"lint": 60, "build": 60, "docs": 60})
    assert told(made, "lint")["lint"]["sentence"] == "2 of 2 others slowed ×1.30 at the same time"
    rows = told(made, "lint", "build", "docs")
    assert {row["cause"] for row in rows.values()} == {"machine"}


def test_workloads_that_creep_did_not_slow_then(made: Made) -> None:
    """As much slower in the end, and a little each time."""
    at_own_moments(made, {"lint": 60})
    for name in ("build", "docs"):
        for n in range(COUNT):
            made.run(name, (COUNT - n) * EVERY_MS, near(100.0 * 1.012**n, n))
    assert told(made, "lint")["lint"]["cause"] == "unknown"


def test_a_canary_that_slowed_later_is_not_the_reason(scene: Scene) -> None:
    """Nor is it said to have moved at the same time."""
    scene.runs()
    later = [near(200.0 if n >= BEFORE + 4 else 100.0, n) for n in range(BEFORE + AFTER)]
    scene.peer("canary", 1.0, "reference", wall_ms=later)
    cause = scene.cause()
    assert (cause.verdict, "slowed" in cause.sentence) == ("unknown", False)


def test_a_change_that_was_found_of_the_canary_counts_by_its_moment(scene: Scene) -> None:
    """Within it, whatever its runs of now show; else by its runs."""
    scene.runs()
    scene.peer("canary", 1.0, "reference")
    canary = Subject("canary", "canary", "wall_ms")
    moved = scene.of(scene.found().before + scene.found().after, subject=canary)
    assert scene.cause(others=[moved]).sentence == "the canary slowed ×2.0 at the same time"
    late = [Point(one.timestamp + HOUR, one.value) for one in (*moved.before, *moved.after)]
    assert scene.cause(others=[scene.of(late, subject=canary)]).verdict == "unknown"


def test_a_moment_lasts_from_a_run_before_to_a_run_after(scene: Scene) -> None:
    """And a run longer where one beside the border may be of the other level."""
    found = scene.found()
    border, every = found.at_ms, 10 * MINUTE
    assert moment(found) == (border - 2 * every, border + every)
    vague: list[Point] = [*found.before[:-1], Point(found.last_before_ms, 198.0), *found.after]
    assert moment(scene.of(vague)) == (border - 3 * every, border + every)


def test_a_step_is_found_at_its_place_only() -> None:
    """One run beside it may be chance; three are not."""
    logs = series(24)
    seen = [is_step(sides(logs, at, at), FLOOR) for at in range(18, 31)]
    assert seen[6] is True
    assert not any(seen[:4] + seen[9:])


def test_a_step_is_looked_for_within_a_moment() -> None:
    """Which may be several runs long."""
    found = sides(series(24), 20, 27)
    assert (found.at, is_step(found, FLOOR)) == (24, True)


def test_a_line_and_a_staircase_are_no_step() -> None:
    """Steady growth, and steps before and behind it that are as large."""
    chance = random.Random(3)
    line = [chance.gauss(0.02 * n, 0.02) for n in range(48)]
    stairs = [0.26 * (n // 8) + chance.gauss(0, 0.02) for n in range(48)]
    short = line[:24]
    for logs, at in ((line, 24), (stairs, 24), (short, 12)):
        assert is_step(sides(logs, at, at), FLOOR) is False


def test_noise_without_a_step_is_none() -> None:
    """In one case of twenty at the most."""
    found = (sides(series(-seed, 0.05), 23, 25) for seed in range(200))
    assert sum(is_step(one, FLOOR) for one in found) <= 10


def test_steps_beneath_noise_are_mostly_found() -> None:
    """Of three standard deviations, with one run in ten slow by chance."""
    found = 0
    for seed in range(100):
        chance = random.Random(seed)
        logs = [chance.gauss(0.15 * (n >= 24), 0.05) + 0.3 * (chance.random() < 0.1) for n in range(48)]
        found += is_step(sides(logs, 23, 25), FLOOR)
    assert found >= 85
