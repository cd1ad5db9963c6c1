"""The canary and the other workloads, and what is said where nothing else moved."""

from __future__ import annotations

import json

import pytest

from collector.answers.causes.witness import WITNESSES
from collector.answers.found import Found
from collector.answers.subjects import Point, Subject
from tests.answers.causes.scene import AFTER, BEFORE, NEW, OLD, Scene
from tests.answers.made import Made


@pytest.fixture
def scene(made: Made) -> Scene:
    """A workload that takes 3.2 times as long."""
    return Scene(made, 3.2)


def test_a_canary_that_slowed_as_much_accuses_the_machine(scene: Scene) -> None:
    """And what moved during the runs says how."""
    scene.runs(after={"io_some_percent": 31.0})
    scene.peer("canary", 2.8, "reference")
    scene.process("rsync", 0.0, 40.0)
    cause = scene.cause()
    assert cause.verdict == "machine"
    assert cause.sentence == (
        "the canary slowed ×2.8 at the same time; io pressure 0.2 → 31 % while rsync ran"
    )
    assert cause.evidence["canary"]["ratio"] == pytest.approx(2.8, rel=0.01)


def test_a_canary_that_slowed_a_little_explains_little(scene: Scene) -> None:
    """The rest is the code's, and both are told."""
    scene.runs(after={"git_commit": NEW})
    scene.peer("canary", 1.2, "reference")
    cause = scene.cause()
    assert cause.verdict == "code"
    assert cause.sentence == (
        "first seen in 3f9c2ab; the canary slowed ×1.20 at the same time, too little to explain it"
    )


def test_a_canary_that_got_faster_does_not_explain_slower_work(scene: Scene) -> None:
    """Nor is it said to have stood still."""
    scene.runs(after={"git_commit": NEW})
    scene.peer("canary", 0.5, "reference")
    cause = scene.cause()
    assert (cause.verdict, "canary" in cause.sentence) == ("code", False)


def test_a_noisy_canary_is_not_said_to_have_stood_still(made: Made) -> None:
    """A change of 5 % could hide in it."""
    scene = Scene(made, 1.05)
    scene.runs(after={"git_commit": NEW})
    noise = [100.0 + 40 * (n % 3) for n in range(BEFORE + AFTER)]
    scene.peer("canary", 1.0, "reference", wall_ms=noise)
    cause = scene.cause()
    assert cause.evidence["canary"]["moved"] is None
    assert "canary" not in cause.sentence


def test_a_canary_that_ran_three_times_since_decides_nothing(scene: Scene) -> None:
    """By chance, three runs lie apart from those before too often."""
    scene.runs(after={"git_commit": NEW})
    scene.peer("canary", 2.8, "reference", outcome=["ok"] * (BEFORE + 3) + ["failed"] * (AFTER - 3))
    cause = scene.cause()
    assert (cause.verdict, cause.evidence["canary"]["runs"]) == ("code", [12, 3])


def test_most_other_workloads_together_accuse_the_machine(scene: Scene) -> None:
    """One alone may have a reason of its own."""
    scene.runs()
    scene.peer("lint", 3.0)
    assert scene.cause().verdict == "unknown"
    scene.peer("build", 2.9)
    scene.peer("docs", 1.0)
    cause = scene.cause()
    assert (cause.verdict, cause.sentence) == ("machine", "2 of 3 others slowed ×2.9 at the same time")
    assert cause.evidence["others"]["workloads"]["docs"]["moved"] is False


def test_workloads_whose_code_changed_too_accuse_nobody(scene: Scene) -> None:
    """They are of the same repository."""
    scene.runs(after={"git_commit": NEW})
    commits = [OLD] * BEFORE + [NEW] * AFTER
    scene.peer("lint", 3.0, git_commit=commits)
    scene.peer("build", 3.0, git_commit=commits)
    assert scene.cause().verdict == "code"


def test_other_kinds_of_work_that_changed_then_count_too(scene: Scene) -> None:
    """A model and a skill: they run none of its code. Rates are turned round."""
    scene.runs()

    def other(subject: Subject, ratio: float) -> Found:
        points = [Point(at, 1.0 if n < BEFORE else ratio) for n, at in enumerate(scene.moments)]
        return scene.of(points, subject=subject)

    model = Subject("inference", "llama3", "tokens_per_second", "1/s", higher_is_better=True)
    found = [other(model, 1 / 3), other(Subject("skill", "search", "execution_ms"), 3.0)]
    assert scene.cause(others=found).sentence == "2 of 2 others slowed ×3.0 at the same time"
    assert scene.cause(others=[found[0]]).verdict == "unknown"


def test_a_canary_in_a_repository_is_not_of_its_code(scene: Scene) -> None:
    """Its code comes with the recorder."""
    scene.runs(name="canary", after={"git_commit": NEW})
    cause = scene.cause(scene.found(subject=Subject("canary", "canary", "wall_ms")))
    assert (cause.verdict, cause.first_commit) == ("machine", None)


def test_a_canary_that_ran_at_other_times_does_not_clear_a_busy_machine(scene: Scene) -> None:
    """Both are told."""
    scene.runs(after={"others_percent": 75.0})
    scene.peer("canary", 1.0, "reference")
    cause = scene.cause()
    assert cause.verdict == "machine"
    assert cause.sentence == (
        "other work took 3 → 75 % of the cores; the canary, at its own times, did not move"
    )


def test_the_canary_itself_is_slowed_by_the_machine(scene: Scene) -> None:
    """Whether or not anybody knows by what: its work is always the same."""
    scene.runs(name="canary", after={"command": "make test"})
    cause = scene.cause(scene.found(subject=Subject("canary", "canary", "wall_ms")))
    assert cause.verdict == "machine"
    assert cause.sentence == (
        "the canary's own work is always the same; nothing else that is recorded changed then"
    )


def test_a_busy_machine_does_not_make_anything_dearer(scene: Scene) -> None:
    """Costs are no times."""
    scene.runs(after={"others_percent": 90.0})
    found = scene.found(subject=Subject("workload", "it", "api_calls_cost", ""))
    assert scene.cause(found).verdict == "unknown"


def test_nothing_that_changed_is_said_to_be_nothing(scene: Scene) -> None:
    """And the evidence can be sent as JSON, with every figure that was looked at."""
    scene.runs()
    cause = scene.cause()
    assert (cause.verdict, cause.sentence) == ("unknown", "nothing else that is recorded changed then")
    assert json.loads(json.dumps(cause.evidence)) == cause.evidence
    figures = {"others_percent", "frequency_mhz", "on_battery", "git_commit", "rows", "kernel", "cpu_ms"}
    assert figures <= cause.evidence.keys()


def test_every_witness_announces_itself() -> None:
    """One file each."""
    assert {"canary", "others", "contention", "heat", "memory", "disk", "power", "code", "data"} <= {
        *WITNESSES
    }
