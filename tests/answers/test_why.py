"""A run or a moment against its own normal: figures, and a sentence that claims no more than they show."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from collector.answers import why
from collector.answers.usual import history
from collector.orm import peewee
from collector.records.change import Change
from collector.records.inference import Inference
from collector.records.operation import Operation
from collector.records.skill import Skill
from tests.answers import then
from tests.answers.made import DAY, HOUR, MINUTE, Made
from tests.answers.then import BUSY, EVERY, LAST, LATER

pytestmark = pytest.mark.long

SHORT = "the machine was busy, hot and short of memory"


def newest(made: Made, reader: peewee.SqliteDatabase) -> dict[str, Any]:
    """What is said of the newest run of ``unit-tests`` that began."""
    run = history.finished(reader, "unit-tests")
    assert run is not None
    return why.of_run(reader, run, made.now_ms)


def marked(answer: dict[str, Any]) -> dict[str, str | None]:
    """The figures that stand out, and the word beside each."""
    return {row["name"]: row["why"] for row in answer["figures"] if row["stands_out"]}


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (BUSY, "the machine was busy, hot and short of memory; the code did not change"),
        ({"git_commit": LATER}, "the commit changed with this run; the machine was as usual"),
        (
            {**BUSY, "git_commit": LATER},
            f"{SHORT}, and the commit changed with this run: the record does not tell which it was",
        ),
        ({"git_dirty": True},
         "tracked files were changed with this run, or changed back; the machine was as usual"),
        ({"command": "make test -j1"}, "the command changed with this run; the machine was as usual"),
        ({"user_ms": 55_700.0}, "it had 38 % more own cpu time; the machine was as usual"),
        ({"read_bytes": 10**9}, "nothing that is recorded was unusual"),
        ({}, "nothing that is recorded was unusual"),
        ({"on_battery": True}, "the machine was on battery; the code did not change"),
        ({"frequency_mhz": 2000.0}, "the machine was slowed down; the code did not change"),
        ({"frequency_mhz": 2000.0, "temperature_celsius": 86.0},
         "the machine was hot; the code did not change"),
        ({"io_some_percent": 44.0}, "the machine was waiting for its disks; the code did not change"),
        ({"git_commit": None, "git_dirty": None, **BUSY},
         "the machine was busy, hot and short of memory; no commit is recorded"),
        ({"git_dirty": None, **BUSY},
         "the machine was busy, hot and short of memory; the commit did not change"),
    ],
)  # fmt: skip
def test_the_verdict_says_what_stood_out(
    made: Made, reader: peewee.SqliteDatabase, columns: dict[str, Any], expected: str
) -> None:
    """Of a run that took 58.9 s where 42 s are usual: the machine, the code, both, or nothing."""
    then.runs(made)
    then.last(made, **columns)
    assert expected == newest(made, reader)["verdict"]


@pytest.mark.parametrize(
    ("wall_ms", "columns", "expected"),
    [
        (42_000.0, {}, "it took as long as usual"),
        (42_000.0, BUSY, "it took as long as usual, though the machine was busy, hot and short of memory"),
        (30_000.0, {}, "it was faster than usual; nothing that is recorded says why"),
        (30_000.0, {"git_commit": LATER}, "it was faster than usual; the commit changed with this run"),
    ],
)
def test_a_run_that_was_not_slow_is_told_as_such(
    made: Made, reader: peewee.SqliteDatabase, wall_ms: float, columns: dict[str, Any], expected: str
) -> None:
    """A busy machine explains nothing that did not happen."""
    then.runs(made)
    then.last(made, wall_ms, **columns)
    assert expected == newest(made, reader)["verdict"]


def test_the_time_stands_beside_the_last_sixty_good_runs(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Failed ones do not count; noisy ones are left out and counted."""
    then.runs(made, 70)
    made.run("unit-tests", LAST + 5 * MINUTE, 99_000.0, outcome="failed")
    made.run("unit-tests", LAST + 6 * MINUTE, 99_000.0, noisy=True)
    then.last(made)
    time = newest(made, reader)["time"]
    assert (time["runs"], time["noisy_left_out"], time["slower_than"]) == (60, 1, 1.0)
    assert (time["median_ms"], time["stands_out"]) == (42_000.0, "above")


@pytest.mark.parametrize(
    ("wall_ms", "expected", "side"),
    [
        (42_100.0, "it took as long as usual", None),
        (42_300.0, "it was a hair slower than usual (by less than 3 % or 0.05 ms)", None),
        (41_700.0, "it was a hair faster than usual (by less than 3 % or 0.05 ms)", None),
        (44_000.0, "nothing that is recorded was unusual", "above"),
        (40_000.0, "it was faster than usual; nothing that is recorded says why", "below"),
    ],
)
def test_what_took_longer_than_nearly_all_others_did_not_take_as_long_as_usual(
    made: Made, reader: peewee.SqliteDatabase, wall_ms: float, expected: str, side: str | None
) -> None:
    """The sentence and the p95 above it say the same."""
    then.runs(made)
    then.last(made, wall_ms)
    answer = newest(made, reader)
    assert (answer["verdict"], answer["time"]["stands_out"]) == (expected, side)


@pytest.mark.parametrize("wide_ms", [7.76, 6.9])
def test_beyond_the_p95_of_times_that_vary_is_slower_than_usual(
    made: Made, reader: peewee.SqliteDatabase, wide_ms: float
) -> None:
    """However far the usual ones lie apart."""
    for n in range(16):
        made.run("unit-tests", LAST + (n + 1) * MINUTE, 3.5 + n % 8 * 0.4 + n / 1000, **then.QUIET)
    then.last(made, wide_ms, **BUSY)
    answer = newest(made, reader)
    assert answer["time"]["p95_ms"] < wide_ms
    assert answer["verdict"] == f"{SHORT}; the code did not change"


@pytest.mark.parametrize("took_ms", [0.0, 7.0])
def test_a_time_that_is_always_the_same_is_neither_slower_nor_faster(
    made: Made, reader: peewee.SqliteDatabase, took_ms: float
) -> None:
    """What took just as long counts as neither; zeros, too."""
    for n in range(20):
        made.run("unit-tests", LAST + (n + 1) * MINUTE, took_ms)
    then.last(made, took_ms)
    answer = newest(made, reader)
    assert (answer["time"]["slower_than"], answer["time"]["faster_than"]) == (0.0, 0.0)
    assert answer["verdict"] == "it took as long as usual"


def test_quiet_runs_long_ago_are_still_what_is_usual(made: Made, reader: peewee.SqliteDatabase) -> None:
    """One of them fewer does not turn a busy machine's runs into the normal."""
    then.runs(made, 200, noisy=True)
    for n in range(12):
        made.run("unit-tests", LAST + (10 * n + 1) * MINUTE, 30_000.0, **then.QUIET)
    then.last(made, 42_000.0)
    time = newest(made, reader)["time"]
    assert (time["runs"], time["noisy_included"], time["median_ms"]) == (12, 0, 30_000.0)
    made.conn.execute("DELETE FROM workload_runs WHERE id = (SELECT max(id) FROM workload_runs) - 1")
    time = newest(made, reader)["time"]
    assert (time["runs"], time["noisy_included"], time["median_ms"]) == (11, 0, 30_000.0)


def change(made: Made, ago_ms: int, subject: str, kind: str, *, accepted: bool) -> None:
    """A change that the recorder found and perhaps somebody accepted."""
    made.add(
        Change.record(
            subject_kind=kind, subject=subject, metric="wall_ms", timestamp=made.now_ms - ago_ms,
            last_before_ms=made.now_ms - ago_ms - 1, before=1.0, after=2.0, before_p95=1.0, after_p95=2.0,
            ratio=2.0, ratio_low=1.9, ratio_high=2.1, runs_before=9, runs_after=9, state="confirmed",
            cause="code", sentence="it got slower", found_ms=made.now_ms,
            accepted_ms=made.now_ms if accepted else None,
        )
    )  # fmt: skip


def test_the_normal_begins_at_the_newest_change_that_was_accepted(
    made: Made, reader: peewee.SqliteDatabase
) -> None:
    """Not at one that nobody accepted, nor at one of another subject, nor at one after the run."""
    then.runs(made)
    change(made, LAST + 20 * EVERY, "unit-tests", "workload", accepted=True)
    change(made, LAST + 10 * EVERY, "unit-tests", "workload", accepted=False)
    change(made, LAST + 9 * EVERY, "lint", "workload", accepted=True)
    change(made, LAST - MINUTE, "unit-tests", "workload", accepted=True)
    then.last(made)
    time = newest(made, reader)["time"]
    assert (time["runs"], time["since_ms"]) == (20, made.now_ms - LAST - 20 * EVERY)


def test_too_few_runs_since_an_accepted_change_are_said_to_be_so(
    made: Made, reader: peewee.SqliteDatabase
) -> None:
    """What was before is no normal any more."""
    then.runs(made)
    change(made, LAST + 3 * EVERY, "unit-tests", "workload", accepted=True)
    then.last(made)
    assert newest(made, reader)["verdict"] == (
        "too few runs (3 of 8) since the accepted change to say what is usual"
    )


def test_the_code_is_compared_with_the_runs_that_the_time_is(
    made: Made, reader: peewee.SqliteDatabase
) -> None:
    """Noisy runs between them are of another commit, and count for neither."""
    then.runs(made, 20)
    for n in range(5):
        made.run(
            "unit-tests", LAST + (n + 1) * MINUTE, 90_000.0, noisy=True, git_commit=LATER, git_dirty=True
        )
    then.last(made, git_commit=LATER, git_dirty=True)
    code = newest(made, reader)["code"]
    assert (code["usual_commit"], code["usual_dirty"]) == (then.COMMIT, False)
    assert (code["usual_same"], code["usual_runs"], code["same_as"]) == (0, 20, 5)


def test_where_nearly_all_runs_are_noisy_they_are_what_is_usual(
    made: Made, reader: peewee.SqliteDatabase
) -> None:
    """A machine that is always busy has a normal, too."""
    then.runs(made, noisy=True)
    then.last(made, 42_000.0, noisy=True)
    answer = newest(made, reader)
    time = answer["time"]
    assert (time["runs"], time["noisy_left_out"], time["noisy_included"]) == (60, 0, 60)
    assert answer["verdict"] == "it took as long as usual"


@pytest.mark.parametrize("count", [0, 5, 7])
def test_too_few_runs_are_said_to_be_too_few(made: Made, reader: peewee.SqliteDatabase, count: int) -> None:
    """With how many there are, and without a range."""
    then.runs(made, count)
    then.last(made, **BUSY)
    answer = newest(made, reader)
    assert answer["verdict"] == f"too few runs ({count} of 8) to say what is usual"
    assert {row["median"] for row in answer["figures"]} == {None}


def test_eight_runs_are_enough(made: Made, reader: peewee.SqliteDatabase) -> None:
    """The border itself."""
    then.runs(made, 8)
    then.last(made, **BUSY)
    assert newest(made, reader)["verdict"].startswith("the machine was busy")


def test_constant_figures_do_not_stand_out_by_a_hair(made: Made, reader: peewee.SqliteDatabase) -> None:
    """What never moved has no spread, but every figure has a least difference that matters."""
    then.runs(made)
    then.last(made, others_percent=7.0, temperature_celsius=63.0, io_some_percent=0.4, frequency_mhz=3850.0)
    assert marked(newest(made, reader)) == {}


def test_a_commit_that_came_some_runs_ago_is_told(made: Made, reader: peewee.SqliteDatabase) -> None:
    """All its runs are slower than those before it."""
    then.runs(made)
    for n in range(5):
        made.run("unit-tests", LAST + (n + 1) * MINUTE, 58_000.0, **{**then.QUIET, "git_commit": LATER})
    then.last(made, git_commit=LATER)
    assert newest(made, reader)["verdict"] == (
        "it has been slower since commit 77aa001 came, 5 runs before; the machine was as usual"
    )


def test_a_commit_that_came_with_a_noisy_run_did_not_change_with_this_one(
    made: Made, reader: peewee.SqliteDatabase
) -> None:
    """Runs that do not count for the time still tell when it came; it stays a suspect."""
    then.runs(made)
    made.run("unit-tests", LAST + MINUTE, 90_000.0, noisy=True, git_commit=LATER, git_dirty=False)
    then.last(made, git_commit=LATER)
    answer = newest(made, reader)
    assert (answer["code"]["change"], answer["code"]["same_as"]) == ("recent", 1)
    assert answer["verdict"] == "the commit changed 1 run before; the machine was as usual"


def test_a_commit_whose_other_runs_were_as_quick_as_before_is_no_suspect(
    made: Made, reader: peewee.SqliteDatabase
) -> None:
    """One good run of it is enough."""
    then.runs(made)
    made.run("unit-tests", LAST + MINUTE, 42_000.0, **{**then.QUIET, "git_commit": LATER})
    then.last(made, git_commit=LATER, **BUSY)
    assert newest(made, reader)["verdict"] == f"{SHORT}; the code did not change"


def test_uncommitted_changes_may_have_changed(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Nobody recorded what they were."""
    then.runs(made, git_dirty=True)
    then.last(made, git_dirty=True, **BUSY)
    assert newest(made, reader)["verdict"].endswith(
        "; the commit did not change, whether the uncommitted files did is not recorded"
    )


@pytest.mark.parametrize(
    ("outcome", "wall_ms", "expected"),
    [
        ("failed", 3_000.0, "it did not go well; the machine was as usual"),
        ("timeout", 600_000.0, "it was ended by its timeout; the machine was as usual"),
        ("crashed", None, "it never began; the machine was as usual"),
    ],
)
def test_a_run_that_did_not_go_well_is_not_compared_by_its_time(
    made: Made, reader: peewee.SqliteDatabase, outcome: str, wall_ms: float | None, expected: str
) -> None:
    """How it ended comes first."""
    then.runs(made)
    then.last(made, wall_ms, outcome=outcome)
    answer = newest(made, reader)
    assert (answer["time"], answer["verdict"]) == (None, expected)


def test_a_missed_run_is_only_told_when_it_is_asked_for(made: Made, reader: peewee.SqliteDatabase) -> None:
    """The newest run is the newest that began."""
    then.runs(made)
    made.run("unit-tests", MINUTE, None, outcome="missed", detail="it was due 70 s before it could begin")
    assert newest(made, reader)["run"]["outcome"] == "ok"
    run = history.numbered(reader, 61)
    assert run is not None
    answer = why.of_run(reader, run, made.now_ms)
    assert answer["verdict"] == "it never began; nothing is recorded of the machine"


def test_processes_are_told_by_what_they_took_beyond_their_usual(
    made: Made, reader: peewee.SqliteDatabase
) -> None:
    """The workload's own run in each of its runs, so they explain nothing."""
    then.runs(made)
    then.last(made, **BUSY)
    for n in range(9):
        then.process(made, LAST + n * EVERY - 30_000, "pytest", 300.0)
    then.process(made, LAST - 30_000, "rsync", 90.0, pid=8)
    then.process(made, LAST - 30_000, "rsync", 90.0, pid=9)
    answer = newest(made, reader)
    assert [(row["name"], row["cpu_percent"], row["usual_cpu_percent"]) for row in answer["processes"]] == [
        ("rsync", 180.0, 0.0),
        ("pytest", 300.0, 300.0),
    ]
    assert marked(answer)["others_percent"] == "mostly rsync, 180 % of a core"
    assert marked(answer)["frequency_mhz"] == "thermal: 97 °C"


def test_runs_of_other_workloads_then_are_told(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Those that overlap, even by a little; not those before and after, and not itself."""
    then.runs(made)
    then.last(made)
    made.run("backup", LAST + 10 * MINUTE, 10.5 * MINUTE)
    made.run("early", LAST + 10 * MINUTE, 1000.0)
    made.run("lint", LAST - 58_000, 5000.0)
    made.run("late", LAST - 2 * MINUTE, 1000.0)
    assert [run["workload"] for run in newest(made, reader)["other_runs"]] == ["backup", "lint"]


def test_sampled_figures_stand_beside_the_same_hour_of_other_days(
    made: Made, reader: peewee.SqliteDatabase
) -> None:
    """Each device for itself; what the run tells itself is not told twice."""
    then.runs(made)
    then.last(made)
    then.quiet_days(made, LAST)
    for second in range(0, 60, 5):
        then.sample(made, LAST - second * 1000, io=55.0, disk=97.0)
    answer = newest(made, reader)
    assert marked(answer) == {
        "cpu.iowait_percent": "nvme0n1 busy 97 %",
        "disk.busy_percent.nvme0n1": None,
    }
    names = [row["name"] for row in answer["figures"]]
    assert "pressure.io_some_percent" not in names
    assert "memory.swap_in_bytes_per_s" in names
    assert answer["missing"] == ["sensor", "network", "filesystem"]


def test_a_short_run_between_two_samples_is_told_by_the_next(
    made: Made, reader: peewee.SqliteDatabase
) -> None:
    """A sample speaks of the time before it; one of another hour speaks of nothing."""
    then.runs(made, 0)
    then.last(made, 20.0)
    then.sample(made, LAST - 3_000, busy=77.0)
    then.sample(made, LAST + 3_000, busy=11.0)
    busy = {row["name"]: row["value"] for row in newest(made, reader)["figures"]}
    assert busy["cpu.iowait_percent"] == 0.0
    made.run("unit-tests", LAST - 10 * MINUTE, 20.0)
    assert "cpu" in newest(made, reader)["missing"]


def test_a_moment_stands_beside_its_hour(made: Made, reader: peewee.SqliteDatabase) -> None:
    """The minute around it."""
    then.quiet_days(made, 2 * HOUR)
    for second in range(0, 600, 5):
        then.sample(made, 2 * HOUR + 300_000 - second * 1000, busy=96.0)
    answer = why.of_moment(reader, made.now_ms - 2 * HOUR, made.now_ms)
    assert (answer["to_ms"] - answer["from_ms"], answer["in_gap"]) == (MINUTE, None)
    assert answer["verdict"] == "the machine was busy"
    cpu = answer["timeline"]["series"][0]
    assert (cpu["label"], set(cpu["values"])) == ("cpu", {96.0})


def test_a_quiet_moment_was_not_unusual(made: Made, reader: peewee.SqliteDatabase) -> None:
    """And with few samples nobody knows what is usual."""
    then.sample(made, 2 * HOUR)
    at = made.now_ms - 2 * HOUR
    assert why.of_moment(reader, at, made.now_ms)["verdict"] == "too little is recorded to say what is usual"
    then.quiet_days(made, 2 * HOUR)
    assert why.of_moment(reader, at, made.now_ms)["verdict"] == "nothing that is recorded was unusual"


def test_a_moment_in_a_gap_has_no_figures(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Only what lies nearest, and why nothing was recorded; though the gap began within the half minute."""
    then.sample(made, 2 * HOUR + 40_000)
    then.sample(made, 2 * HOUR - 40_000)
    made.gap(2 * HOUR + 20_000, 2 * HOUR - 40_000, "suspend")
    answer = why.of_moment(reader, made.now_ms - 2 * HOUR, made.now_ms)
    assert answer["in_gap"]["reason"] == "suspend"
    assert answer["figures"] == []
    assert answer["nearest"] == {
        "before_ms": made.now_ms - 2 * HOUR - 40_000,
        "after_ms": made.now_ms - 2 * HOUR + 40_000,
    }
    assert answer["verdict"] == "nothing is recorded of the machine at that time"


def test_a_short_gap_hides_nothing_of_the_minute_around_it(made: Made, reader: peewee.SqliteDatabase) -> None:
    """The samples beside it count, and the gap is told."""
    then.sample(made, 2 * HOUR + 25_000, busy=11.0)
    then.sample(made, 2 * HOUR - 9_000, busy=13.0)
    made.gap(2 * HOUR + 7_000, 2 * HOUR - 7_000, "stall")
    answer = why.of_moment(reader, made.now_ms - 2 * HOUR, made.now_ms)
    busy = next(row["value"] for row in answer["figures"] if row["name"] == "cpu.busy_percent")
    assert (answer["in_gap"], answer["nearest"], busy) == (None, None, 12.0)
    assert [gap["reason"] for gap in answer["gaps"]] == ["stall"]


def test_what_was_recorded_hours_later_is_no_picture_of_a_moment(
    made: Made, reader: peewee.SqliteDatabase
) -> None:
    """Ten minutes are drawn, of which nothing is there."""
    for minute in range(0, 60, 5):
        then.sample(made, HOUR - minute * MINUTE)
    answer = why.of_moment(reader, made.now_ms - 2 * HOUR, made.now_ms)
    timeline = answer["timeline"]
    assert (timeline["series"], timeline["to_ms"] - timeline["from_ms"]) == ([], 10 * MINUTE)


def test_a_gap_is_a_hole_in_the_timeline(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Never interpolated, whatever lies on both sides of it."""
    for second in range(-300, 301, 5):
        if not -100 < second < -20:
            then.sample(made, 2 * HOUR - second * 1000)
    made.gap(2 * HOUR + 100_000, 2 * HOUR + 20_000, "stall")
    answer = why.of_moment(reader, made.now_ms - 2 * HOUR, made.now_ms)
    values = answer["timeline"]["series"][0]["values"]
    empty = [cell for cell, value in enumerate(values) if value is None]
    step = answer["timeline"]["step_ms"]
    assert len(empty) >= 80_000 // step - 1
    assert empty == list(range(empty[0], empty[-1] + 1))
    assert [gap["reason"] for gap in answer["gaps"]] == ["stall"]


def test_before_the_first_record_there_is_nothing(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Which is not the same as a quiet machine."""
    made.session(HOUR, None)
    answer = why.of_moment(reader, made.now_ms - 9 * DAY, made.now_ms)
    assert answer["first_ms"] == made.now_ms - HOUR
    assert answer["verdict"] == "nothing is recorded of the machine at that time"
    assert answer["timeline"]["series"] == []


def execution(kind: str, at: int, took_ms: float) -> msgspec.Struct:
    """One of that kind."""
    if kind == "operation":
        return Operation.record(
            metric_type="query", metric_name="open-orders", duration_ms=took_ms, timestamp=at
        )
    if kind == "skill":
        return Skill.record(
            skill_id="open-orders",
            execution_ms=took_ms,
            tokens_in=1,
            tokens_out=1,
            success=True,
            timestamp=at,
        )
    return Inference.record(
        model_name="open-orders", task_type="chat", inference_time=took_ms / 1000, input_tokens=1,
        output_tokens=1, query_length=1, response_length=1, timestamp=at, created_at=at,
    )  # fmt: skip


def executions(made: Made, kind: str) -> None:
    """Sixty of 3 ms and then one of 9.8 ms."""
    for n in range(60, 0, -1):
        made.add(execution(kind, made.now_ms - HOUR - n * MINUTE, 3.0 + n % 5 / 10))
    made.add(execution(kind, made.now_ms - HOUR, 9.8))


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        ("operation", "open-orders · query"),
        ("inference", "open-orders · chat"),
        ("skill", "open-orders"),
    ],
)
def test_the_normal_of_executions_begins_at_an_accepted_change_too(
    made: Made, reader: peewee.SqliteDatabase, kind: str, subject: str
) -> None:
    """By the name that `collector changes` has for it."""
    executions(made, kind)
    change(made, HOUR + 10 * MINUTE, subject, kind, accepted=True)
    found = history.executed(reader, "open-orders")
    assert found is not None
    assert len(found[1].usual) == 10
    assert list(found[0]) == ["kind", "name", "timestamp", "value_ms", "success"]


def test_the_normal_of_a_statement_begins_at_its_accepted_change(
    made: Made, reader: peewee.SqliteDatabase
) -> None:
    """Which is named by its text and the beginning of its fingerprint."""
    for n in range(20):
        made.add(
            Operation.record(
                metric_type="query", metric_name="orders", duration_ms=3.0, query_hash="3f9c2ab07d11aa",
                timestamp=made.now_ms - n * MINUTE,
            )
        )  # fmt: skip
    change(made, 9 * MINUTE, "SELECT * FROM orders · 3f9c2ab0", "operation", accepted=True)
    found = history.executed(reader, "orders")
    assert found is not None
    assert len(found[1].usual) == 9


@pytest.mark.parametrize("kind", ["operation", "inference", "skill"])
def test_what_applications_report_is_told_by_its_newest(
    made: Made, reader: peewee.SqliteDatabase, kind: str
) -> None:
    """Beside the sixty before it of the same name."""
    executions(made, kind)
    then.quiet_days(made, HOUR)
    then.sample(made, HOUR - 1000, busy=93.0)
    found = history.executed(reader, "open-orders")
    assert found is not None
    answer = why.of_execution(reader, *found, made.now_ms)
    assert answer["subject"] == {"kind": kind, "name": "open-orders"}
    assert (answer["time"]["runs"], answer["time"]["stands_out"]) == (60, "above")
    assert answer["verdict"] == "the machine was busy"


def test_an_execution_that_failed_says_so(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Its time says nothing."""
    executions(made, "operation")
    made.add(
        Operation.record(
            metric_type="query",
            metric_name="open-orders",
            duration_ms=1.0,
            timestamp=made.now_ms,
            success=False,
        )
    )
    found = history.executed(reader, "open-orders")
    assert found is not None
    assert why.of_execution(reader, *found, made.now_ms)["verdict"] == (
        "it failed; nothing is recorded of the machine"
    )


def test_nothing_of_that_name_is_none(reader: peewee.SqliteDatabase) -> None:
    """An empty record, too."""
    assert history.executed(reader, "open-orders") is None
    assert history.finished(reader, "unit-tests") is None
