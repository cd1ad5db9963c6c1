"""Records that retention would take again are told of."""

from __future__ import annotations

from collector.importers.aged import noting
from collector.importers.base import Entry, Fault, Item, Note
from collector.sections import Retention
from collector.units import Duration

NOW = 1_700_000_000_000
DAY = 86_400_000
DEFAULT = Retention()


def run(days: float, kind: str = "run") -> Entry:
    """One of so many days ago."""
    return Entry("line 1", {"kind": kind, "timestamp": NOW - round(days * DAY)})


def notes(found: list[Item], retention: Retention = DEFAULT) -> list[str]:
    """What is noted behind all that was found."""
    told = [*noting(found, retention, NOW)]
    assert told[: len(found)] == found
    assert all(isinstance(item, Note) for item in told[len(found) :])
    return [item.text for item in told[len(found) :] if isinstance(item, Note)]


def test_records_older_than_what_is_kept_are_counted_with_what_to_do() -> None:
    """By kind."""
    (note,) = notes([run(731), run(1), run(800), Fault("line 4", "no")])
    assert note == (
        "2 run records of more than 730 d ago, longer than is kept: deleted within a day"
        ' unless [retention] has kinds = { run = "10y" } and hours = "10y"'
    )


def test_what_is_kept_longer_is_not_told() -> None:
    """As the config says for the kind."""
    assert notes([run(731)], Retention(kinds={"run": Duration(900 * 86_400)})) == []
    assert notes([run(729), run(729, "skill")]) == []


def test_records_without_a_moment_are_of_now() -> None:
    """Whatever is wrong with others is told when they are checked."""
    assert notes([Entry("line 1", {"kind": "skill"}), Entry("line 2", {"kind": 5, "timestamp": "x"})]) == []
