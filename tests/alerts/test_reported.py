"""Operations, inferences and skill executions: slow, failing, and recovered."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from collector.alerts.reported import key_of, subject_of
from collector.records.inference import Inference
from collector.records.operation import TAIL, WARNED_OF
from collector.records.skill import Skill
from collector.sections import Slow
from collector.slow import Thresholds
from collector.units import Duration
from tests.alerts.made import FLOOR_PERCENT, NOW_MS, Heard, operation

SLOW_MS = 133.0
HOUR_MS = 3_600_000


def inference(seconds: float, success: bool | None = None) -> msgspec.Struct:
    """An answer of a model that took so long."""
    return Inference.record(
        model_name="llama3.1:8b", task_type="chat", timestamp=NOW_MS, inference_time=seconds,
        input_tokens=1, output_tokens=1, query_length=1, response_length=1, success=success,
        created_at=NOW_MS,
    )  # fmt: skip


def skill(success: bool) -> msgspec.Struct:
    """A skill execution that took a second."""
    return Skill.record(
        skill_id="review", execution_ms=1000.0, tokens_in=1, tokens_out=1, success=success, timestamp=NOW_MS
    )


def test_five_slow_ones_of_ten_are_slow_and_one_of_ten_is_not() -> None:
    """Whatever lies between changes nothing."""
    quick, slow = operation(), operation(SLOW_MS)
    heard = Heard()
    assert heard.hear(slow, slow, quick, slow, quick, quick, slow, quick, quick, quick) == []
    assert heard.hear(slow, slow) == []
    assert heard.hear(slow) == ["slow"]
    assert heard.hear(*[quick] * 8) == []
    assert heard.hear(quick) == ["recovered"]
    assert heard.hear(*[quick] * 20) == []
    assert heard.sentences == [
        "query f8ef41f7 of shop is slow: 5 of the last 10 executions took more than 100 ms (last 133 ms)",
        "query f8ef41f7 of shop is no longer slow: 1 of the last 10 executions took more than 100 ms",
    ]


@pytest.mark.parametrize(("bad", "states"), [(4, []), (5, ["failing"])])
def test_five_failed_ones_of_ten_are_failing(bad: int, states: list[str]) -> None:
    """However the ten are ordered."""
    records = [operation(success=i >= bad) for i in range(10)]
    assert Heard().hear(*records) == states
    assert Heard().hear(*reversed(records)) == states


def test_none_of_ten_that_failed_is_the_end_of_failing() -> None:
    """Ten good ones in a row."""
    heard = Heard()
    heard.hear(*[operation(success=False)] * 5)
    assert heard.hear(*[operation()] * 9, operation(success=False), *[operation()] * 9) == []
    assert heard.hear(operation()) == ["recovered"]
    assert heard.sentences == [
        "query f8ef41f7 of shop is failing: 5 of the last 10 executions failed",
        "query f8ef41f7 of shop works again: none of the last 10 executions failed",
    ]


def test_where_nobody_says_whether_it_went_well_nothing_fails_or_recovers() -> None:
    """A followed log tells times only, beside an application that says more."""
    heard = Heard()
    failed, unsaid = operation(success=False), operation(success=None)
    assert heard.hear(*[failed, unsaid, unsaid] * 4) == []
    assert heard.hear(failed) == ["failing"]
    assert heard.hear(*[unsaid] * 20) == []


def test_slow_and_failing_are_states_of_their_own() -> None:
    """One subject may be both."""
    heard = Heard()
    assert heard.hear(*[operation(SLOW_MS, success=False)] * 5) == ["slow", "failing"]
    assert [row["state"] for row in heard.alerts.standing()] == ["slow", "failing"]
    assert heard.hear(*[operation()] * 9) == ["recovered"]
    assert [row["state"] for row in heard.alerts.standing()] == ["failing"]


def test_an_operation_without_a_statement_is_known_by_type_and_name() -> None:
    """Two types of one name are two."""
    heard = Heard()
    call = {"metric_name": "log in", "query_hash": None}
    mixed = [operation(2000.0, metric_type=kind, **call) for kind in ("api", "frontend") for _ in range(4)]
    assert heard.hear(*mixed) == []
    assert heard.hear(operation(2000.0, metric_type="api", **call)) == ["slow"]
    row: Any = heard.rows[0]
    assert (row.subject_kind, row.subject) == ("operation", "api log in")


@pytest.mark.parametrize(
    "subject",
    [("query", "f8ef41f7dfc44a5d"), ("operation", "api log in"), ("inference", "api"), ("skill", "a b")],
)
def test_a_row_says_whose_window_it_is(subject: tuple[str, str]) -> None:
    """Read back after a restart."""
    assert subject_of(key_of(*subject)) == subject


def test_thresholds_by_name_and_tail_count_first() -> None:
    """As they do for warnings; the next config may have others."""
    slow = Slow(names={"nightly": Duration(5), "shop-log": Duration(0.001)})
    assert Heard(slow).hear(*[operation(SLOW_MS, metric_name="nightly")] * 9) == []
    by_tail = operation(3.0, metadata={TAIL: "shop-log"})
    assert Heard(slow).hear(*[by_tail] * 5) == ["slow"]


def test_models_and_skills_have_states_too() -> None:
    """Slow only where the config says from when on."""
    assert Heard().hear(*[inference(60.0)] * 9) == []
    heard = Heard(Slow(inference=Duration(10)))
    assert heard.hear(*[inference(60.0)] * 5) == ["slow"]
    assert heard.hear(*[skill(False)] * 5) == ["failing"]
    assert heard.sentences == [
        "inference llama3.1:8b is slow: 5 of the last 10 executions took more than 10 s (last 60.0 s)",
        "skill review is failing: 5 of the last 10 executions failed",
    ]


def test_a_threshold_that_is_gone_ends_what_was_slow() -> None:
    """Told with null rather than infinity, which no JSON has."""
    heard = Heard(Slow(inference=Duration(10)))
    heard.hear(*[inference(60.0)] * 5)
    heard.alerts.set(Thresholds.of(Slow()), FLOOR_PERCENT)
    assert heard.hear(*[inference(60.0)] * 9) == ["recovered"]
    assert heard.sentences[-1] == "inference llama3.1:8b is no longer slow: it has no threshold any more"
    row: Any = heard.rows[-1]
    assert row.details["threshold_ms"] is None


def test_an_imported_log_is_no_news() -> None:
    """Neither do its quick ones end what is slow now."""
    old = {"timestamp": NOW_MS - HOUR_MS - 1000}
    assert Heard().hear(*[operation(SLOW_MS, **old)] * 20) == []
    heard = Heard()
    heard.hear(*[operation(SLOW_MS)] * 5)
    assert heard.hear(*[operation(**old)] * 20) == []


def test_what_another_recorder_warned_of_is_its_own_alert() -> None:
    """A log of ours that we follow ourselves feeds nothing back."""
    assert Heard().hear(*[operation(SLOW_MS, metadata={WARNED_OF: True})] * 20) == []


def test_many_subjects_that_were_slow_once_are_bounded() -> None:
    """What is not ok is never forgotten for others that are."""
    heard = Heard()
    heard.hear(*[operation(SLOW_MS)] * 5)
    heard.alerts.stored([operation(SLOW_MS, query_hash=f"{i:x}") for i in range(5000)], NOW_MS)
    assert len(heard.alerts._reported.windows.held) == 2001
    assert heard.hear(*[operation()] * 9) == ["recovered"]
