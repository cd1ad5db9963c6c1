"""What changed about the runs themselves: the commit, the folder, the command, the rows."""

from __future__ import annotations

import json

import pytest

from collector.answers.subjects import Point, Subject
from tests.answers.causes.scene import AFTER, BEFORE, NEW, OLD, QUIET, Scene
from tests.answers.made import MINUTE, Made


@pytest.fixture
def scene(made: Made) -> Scene:
    """A workload that takes twice as long."""
    return Scene(made)


def test_a_new_commit_on_a_quiet_machine_is_the_reason(scene: Scene) -> None:
    """With a canary that stood still."""
    scene.runs(after={"git_commit": NEW})
    scene.peer("canary", 1.0, "reference")
    cause = scene.cause()
    assert (cause.verdict, cause.first_commit) == ("code", NEW)
    assert cause.sentence == (
        "first seen in 3f9c2ab; the machine was as quiet as before and the canary did not move"
    )
    assert cause.evidence["git_commit"] == {"before": OLD, "after": NEW, "moved": True}


def test_a_canary_that_did_not_run_is_not_said_to_have_stood_still(scene: Scene) -> None:
    """Only what is known is said."""
    scene.runs(after={"git_commit": NEW})
    assert scene.cause().sentence == "first seen in 3f9c2ab; the machine was as quiet as before"


def test_a_commit_alone_does_not_make_the_machine_quiet(scene: Scene) -> None:
    """Runs that were reported know nothing of it."""
    scene.runs(dict.fromkeys(("busy_percent", "others_percent", "cpu_some_percent", "io_some_percent",
                              "memory_some_percent", "available_bytes", "frequency_mhz")),
               {"git_commit": NEW})  # fmt: skip
    cause = scene.cause()
    assert cause.verdict == "code"
    assert cause.sentence == ("first seen in 3f9c2ab; the machine's state during these runs is not known")


def test_a_commit_whose_runs_are_on_the_old_level_too_is_not_the_reason(scene: Scene) -> None:
    """Three of its runs were as fast as those before."""
    scene.runs({"git_commit": [OLD] * (BEFORE - 3) + [NEW] * 3}, {"git_commit": NEW})
    cause = scene.cause()
    assert (cause.verdict, cause.first_commit) == ("unknown", None)


def test_a_commit_that_came_when_it_was_slow_already_is_not_the_reason(scene: Scene) -> None:
    """Runs of the old one are on the new level."""
    scene.runs(after={"git_commit": [OLD] * (BEFORE + 3) + [NEW] * (AFTER - 3)})
    assert scene.cause().first_commit is None


def test_going_back_to_the_old_commit_that_stays_slow_clears_the_new_one(scene: Scene) -> None:
    """What both show is not the one's doing."""
    scene.runs(after={"git_commit": [OLD] * BEFORE + [NEW] * 5 + [OLD] * 3})
    assert scene.cause().first_commit is None


def test_one_slow_run_of_the_old_commit_clears_nothing(scene: Scene) -> None:
    """Any run may be slow by chance."""
    scene.runs(after={"git_commit": [OLD] * BEFORE + [NEW] * 5 + [OLD] + [NEW] * 2})
    assert scene.cause().first_commit == NEW


def test_the_first_of_several_commits_is_named(scene: Scene) -> None:
    """As it is the first in which the change shows."""
    scene.runs(after={"git_commit": [OLD] * BEFORE + [NEW] * 2 + ["c" * 40] * 3 + ["d" * 40] * 3})
    assert scene.cause().first_commit == NEW


def test_a_border_that_chance_moved_by_a_run_still_finds_its_commit(made: Made) -> None:
    """The last run before it was of the new commit, and fast for one of those."""
    scene = Scene(made, 1.05)
    scene.runs({"git_commit": [OLD] * (BEFORE - 1) + [NEW]}, {"git_commit": NEW})
    assert scene.cause().first_commit == NEW


def test_uncommitted_changes_are_code_too(scene: Scene) -> None:
    """On the same commit, so that none is the first."""
    scene.runs(after={"git_dirty": True})
    cause = scene.cause()
    assert (cause.verdict, cause.first_commit) == ("code", None)
    assert cause.sentence.startswith("first seen with uncommitted changes on aaaaaaa;")


def test_changes_that_were_taken_back_are_code_too(scene: Scene) -> None:
    """From dirty to clean."""
    scene.runs({"git_dirty": True}, {"git_dirty": False})
    assert scene.cause().sentence.startswith("first seen when the uncommitted changes on aaaaaaa were gone")


def test_a_folder_that_was_never_clean_is_mentioned(scene: Scene) -> None:
    """Its code may have changed, and nobody recorded how."""
    scene.runs({"git_dirty": True})
    cause = scene.cause()
    assert cause.verdict == "unknown"
    assert cause.sentence == (
        "nothing else that is recorded changed then; its folder had uncommitted changes all along"
    )


def test_another_command_is_told_without_its_secrets(scene: Scene) -> None:
    """And not longer than it takes to know it."""
    scene.runs(after={"command": "make test-all --token=geheim " + "x" * 80})
    cause = scene.cause()
    assert cause.verdict == "code"
    assert cause.sentence.startswith("the command changed then: make test-all --token=*** xxx")
    assert "geheim" not in cause.sentence
    assert len(cause.sentence) <= 160


def test_another_version_of_the_recorder_is_told_where_nothing_else_is(scene: Scene) -> None:
    """It measures the runs."""
    scene.runs()
    scene.sessions({}, {"version": "0.2.0"})
    cause = scene.cause()
    assert cause.verdict == "code"
    assert cause.sentence.startswith("the recorder changed then: collector 0.1.0 → 0.2.0")


def test_rows_that_grew_with_the_time_are_the_data(scene: Scene) -> None:
    """Even where the code changed besides, which is said."""
    scene.runs({"rows": 1000}, {"rows": 2000})
    cause = scene.cause()
    assert cause.verdict == "data"
    assert cause.sentence == (
        "rows 1,000 → 2,000 (×2.0), the time with it; the machine was as quiet as before"
    )


def test_rows_and_a_commit_are_both_told(scene: Scene) -> None:
    """The rows first."""
    scene.runs({"rows": 1000}, {"rows": 2000, "git_commit": NEW})
    cause = scene.cause()
    assert (cause.verdict, cause.first_commit) == ("data", NEW)
    assert "commit 3f9c2ab came then, too" in cause.sentence


def test_a_few_rows_more_do_not_double_the_time(scene: Scene) -> None:
    """They have to grow by what it grew by."""
    scene.runs({"rows": 1000}, {"rows": 1030, "git_commit": NEW})
    assert scene.cause().verdict == "code"


def test_a_few_bytes_more_are_not_the_reason(scene: Scene) -> None:
    """From nothing they grew beyond any ratio, and yet they are read in no time."""
    scene.runs({"read_bytes": 0}, {"read_bytes": 80_000})
    assert scene.cause().verdict == "unknown"


def test_reported_figures_carry_a_commit_of_their_own(scene: Scene) -> None:
    """History that was imported has commits, and no runs of ours behind it."""
    values = [10.0, 10.1, 9.9, 10.0, 10.2, 9.8, 20.0, 20.2, 19.9, 20.1]
    points = [
        Point(scene.made.now_ms - (10 - n) * MINUTE, value, commit=OLD if n < 6 else NEW)
        for n, value in enumerate(values)
    ]
    subject = Subject("benchmark", "asv · sort", "total_time_seconds", "s")
    cause = scene.cause(scene.of(points, 6, subject=subject))
    assert (cause.verdict, cause.first_commit) == ("code", NEW)


def history() -> list[str]:
    """A commit for each run."""
    return [f"{n:02x}" * 20 for n in range(0x40, 0x40 + BEFORE + AFTER)]


def test_a_commit_that_comes_with_every_run_is_no_evidence(scene: Scene) -> None:
    """A history, one run for each commit: where nothing is known of the machine, it is only named."""
    nothing = dict.fromkeys(QUIET)
    scene.runs(nothing | {"git_commit": history()})
    cause = scene.cause()
    assert (cause.verdict, cause.first_commit) == ("unknown", "4c" * 20)
    assert cause.sentence == (
        "first seen in 4c4c4c4; the machine's state during these runs is not known;"
        " nearly every run has a commit of its own"
    )


def test_a_commit_of_every_run_on_a_quiet_machine_is_the_reason(scene: Scene) -> None:
    """It was not the machine."""
    scene.runs({"git_commit": history()})
    cause = scene.cause()
    assert cause.verdict == "code"
    assert cause.sentence.startswith("first seen in 4c4c4c4; the machine was as quiet as before")


def test_a_commit_of_every_run_on_a_busy_machine_is_named_beside_it(scene: Scene) -> None:
    """It would have come in any case."""
    scene.runs({"git_commit": history(), "user_ms": None}, {"others_percent": 60.0})
    cause = scene.cause()
    assert cause.verdict == "machine"
    assert cause.sentence == "other work took 3 → 60 % of the cores; commit 4c4c4c4 came then, too"


def test_what_a_sender_left_in_a_command_is_told_nowhere(scene: Scene) -> None:
    """Neither in the sentence nor among the figures."""
    scene.runs({"command": "make --password hunter2"}, {"command": "make all --password hunter3"})
    cause = scene.cause()
    assert cause.evidence["command"] == {
        "before": "make --password ***", "after": "make all --password ***", "moved": True,
    }  # fmt: skip
    assert "hunter" not in json.dumps(cause.evidence) + cause.sentence


def test_a_commit_is_named_however_long_the_rest_is(scene: Scene) -> None:
    """The rest is cut."""
    scene.runs(after={"git_commit": NEW, "others_percent": 75.0, "rows": None})
    scene.process("a-program-with-a-name-" + "x" * 120, 0.0, 128.0)
    cause = scene.cause()
    assert cause.sentence.endswith("; commit 3f9c2ab came then, too")
    assert len(cause.sentence) <= 160
