"""Two sides against each other: what they select, what counts, and who is slower."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from collector.answers import compare, sides, taken
from collector.answers.compare import Compared, Read
from collector.answers.sides import EVER, Side
from collector.errors import UsageError
from collector.orm import peewee
from collector.records.inference import Inference
from collector.records.operation import Operation
from collector.records.skill import Skill
from tests.answers.conftest import NOW
from tests.answers.made import DAY, HOUR, MINUTE, Made

ONE, TWO = "3f9c2ab" + "0" * 33, "77aa001" + "1" * 33
BEFORE = Side("before", since_ms=NOW - 2 * DAY, until_ms=NOW - DAY)
AFTER = Side("after", since_ms=NOW - DAY, until_ms=NOW)


def times(made: Made, name: str, took_ms: float, count: int = 20, ago: int = 0, **columns: Any) -> None:
    """So many runs, a minute apart, the newest ``ago`` and a minute before now."""
    for n in range(count, 0, -1):
        made.run(name, ago + n * MINUTE, took_ms * (1 + n % 5 / 100), **columns)


def both(
    reader: peewee.SqliteDatabase, before: Side = BEFORE, after: Side = AFTER, names: tuple[str, ...] = ()
) -> tuple[Read, Read]:
    """What both sides have."""
    one, two = (compare.read(reader, side, names, reported=not names, now_ms=NOW) for side in (before, after))
    return one, two


def found(reader: peewee.SqliteDatabase, before: Side = BEFORE, after: Side = AFTER, **more: Any) -> Compared:
    """The comparison at a floor of 3 %."""
    return compare.compared(*both(reader, before, after), 0.03, **more)


def verdicts(answer: Compared) -> dict[str, str]:
    """Of each subject."""
    return {row["subject"]: row["verdict"] for row in answer.rows}


def test_each_subject_of_both_windows_gets_its_verdict(made: Made, reader: peewee.SqliteDatabase) -> None:
    """The slower ones first; what only one side has is named."""
    for name, was, became in (("tests", 1000, 1250), ("lint", 100, 60), ("health", 3, 3)):
        times(made, name, was, ago=DAY)
        times(made, name, became)
    times(made, "gone", 5, ago=DAY)
    times(made, "new", 5)
    answer = found(reader)
    assert list(verdicts(answer).items()) == [("tests", "slower"), ("lint", "faster"), ("health", "same")]
    assert (answer.only_before, answer.only_after) == (["gone"], ["new"])


def test_a_row_has_all_figures(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Medians and p95 in ms; the ratio within its interval."""
    times(made, "tests", 1000, ago=DAY)
    times(made, "tests", 1250)
    (row,) = found(reader).rows
    low, high = row.pop("interval")
    assert 1.2 < low < row.pop("ratio") < high < 1.3
    assert row.pop("before_p95_ms") == pytest.approx(1040)
    assert row.pop("after_p95_ms") == pytest.approx(1300)
    assert row == {
        "subject": "tests", "kind": "workload", "before_ms": 1020.0, "after_ms": 1275.0, "runs": [20, 20],
        "verdict": "slower", "clear": True, "left_out": [{}, {}], "one_in": [1, 1],
    }  # fmt: skip


def test_noisy_and_failed_runs_are_left_out_and_counted(made: Made, reader: peewee.SqliteDatabase) -> None:
    """They would say that the same code got slower."""
    times(made, "tests", 1000, ago=DAY)
    times(made, "tests", 1000)
    times(made, "tests", 3000, 30, noisy=True)
    times(made, "tests", 1, 4, outcome="failed")
    made.run("tests", 1, None, outcome="missed")
    (row,) = found(reader).rows
    assert (row["verdict"], row["runs"]) == ("same", [20, 20])
    assert row["left_out"] == [{}, {"noisy": 30, "failed": 4, "not begun": 1}]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_too_few_runs_are_no_verdict(made: Made, reader: peewee.SqliteDatabase, count: int) -> None:
    """Neither ratio nor interval, not even of a side whose runs all failed; medians of what there is."""
    times(made, "tests", 1000, ago=DAY)
    times(made, "tests", 9000, count)
    times(made, "tests", 9000, 1, outcome="failed")
    (row,) = found(reader).rows
    figures = [row[name] for name in ("verdict", "clear", "ratio", "interval", "runs")]
    assert figures == ["too few", None, None, None, [20, count]]
    assert [row[f"{when}_ms"] is None for when in ("before", "after")] == [False, not count]


def test_zeros_and_constants_are_the_same(made: Made, reader: peewee.SqliteDatabase) -> None:
    """What is too quick for the clock has no ratio to be slower by."""
    for name, took in (("zero", 0.0), ("constant", 7.0)):
        for ago in (DAY, 0):
            for n in range(20):
                made.run(name, ago + (n + 1) * MINUTE, took)
    assert verdicts(found(reader)) == {"constant": "same", "zero": "same"}


def test_the_floor_says_what_matters(made: Made, reader: peewee.SqliteDatabase) -> None:
    """25 % are not slower where 30 % are asked for."""
    times(made, "tests", 1000, ago=DAY)
    times(made, "tests", 1250)
    assert compare.compared(*both(reader), 0.3).rows[0]["verdict"] == "same"


def test_commits_are_compared_by_their_clean_runs(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Those with changes since the commit are another program; a + asks for them."""
    times(made, "tests", 1000, git_commit=ONE, git_dirty=False)
    times(made, "tests", 1250, git_commit=TWO, git_dirty=False)
    times(made, "tests", 9000, 5, git_commit=TWO, git_dirty=True)
    one, two = Side("3f9c", commit="3f9c"), Side("77aa001", commit="77aa001")
    (row,) = found(reader, one, two).rows
    assert (row["verdict"], row["runs"], row["left_out"]) == ("slower", [20, 20], [{}, {"dirty": 5}])
    times(made, "tests", 9000, 7, git_commit=TWO, git_dirty=False, noisy=True)
    (row,) = found(reader, one, Side("77aa001+", commit="77aa001", dirty=True)).rows
    assert (row["runs"], row["left_out"]) == ([20, 5], [{}, {"clean": 27}])


def test_two_commits_that_begin_alike_are_told_apart(made: Made, reader: peewee.SqliteDatabase) -> None:
    """By more digits, which the hint shows."""
    for commit in ("3f9c2" + "a" * 35, "3f9c2" + "b" * 35):
        made.run("tests", MINUTE, git_commit=commit)
    with pytest.raises(UsageError, match="2 commits begin with 3f9c") as error:
        both(reader, Side("3f9c", commit="3f9c"))
    assert error.value.hint == "give more digits: 3f9c2a, 3f9c2b"


def test_two_workloads_are_one_row(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Each side names its own."""
    times(made, "parse-old", 1000)
    times(made, "parse-new", 700)
    (row,) = found(reader, Side("parse-old", name="parse-old"), Side("parse-new", name="parse-new")).rows
    assert (row["subject"], row["verdict"]) == ("parse-old → parse-new", "faster")


def test_what_applications_report_is_compared_too(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Of inferences the time a token counts, so that longer answers are not slower models."""
    for ago, factor in ((DAY, 1), (0, 2)):
        for n in range(1, 21):
            at = NOW - ago - n * MINUTE
            made.add(
                Operation.record(
                    metric_type="query", metric_name="orders", duration_ms=3.0 * factor + n % 3 / 10,
                    timestamp=at,
                ),
                Skill.record(
                    skill_id="review", execution_ms=50 + n % 3, tokens_in=1, tokens_out=1, success=n > 2,
                    timestamp=at,
                ),
                Inference.record(
                    model_name="llama", task_type="chat", inference_time=2.0 * factor, input_tokens=1,
                    output_tokens=80 * factor, tokens_per_second=40.0 + n % 3, query_length=1,
                    response_length=1, timestamp=at, created_at=at,
                ),
            )  # fmt: skip
    answer = found(reader)
    assert verdicts(answer) == {"query · orders": "slower", "llama · chat": "same", "review": "same"}
    assert answer.rows[-1]["left_out"] == [{"failed": 2}, {"failed": 2}]
    assert verdicts(found(reader, subjects=["llama"])) == {"llama · chat": "same"}


def test_of_very_many_runs_a_share_is_looked_at(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Spread over all of the time, and none of two that take turns is left out by it."""
    made.conn.execute("BEGIN")
    for n in range(2_200):
        for name in ("a", "b"):
            made.run(name, n * 1000 + 1, 10.0 + n % 7)
    made.conn.execute("COMMIT")
    side = Side("..", since_ms=NOW - DAY)
    one, _ = both(reader, side)
    for name in ("a", "b"):
        taken = one.subjects["workload", name]
        assert taken.one_in == 3
        assert 660 < len(taken.values) < 800


def operations(made: Made, name: str, took_ms: float, count: int, ago: int, **columns: Any) -> None:
    """So many calls of an API, spread over most of a day."""
    apart = 20 * HOUR // count
    made.add(
        *(
            Operation.record(
                metric_type="api", metric_name=name, duration_ms=took_ms * (1 + n % 5 / 100),
                timestamp=NOW - ago - (n + 1) * apart, **columns,
            )
            for n in range(count)
        )
    )  # fmt: skip


def test_a_rare_subject_is_not_lost_beside_a_frequent_one(made: Made, reader: peewee.SqliteDatabase) -> None:
    """All of its executions count; nothing is said to be on one side only that is on both."""
    made.conn.execute("BEGIN")
    for ago, rare_ms in ((DAY, 100), (0, 200)):
        operations(made, "A", 3, 20_000, ago)
        operations(made, "B", rare_ms, 24, ago)
    made.conn.execute("COMMIT")
    answer = found(reader)
    assert verdicts(answer) == {"api · B": "slower", "api · A": "same"}
    rare, frequent = answer.rows
    assert (rare["runs"], rare["one_in"]) == ([24, 24], [1, 1])
    assert min(frequent["one_in"]) > 1
    assert min(frequent["runs"]) > 800
    assert (answer.only_before, answer.only_after) == ([], [])
    assert verdicts(found(reader, subjects=["B"])) == {"api · B": "slower"}


def test_a_subject_that_mostly_fails_is_rare(made: Made, reader: peewee.SqliteDatabase) -> None:
    """The few that went well are all looked at, however many failed beside them."""
    made.conn.execute("BEGIN")
    for ago in (DAY, 0):
        operations(made, "A", 3, 9_000, ago, success=False)
        operations(made, "A", 3, 10, ago, success=True)
    made.conn.execute("COMMIT")
    (row,) = found(reader).rows
    assert (row["runs"], row["left_out"]) == ([10, 10], [{"failed": 9_000}, {"failed": 9_000}])


def test_a_commit_is_known_by_the_newest_runs(
    made: Made, reader: peewee.SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many runs there are, a word that is no commit is told at once."""
    made.run("tests", DAY, git_commit=ONE)
    times(made, "tests", 10, git_commit=TWO)
    assert [taken.is_commit(reader, prefix) for prefix in ("3F9c", "77aa", "abcd")] == [True, True, False]
    monkeypatch.setattr(taken, "NEWEST_RUNS", 20)
    assert [taken.is_commit(reader, prefix) for prefix in ("3f9c", "77aa")] == [False, True]


def test_gaps_of_both_windows_are_told(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Those before the first session are none."""
    made.session(3 * DAY, None)
    made.gap(DAY + 30 * MINUTE, DAY + 5 * MINUTE, "suspend")
    one, two = both(reader)
    assert [gap["reason"] for gap in one.gaps] == ["suspend"]
    assert list(two.gaps) == []


NAMES = ("unit-tests", "beef", "7d", "20261101")


def side(text: str, commits: tuple[str, ...] = ("3f9c2ab", "beef")) -> Side:
    """What a word means where these workloads and commits are known."""
    return sides.explicit(text, NOW) or sides.inferred(
        text, NAMES, lambda prefix: any(known.startswith(prefix) for known in commits), NOW
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("commit:3f9c2AB", {"commit": "3f9c2ab"}),
        ("3f9c2ab", {"commit": "3f9c2ab"}),
        ("3f9c2ab+", {"commit": "3f9c2ab", "dirty": True}),
        ("unit-tests", {"name": "unit-tests"}),
        ("name:7d", {"name": "7d"}),
        ("window:7d", {"since_ms": NOW - 7 * DAY, "until_ms": NOW}),
        ("7d..1d", {"since_ms": NOW - 7 * DAY, "until_ms": NOW - DAY}),
        ("name:unit-tests,commit:3f9c", {"name": "unit-tests", "commit": "3f9c"}),
        ("name:a,b", {"name": "a,b"}),
        ("3f9c2ab+,name:unit-tests", {"commit": "3f9c2ab", "dirty": True, "name": "unit-tests"}),
        ("unit-tests,window:7d", {"name": "unit-tests", "since_ms": NOW - 7 * DAY, "until_ms": NOW}),
    ],
)
def test_a_side_is_what_its_prefix_says_or_what_it_can_only_be(text: str, expected: dict[str, Any]) -> None:
    """Several joined by commas hold together."""
    assert Side(text, **expected) == side(text)


def test_a_file_is_a_side(tmp_path: Path) -> None:
    """By its prefix or by its look; with a workload of it behind a comma."""
    path = tmp_path / "laptop.db"
    path.touch()
    assert side(f"file:{path}").file == side(str(path)).file == path
    both_of = side(f"file:{path},name:unit-tests")
    assert (both_of.file, both_of.name, both_of.until_ms) == (path, "unit-tests", EVER)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("beef", "may mean more than one thing", "say name:beef or commit:beef"),
        ("7d", "may mean more than one thing", "say name:7d or window:7d"),
        ("unit-test", "did you mean 'unit-tests'?", "commit:3f9c2ab, window:7d..1d, file:PATH"),
        ("abcdef1", "none of the newest runs is of a commit abcdef1", "commit:abcdef1 looks through all"),
        ("HEAD~1", "is a name that only git knows", "$(git rev-parse --short HEAD~1)"),
        ("commit:HEAD", "is a name that only git knows", "$(git rev-parse --short HEAD)"),
        ("commit:main", "'main' is no commit", "4 digits of it or more"),
        ("commit:3f9", "'3f9' is no commit", "4 digits of it or more"),
        ("commit:", "names no commit", "a side is"),
        ("window:soon", "window 'soon'", "yesterday"),
        ("window:1d..7d", "ends before it begins", "7d..1d"),
        ("1d..7d", "ends before it begins", "7d..1d"),
        ("file:/nowhere/c.db", "there is no file", "collector.db"),
        ("/nowhere/c.db", "there is no file", "collector.db"),
        ("name:a,name:b", "has two of name:", "each may stand once"),
        ("unit-tests,name:b", "has two of name:", "each may stand once"),
        ("nope,name:b", "'nope' is no workload", "a side is"),
        ("", "is no workload", "a side is"),
    ],
)
def test_what_selects_nothing_is_refused_with_what_would(text: str, message: str, hint: str) -> None:
    """What may be two things among it."""
    with pytest.raises(UsageError) as error:
        side(text)
    assert message in error.value.message
    assert hint in error.value.hint
