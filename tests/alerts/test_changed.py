"""Confirmed changes: got slower, got faster, and a slowdown that was mended."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from tests.alerts.made import NOW_MS, Heard
from tests.conftest import Store

FIGURES = {"unit": "ms", "ratio": 1.25}
# When a change is sure and told, after its first run.
LATER_MS = 3_600_000


def change(heard: Heard, *levels: float, unit: str = "ms") -> list[str]:
    """Confirm a change from each level to the next; the states that were turned to."""
    better = 1 if unit == "1/s" else -1
    before = len(heard.told)
    for i, (old, new) in enumerate(pairwise(levels)):
        direction: Any = "faster" if (new - old) * better > 0 else "slower"
        details = {"id": i, "before": old, "after": new, "unit": unit}
        heard.alerts.changed("workload", "unit-tests", direction, NOW_MS + i, details, NOW_MS + LATER_MS)
    return [alert["to_state"] for alert in heard.told[before:]]


@pytest.mark.parametrize(
    ("levels", "states"),
    [
        ((41_800, 52_300), ["got_slower"]),
        ((52_300, 41_800), ["got_faster"]),
        ((40, 50, 41), ["got_slower", "recovered"]),
        ((40, 50, 41.3), ["got_slower", "got_faster"]),
        ((40, 50, 41.3, 40.5), ["got_slower", "got_faster", "recovered"]),
        ((40, 50, 45, 30), ["got_slower", "got_faster", "recovered"]),
        ((40, 50, 48, 45), ["got_slower", "got_faster"]),
        ((40, 30, 20), ["got_faster", "got_faster"]),
        ((40, 50, 30), ["got_slower", "got_faster"]),
        ((40, 50, 60, 50, 40), ["got_slower", "got_faster", "recovered"]),
        ((40, 30, 40, 30), ["got_faster", "got_slower", "recovered"]),
        ((40, 50, 40, 50), ["got_slower", "recovered", "got_slower"]),
    ],
)
def test_a_slowdown_is_mended_where_the_level_before_it_is_back(
    levels: tuple[float, ...], states: list[str]
) -> None:
    """Within 3 %; part of the way and beyond it are faster. Slower still is told of no more."""
    assert change(Heard(), *levels) == states
    assert change(Heard(), *(1000 / level for level in levels), unit="1/s") == states


def test_each_row_begins_with_the_state_of_the_one_before() -> None:
    """And ok where nothing was, or it was mended."""
    heard = Heard()
    change(heard, 40, 50, 60, 40, 30)
    rows: list[Any] = heard.rows
    assert [(row.concern, row.from_state, row.to_state) for row in rows] == [
        ("change", "ok", "got_slower"),
        ("change", "got_slower", "recovered"),
        ("change", "ok", "got_faster"),
    ]


def test_what_is_slower_than_it_was_stands_until_it_is_mended() -> None:
    """Since it got slower first."""
    heard = Heard()
    change(heard, 40, 50, 60, 50)
    assert heard.alerts.standing() == [
        {"subject_kind": "workload", "subject": "unit-tests", "state": "got_slower", "since_ms": NOW_MS}
    ]
    change(heard, 50, 40)
    assert heard.alerts.standing() == []


def test_the_sentence_has_both_levels() -> None:
    """In the unit of the figure."""
    heard = Heard()
    change(heard, 41_800, 52_300, 41_900, 30_000)
    change(heard, 51.25, 38, 1234, unit="1/s")
    change(heard, 0, 3, unit="")
    heard.alerts.changed("canary", "canary", "slower", NOW_MS, {}, NOW_MS)
    assert heard.sentences == [
        "unit-tests got slower: 41.8 s → 52.3 s (+25 %)",
        "unit-tests is as fast as before again: 52.3 s → 41.9 s (-20 %)",
        "unit-tests got faster: 41.9 s → 30.0 s (-28 %)",
        "unit-tests got slower: 51.2/s → 38/s (-26 %)",
        "unit-tests got faster: 38/s → 1,234/s (+3147 %)",
        "unit-tests got slower: 0 → 3",
        "canary got slower",
    ]


def test_an_alert_is_of_the_moment_it_was_told_and_knows_when_it_began() -> None:
    """So the newest alert is the last that was told, however long a change takes to be sure."""
    heard = Heard()
    change(heard, 40, 50)
    (alert,) = heard.told
    assert alert["timestamp"] == NOW_MS + LATER_MS
    assert (alert["details"]["at_ms"], alert["details"]["slower_since_ms"]) == (NOW_MS, NOW_MS)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("gone", "is as before: newer runs do not bear out that it got slower"),
        ("accepted", "is as it should be: that it got slower was accepted"),
    ],
)
def test_what_stands_by_a_change_ends_with_it(reason: Any, words: str) -> None:
    """Once; from then on it can be told of again."""
    heard = Heard()
    change(heard, 40, 50)
    (one,) = heard.alerts.by_changes()
    assert one == ("workload", "unit-tests", 0)
    for _ in range(2):
        heard.alerts.ended(one, reason, NOW_MS)
    assert (heard.alerts.by_changes(), heard.alerts.standing()) == ([], [])
    assert [alert["to_state"] for alert in heard.told] == ["got_slower", "recovered"]
    assert heard.sentences[-1] == f"unit-tests {words}"
    assert change(heard, 40, 50) == ["got_slower"]


def test_without_figures_nobody_knows_whether_it_was_mended() -> None:
    """It stands no longer all the same."""
    heard = Heard()
    heard.alerts.changed("workload", "a", "slower", NOW_MS, {}, NOW_MS)
    assert len(heard.alerts.standing()) == 1
    heard.alerts.changed("workload", "a", "faster", NOW_MS, {"after": float("nan")}, NOW_MS)
    assert [alert["to_state"] for alert in heard.told] == ["got_slower", "got_faster"]
    assert heard.alerts.standing() == []


def test_a_name_that_is_too_long_is_cut(store: Store) -> None:
    """Rather than lose the row."""
    heard = Heard()
    heard.alerts.changed("benchmark", "x" * 600, "slower", NOW_MS, FIGURES, NOW_MS)
    store.put(*heard.rows)
    store.flush()
    assert store.rows("SELECT length(subject) FROM alerts") == [(500,)]


def test_each_figure_of_a_model_has_a_level_of_its_own() -> None:
    """Seconds and tokens have nothing to do with each other; of other kinds there is one figure."""
    heard = Heard()
    figures: list[tuple[str, Any, float, float]] = [
        ("inference_time", "slower", 1.0, 2.0),
        ("tokens_per_second", "faster", 50.0, 100.0),
    ]
    for metric, direction, before, after in figures:
        details = {"metric": metric, "before": before, "after": after}
        heard.alerts.changed("inference", "llama · chat", direction, NOW_MS, details, NOW_MS)
    assert [row["subject"] for row in heard.alerts.standing()] == ["llama · chat · inference_time"]
    assert [alert["from_state"] for alert in heard.told] == ["ok", "ok"]


def test_what_got_faster_is_not_kept_in_memory() -> None:
    """It is as it should be, and nobody waits for its end."""
    heard = Heard()
    assert change(heard, 40, 30) == ["got_faster"]
    assert heard.alerts._levels._levels == {}
