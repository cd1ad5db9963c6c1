"""Every fault of a record is told at once, each with its path and what is allowed."""

from __future__ import annotations

import math
from typing import Any

import pytest

from collector.intake.check import DEEPEST, Refused, checked, kind_of
from collector.intake.loose import loads
from collector.intake.statements import Statements
from collector.records.base import Arrival
from tests.intake.made import COMPLETE, MOMENT, PERFORMANCE, QUALITY, complete, text_of

NOW = MOMENT + 60_000
ARRIVAL = Arrival(NOW, Statements())


A_TIME = "milliseconds since 1970, or a date and time such as 2026-03-01T14:05:00Z"
ADDRESS = "a text of at most 60 characters, an IPv4 or IPv6 address"
NO_TEXT = "is not UTF-8: it holds half a surrogate pair, or bytes that are no text"
KINDS = "benchmark, inference, operation, pool, run, skill"


def faults_of(item: object) -> list[tuple[str, str]]:
    """All that is wrong with it."""
    with pytest.raises(Refused) as refused:
        checked(item, ARRIVAL)
    return refused.value.faults


def fault_of(item: object) -> tuple[str, str]:
    """The one thing that is wrong with it."""
    (fault,) = faults_of(item)
    return fault


@pytest.mark.parametrize("kind", COMPLETE)
def test_a_complete_record_passes(kind: str) -> None:
    """As it was sent."""
    record: Any = checked(complete(kind), ARRIVAL)
    assert record.__struct_config__.tag == kind


def test_all_faults_of_a_record_are_told_at_once() -> None:
    """In the order of its columns, unknown ones first."""
    item = {
        "kind": "operation", "metric_type": "sql", "duration_ms": -1, "cpu_usage_percent": 101,
        "ip_address": "home", "rows": 1.5, "success": 1, "metadata": "text", "timestamp": "soon",
        "durationms": 1,
    }  # fmt: skip
    assert faults_of(item) == [
        ("", "unknown column 'durationms' (did you mean 'duration_ms'?)"),
        ("metric_type", "must be one of query, api, frontend, cache, not 'sql'"),
        ("metric_name", "is missing: a text of at most 100 characters"),
        ("duration_ms", "must be a number, 0 or more, not -1"),
        ("cpu_usage_percent", "must be a number from 0 to 100 or null, not 101"),
        ("ip_address", f"must be {ADDRESS} or null, not 'home'"),
        ("timestamp", f"must be {A_TIME}, not 'soon'"),
        ("rows", "must be a whole number, 0 or more or null, not 1.5"),
        ("success", "must be true or false or null, not 1"),
        ("metadata", "must be a JSON object or list of at most 65,536 characters or null, not 'text'"),
    ]  # fmt: skip


def test_the_reason_holds_every_fault_with_its_path() -> None:
    """For those who only print it."""
    with pytest.raises(Refused) as refused:
        checked({"kind": "skill", "skill_id": 7, "tokens_in": 1, "tokens_out": 1, "success": True}, ARRIVAL)
    assert str(refused.value) == (
        "skill_id: must be a text of at most 200 characters, not 7;"
        " execution_ms: is missing: a number, 0 or more"
    )


def test_faults_of_a_family_have_the_family_in_their_path() -> None:
    """Several families at once, and a family that is none."""
    slow, odd = {**PERFORMANCE, "total_time_seconds": -1}, {**QUALITY, "surprise": 1}
    item = complete("benchmark", performance=slow, quality=odd, workflow=[])
    assert faults_of(item) == [
        ("performance.total_time_seconds", "must be a number, 0 or more, not -1"),
        ("quality", "unknown column 'surprise'"),
        ("workflow", "must be an object, not a list"),
    ]


def test_a_key_that_stands_twice_in_a_family_is_told() -> None:
    """Or the last would be stored, and nobody would know."""
    sent = text_of(complete("benchmark")).replace(b'"rework_count"', b'"stories_created":1,"rework_count"')
    item = loads(sent.decode())
    assert fault_of(item) == ("workflow", "the key 'stories_created' stands there twice")


def test_of_a_hundred_thousand_unknown_columns_twenty_are_named() -> None:
    """A line of a megabyte must not cost seconds, nor an answer of several."""
    found = faults_of({**complete("skill"), **{f"column{n}": 1 for n in range(100_000)}})
    assert found[0] == ("", "unknown column 'column0'")
    assert found[20:] == [("", "99,980 more unknown columns")]


@pytest.mark.parametrize(
    ("item", "fault"),
    [
        (7, ("", "a record is a JSON object")),
        ({}, ("kind", f"is missing; allowed are {KINDS}")),
        ({"kind": "skil"}, ("kind", "unknown 'skil' (did you mean 'skill'?)")),
        ({"kind": "cpu"}, ("kind", f"unknown 'cpu'; allowed are {KINDS}")),
        ({"kind": 7}, ("kind", f"unknown 7; allowed are {KINDS}")),
    ],
)  # fmt: skip
def test_a_kind_that_may_not_come_from_outside_is_told(item: object, fault: tuple[str, str]) -> None:
    """With those that may."""
    assert fault_of(item) == fault


def test_what_a_kind_says_of_its_own_has_its_path_too() -> None:
    """The statement of an operation and its dialect are no columns; both are told, and nothing invented."""
    item = complete("operation", sql=7, dialect="oracle", query={})
    del item["timestamp"]
    assert faults_of(item) == [
        ("", "unknown column 'query' (did you mean 'sql'?)"),
        ("dialect", "must be one of generic, sqlite, postgresql, mysql"),
        ("sql", "must be a text of at most 100,000 characters"),
    ]


@pytest.mark.parametrize(
    ("written", "ms"),
    [
        ("2026-03-01T14:05:00Z", 1_772_373_900_000),
        ("2026-03-01T14:05:00", 1_772_373_900_000),
        ("2026-03-01 14:05:00.25+00:00", 1_772_373_900_250),
        ("2026-03-01T15:05:00+01:00", 1_772_373_900_000),
        ("2026-03-01", 1_772_323_200_000),
    ],
)
def test_a_time_may_be_written_as_iso_8601(written: str, ms: int) -> None:
    """Without a zone it is UTC."""
    record: Any = checked(complete("skill", timestamp=written), ARRIVAL)
    assert record.timestamp == ms


@pytest.mark.parametrize(
    "written", ["", "now", "1969-12-31", "10000-01-01", "2026-13-01", 253_402_300_800_000, -1]
)
def test_a_time_that_no_clock_of_ours_shows_is_refused(written: object) -> None:
    """Before 1970, after 9999, or no time."""
    assert fault_of(complete("skill", timestamp=written))[0] == "timestamp"


@pytest.mark.parametrize("kind", [kind for kind in COMPLETE if kind != "run"])
def test_a_time_that_is_left_out_is_the_moment_of_arrival(kind: str) -> None:
    """For all that applications report as it happens; null is left out."""
    column = "recorded_at" if kind == "pool" else "timestamp"
    left_out = complete(kind)
    del left_out[column]
    made: list[Any] = [checked(left_out, ARRIVAL), checked(complete(kind, **{column: None}), ARRIVAL)]
    assert [getattr(record, column) for record in made] == [NOW, NOW]


def test_a_pool_may_call_its_moment_as_all_others_do() -> None:
    """`timestamp` is `recorded_at`."""
    sent = complete("pool", timestamp="2026-03-01")
    del sent["recorded_at"]
    record: Any = checked(sent, ARRIVAL)
    assert record.recorded_at == 1_772_323_200_000


def nested(levels: int) -> Any:
    """An object so many levels deep."""
    found: Any = {}
    for _ in range(levels - 1):
        found = {"a": found}
    return found


def test_a_document_may_be_so_deep_and_no_deeper() -> None:
    """Thirty-two levels below its own."""
    checked(complete("operation", metadata=nested(DEEPEST + 1)), ARRIVAL)
    path, what = fault_of(complete("operation", metadata=nested(DEEPEST + 2)))
    assert path == "metadata" + ".a" * (DEEPEST + 1)
    assert what == "is nested deeper than 32 levels"


@pytest.mark.parametrize(
    ("document", "path", "what"),
    [
        ({"a": [1, {"b": math.inf}]}, "metadata.a[1].b", "is not a finite number"),
        ([2**63], "metadata[0]", "does not fit into 64 bits"),
        ({"a": "\0"}, "metadata.a", "holds a NUL character, which not every database can keep"),
        ({"\ud800": 1}, "metadata", f"a key {NO_TEXT}"),
        ({"a": "x" * 65_536}, "metadata", "is longer than 65,536 characters"),
    ],
)  # fmt: skip
def test_what_a_document_may_not_hold_is_told_by_its_path(document: Any, path: str, what: str) -> None:
    """Down to the element."""
    assert fault_of(complete("operation", metadata=document)) == (path, what)


def test_a_long_value_is_not_repeated_in_the_answer() -> None:
    """It says how long it was."""
    path, what = fault_of(complete("skill", skill_id="x" * 100_000))
    assert (path, what) == (
        "skill_id",
        "must be a text of at most 200 characters, not a text of 100,000 characters",
    )
    assert len(fault_of(complete("skill", tokens_in=10**4_000))[1]) < 200


def test_the_kind_of_a_good_record_is_found() -> None:
    """By its name."""
    assert kind_of({"kind": "pool"}).table == "connection_pool_stats"
