"""Code and machine changed at once: who is said to have done it, and that both are named."""

from __future__ import annotations

import pytest

from collector.answers.subjects import Point
from tests.answers.causes.scene import AFTER, BEFORE, NEW, OLD, Scene
from tests.answers.made import Made


@pytest.fixture
def scene(made: Made) -> Scene:
    """A workload that takes 3.2 times as long."""
    return Scene(made, 3.2)


def test_a_canary_that_slowed_accuses_the_machine_even_beside_a_commit(scene: Scene) -> None:
    """Which is mentioned."""
    scene.runs(after={"git_commit": NEW})
    scene.peer("canary", 2.8, "reference")
    cause = scene.cause()
    assert cause.verdict == "machine"
    assert cause.sentence == ("the canary slowed ×2.8 at the same time; commit 3f9c2ab came then, too")


def test_processor_time_beyond_the_canarys_is_the_codes(scene: Scene) -> None:
    """The commit doubled the work; the machine got busy as well, which cost the canary little of its own."""
    scene.runs(after={"git_commit": NEW, "others_percent": 75.0, "user_ms": 180.0, "system_ms": 20.0})
    scene.peer("canary", 3.3, "reference", user_ms=[50.0] * BEFORE + [53.0] * AFTER, system_ms=0.0)
    cause = scene.cause()
    assert (cause.verdict, cause.first_commit) == ("code", NEW)
    assert cause.sentence == (
        "first seen in 3f9c2ab; its own processor time went ×2.2, the canary's ×1.06;"
        " the canary slowed ×3.3 at the same time"
    )


def test_processor_time_that_rose_as_the_canarys_did_is_a_slower_clock(scene: Scene) -> None:
    """Or shared caches: the canary's own work is always the same."""
    scene.runs(after={"git_commit": NEW, "user_ms": 280.0})
    scene.peer("canary", 3.1, "reference", user_ms=[50.0] * BEFORE + [150.0] * AFTER, system_ms=0.0)
    cause = scene.cause()
    assert cause.verdict == "machine"
    assert cause.sentence == "the canary slowed ×3.1 at the same time; commit 3f9c2ab came then, too"


def test_a_canary_that_slowed_by_less_leaves_it_open_beside_a_commit(scene: Scene) -> None:
    """Both are named: what is left may be the commit's."""
    scene.runs(after={"git_commit": NEW, "user_ms": None})
    scene.peer("canary", 2.0, "reference")
    cause = scene.cause()
    assert (cause.verdict, cause.first_commit) == ("unknown", NEW)
    assert cause.sentence == (
        "commit 3f9c2ab came when the canary slowed ×2.0 at the same time;"
        " these runs cannot tell which it was"
    )


def test_another_command_beside_a_slow_canary_is_called_that(scene: Scene) -> None:
    """It has no commit."""
    scene.runs(after={"command": "make all"})
    scene.peer("canary", 3.0, "reference")
    assert scene.cause().sentence == "the canary slowed ×3.0 at the same time; another command came then, too"


def test_waiting_beside_twice_the_processor_time_is_not_said_to_be_all(made: Made) -> None:
    """It followed in part, so the commit is not cleared."""
    scene = Scene(made, 20.0)
    scene.runs(after={"git_commit": NEW, "others_percent": 97.0, "user_ms": 180.0})
    cause = scene.cause()
    assert cause.verdict == "unknown"
    assert cause.sentence.startswith("commit 3f9c2ab came when other work took 3 → 97 % of the cores")


def test_quiet_runs_that_show_it_too_clear_the_machine(scene: Scene) -> None:
    """The code changed, and the machine got busy for some of the runs."""
    scene.runs(after={"git_commit": NEW, "others_percent": [3.0] * BEFORE + [90.0] * 5 + [3.0] * 3})
    cause = scene.cause()
    assert cause.verdict == "code"
    assert cause.sentence == "first seen in 3f9c2ab; 3 runs under equal conditions show it too"


def test_quiet_runs_that_do_not_show_it_clear_the_code(scene: Scene) -> None:
    """They ran the new code as fast as the old one."""
    commits = [OLD] * BEFORE + [NEW] * AFTER
    scene.runs(after={"git_commit": commits, "others_percent": [3.0] * BEFORE + [90.0] * 5 + [3.0] * 3})
    points = list(scene.found().after)
    mended = [*points[:5], *(Point(point.timestamp, 100.0) for point in points[5:])]
    found = scene.of([*scene.found().before, *mended])
    assert scene.cause(found).verdict == "machine"


def test_quiet_runs_before_it_tell_who_made_it_faster(made: Made) -> None:
    """The same the other way round: some runs before met a machine as quiet as those after it."""
    scene = Scene(made, 0.5)
    others = [90.0] * 8 + [3.0] * (4 + AFTER)
    scene.runs({"others_percent": others}, {"git_commit": NEW})
    assert scene.cause().verdict == "code"
    points = [*scene.found().before, *scene.found().after]
    quick = [Point(p.timestamp, 50.0) if 8 <= n < BEFORE else p for n, p in enumerate(points)]
    assert scene.cause(scene.of(quick)).verdict == "machine"


def test_waiting_that_cost_no_processor_time_is_the_machines(scene: Scene) -> None:
    """The same work was done, later; whether the commit adds to it is left open."""
    scene.runs(after={"git_commit": NEW, "others_percent": 75.0})
    cause = scene.cause()
    assert cause.verdict == "machine"
    assert cause.sentence == (
        "other work took 3 → 75 % of the cores; its own processor time did not follow;"
        " commit 3f9c2ab came then, too"
    )


def test_processor_time_that_rose_with_it_beside_a_still_canary_is_the_codes(scene: Scene) -> None:
    """The canary would have felt the machine."""
    scene.runs(after={"git_commit": NEW, "others_percent": 75.0, "user_ms": 300.0})
    scene.peer("canary", 1.0, "reference")
    cause = scene.cause()
    assert cause.verdict == "code"
    assert cause.sentence == (
        "first seen in 3f9c2ab; its own processor time rose with it and the canary did not move;"
        " other work took 3 → 75 % of the cores"
    )


def test_what_nobody_can_tell_apart_stays_unknown(scene: Scene) -> None:
    """Both moved, the processor time too, and there is no canary."""
    scene.runs(after={"git_commit": NEW, "others_percent": 75.0, "user_ms": 300.0})
    cause = scene.cause()
    assert cause.verdict == "unknown"
    assert cause.sentence == (
        "commit 3f9c2ab came when other work took 3 → 75 % of the cores; these runs cannot tell which it was"
    )


def test_a_machine_that_got_busy_after_the_commit_is_not_the_reason(made: Made) -> None:
    """The commit came with the change, and the canary slowed half an hour later, with runs still to come."""
    scene = Scene(made, 2.0)
    others = [3.0] * (BEFORE + 3) + [90.0] * (AFTER - 3)
    scene.runs({"others_percent": others}, {"git_commit": NEW})
    later = [330.0 if n >= BEFORE + 3 else 100.0 for n in range(BEFORE + AFTER)]
    scene.peer("canary", 1.0, "reference", wall_ms=later)
    cause = scene.cause()
    assert cause.verdict == "code"
    assert cause.sentence == "first seen in 3f9c2ab; 3 runs under equal conditions show it too"
