"""Alerts that nothing has ended: what `collector status` goes on to say."""

from __future__ import annotations

from typing import Any

from collector.answers import standing
from collector.orm import peewee
from collector.records.alert import Alert
from collector.records.change import Change
from tests.answers.made import HOUR, MINUTE, Made


def alert(made: Made, ago: int, subject: str, concern: str, to_state: str, kind: str = "workload") -> None:
    """A change of state."""
    made.add(
        Alert.record(
            timestamp=made.now_ms - ago, subject_kind=kind, subject=subject, concern=concern,
            from_state="ok", to_state=to_state,
        )
    )  # fmt: skip


def found(reader: peewee.SqliteDatabase) -> list[tuple[Any, ...]]:
    """Subject and state of each."""
    return [(row["subject"], row["state"]) for row in standing.alerts(reader)]


def test_what_is_not_ended_stands_the_oldest_first(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Each concern of a subject for itself, by its last row."""
    alert(made, 3 * HOUR, "tests", "over_budget", "over_budget")
    alert(made, 2 * HOUR, "tests", "failing", "failing")
    alert(made, HOUR, "tests", "over_budget", "recovered")
    alert(made, MINUTE, "e2e", "failing", "failing")
    assert found(reader) == [("tests", "failing"), ("e2e", "failing")]


def test_what_got_faster_is_as_it_should_be(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Nobody has to do anything about it."""
    alert(made, HOUR, "tests", "change", "got_faster")
    assert found(reader) == []


def test_what_got_slower_stands_since_its_first_slow_run(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Not since it was told, which is later; also where it is only in part as fast as before again."""
    since_ms = made.now_ms - 5 * HOUR
    for ago, state in ((2 * HOUR, "got_slower"), (HOUR, "got_faster")):
        made.add(
            Alert.record(
                timestamp=made.now_ms - ago, subject_kind="workload", subject="tests", concern="change",
                from_state="ok", to_state=state, details={"slower_since_ms": since_ms},
            )
        )  # fmt: skip
        (row,) = standing.alerts(reader)
        assert (row["state"], row["since_ms"]) == ("got_slower", since_ms)


def test_a_workload_that_is_out_of_the_config_no_longer_stands(
    made: Made, reader: peewee.SqliteDatabase
) -> None:
    """It will never recover."""
    made.workload("tests", removed_ms=made.now_ms)
    made.workload("e2e")
    alert(made, 2 * HOUR, "tests", "failing", "failing")
    alert(made, HOUR, "e2e", "failing", "failing")
    assert found(reader) == [("e2e", "failing")]


def test_an_accepted_change_no_longer_stands(made: Made, reader: peewee.SqliteDatabase) -> None:
    """It is the new normal."""
    alert(made, HOUR, "tests", "change", "got_slower")
    assert found(reader) == [("tests", "got_slower")]
    numbers = ("before", "after", "before_p95", "after_p95", "ratio", "ratio_low", "ratio_high")
    made.add(
        Change.record(
            subject_kind="workload", subject="tests", metric="wall_ms", timestamp=made.now_ms - 2 * HOUR,
            last_before_ms=made.now_ms - 3 * HOUR, **dict.fromkeys(numbers, 1.0), runs_before=9, runs_after=9,
            state="confirmed", cause="code", sentence="s", found_ms=made.now_ms, accepted_ms=made.now_ms,
        )
    )  # fmt: skip
    assert found(reader) == []


def test_in_words_it_reads_as_a_sentence() -> None:
    """Without the time, which the command adds."""
    assert standing.in_words({"subject": "tests", "state": "over_budget"}) == "tests over its budget"
    assert standing.in_words({"subject": "tests", "state": "failing"}) == "tests failing"
