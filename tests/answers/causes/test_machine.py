"""What the machine did during the runs: each witness against it, and what it says."""

from __future__ import annotations

import pytest

from tests.answers.causes.scene import BEFORE, Scene
from tests.answers.made import Made


@pytest.fixture
def scene(made: Made) -> Scene:
    """A workload that takes twice as long."""
    return Scene(made)


def test_other_work_on_the_cores_is_named(scene: Scene) -> None:
    """With its share before and after, and the program that took most of it."""
    scene.runs(after={"others_percent": 52.0})
    scene.process("rust-analyzer", 2.0, 128.0)
    scene.process("make", 80.0, 82.0)
    cause = scene.cause()
    assert cause.verdict == "machine"
    assert cause.sentence == "other work took 3 → 52 % of the cores, mostly rust-analyzer (128 % of a core)"
    assert cause.evidence["others_percent"] == {"before": 3.0, "after": 52.0, "moved": True}
    assert cause.evidence["process"]["name"] == "rust-analyzer"


def test_other_work_is_told_where_no_process_was_sampled(scene: Scene) -> None:
    """Without a name."""
    scene.runs(after={"others_percent": 52.0})
    cause = scene.cause()
    assert cause.sentence == "other work took 3 → 52 % of the cores"
    assert "process" not in cause.evidence


def test_other_work_that_is_too_little_is_not_the_reason(scene: Scene) -> None:
    """A tenth of the cores does not double a time."""
    scene.runs(after={"others_percent": 12.0})
    cause = scene.cause()
    assert cause.verdict == "unknown"
    assert cause.sentence == (
        "other work took 3 → 12 % of the cores, too little to explain it;"
        " nothing else that is recorded changed then"
    )


def test_a_machine_that_got_quiet_makes_work_faster(made: Made) -> None:
    """The same, the other way round."""
    scene = Scene(made, 0.5)
    scene.runs({"others_percent": 52.0}, {"others_percent": 3.0})
    assert scene.cause().verdict == "machine"


def test_a_machine_that_got_quiet_does_not_make_work_slower(scene: Scene) -> None:
    """What moved the other way explains nothing."""
    scene.runs({"others_percent": 52.0}, {"others_percent": 3.0})
    assert scene.cause().verdict == "unknown"


def test_a_clock_that_fell_in_the_heat_is_told_with_the_heat(made: Made) -> None:
    """Throttling."""
    scene = Scene(made, 1.6)
    scene.runs(after={"frequency_mhz": 2400.0, "temperature_celsius": 97.0})
    cause = scene.cause()
    assert cause.verdict == "machine"
    assert cause.sentence == "the clock fell 3.9 → 2.4 GHz at 60 → 97 °C"


def test_heat_alone_slows_nothing(scene: Scene) -> None:
    """Slower work heats, too."""
    scene.runs(after={"temperature_celsius": 97.0})
    assert scene.cause().verdict == "unknown"


def test_memory_that_ran_short_is_told_with_what_was_left(scene: Scene) -> None:
    """By the pressure on it."""
    scene.runs(after={"memory_some_percent": 55.0, "available_bytes": 2_100_000_000})
    cause = scene.cause()
    assert cause.verdict == "machine"
    assert cause.sentence == "memory pressure 0 → 55 %, 9.80 GB → 2.10 GB available"


def test_memory_that_the_runs_took_themselves_is_not_the_machines_doing(scene: Scene) -> None:
    """It is not known what it is."""
    scene.runs(
        {"max_rss_bytes": 1_000_000_000},
        {"memory_some_percent": 55.0, "available_bytes": 2_100_000_000, "max_rss_bytes": 9_000_000_000},
    )
    assert scene.cause().verdict == "unknown"


def test_a_busy_disk_is_told_with_who_ran(scene: Scene) -> None:
    """Samples know nothing of a program's disks, so it is not said to be to blame."""
    scene.runs(after={"io_some_percent": 61.0})
    scene.process("rsync", 0.0, 40.0)
    cause = scene.cause()
    assert (cause.verdict, cause.sentence) == ("machine", "io pressure 0.2 → 61 % while rsync ran")


def test_a_disk_that_the_runs_keep_busy_themselves_is_not_the_machines_doing(scene: Scene) -> None:
    """They read more than before: that is the data, or what they do with it."""
    scene.runs({"read_bytes": 1_000_000}, {"io_some_percent": 61.0, "read_bytes": 900_000_000})
    cause = scene.cause()
    assert cause.verdict == "data"
    assert cause.sentence.startswith("bytes read 1.00 MB → 900 MB (×900), the time with it")


def test_the_battery_explains_any_slowness(scene: Scene) -> None:
    """A machine saves power as it likes."""
    scene.runs(after={"on_battery": True})
    cause = scene.cause()
    assert cause.verdict == "machine"
    assert cause.sentence == "the machine runs on battery since then, on mains before"


def test_a_new_kernel_is_told_where_nothing_else_is(scene: Scene) -> None:
    """It came at the same time; so does a restart, which explains nothing."""
    scene.runs()
    scene.sessions({}, {"kernel": "6.1.0-13"})
    cause = scene.cause()
    assert cause.verdict == "machine"
    assert cause.sentence.startswith("the kernel changed then: 6.1.0-12 → 6.1.0-13")


def test_a_restart_is_only_mentioned(scene: Scene) -> None:
    """The verdict stays open."""
    scene.runs(before=None, after={"boot_id": "c"})
    cause = scene.cause()
    assert cause.verdict == "unknown"
    assert cause.sentence == "the machine was restarted then; nothing else that is recorded changed then"


def test_runs_that_know_nothing_of_the_machine_do_not_call_it_quiet(scene: Scene) -> None:
    """What is missing is no figure."""
    scene.bare()
    cause = scene.cause()
    assert cause.verdict == "unknown"
    assert cause.sentence == (
        "nothing else that is recorded changed then; the machine's state during these runs is not known"
    )
    assert cause.evidence["others_percent"] == {"before": None, "after": None, "moved": None}


def test_what_shows_on_a_busy_machine_only_is_the_machines(scene: Scene) -> None:
    """Whatever changed besides."""
    scene.runs(after={"others_percent": 70.0, "noisy": True, "git_commit": "c" * 40})
    cause = scene.cause(scene.found(only_noisy=True))
    assert cause.verdict == "machine"
    assert cause.sentence == (
        "only runs on a busy machine show it; other work took 3 → 70 % of the cores;"
        " commit ccccccc came then, too"
    )


def test_a_machine_that_is_always_busy_is_no_news(scene: Scene) -> None:
    """Runs that are all noisy, before as after, can still show what the code does."""
    scene.runs({"others_percent": 40.0, "noisy": True}, {"git_commit": "c" * 40})
    cause = scene.cause(scene.found(only_noisy=True))
    assert cause.verdict == "code"
    assert cause.sentence == "first seen in ccccccc; the machine was as busy as before"


def test_four_runs_after_it_are_enough(scene: Scene) -> None:
    """As for the change itself."""
    scene.runs(after={"others_percent": 52.0})
    found = scene.found()
    few = scene.of([*found.before, *found.after[:4]])
    assert scene.cause(few).verdict == "machine"
    assert scene.cause(scene.of([*found.before, *found.after[:2]])).verdict == "unknown"


def test_one_busy_run_of_many_is_not_the_reason(scene: Scene) -> None:
    """Medians do not see it."""
    others = [3.0] * BEFORE + [3.0, 3.0, 95.0, 3.0, 3.0, 90.0, 3.0, 3.0]
    scene.runs(after={"others_percent": others})
    assert scene.cause().verdict == "unknown"
