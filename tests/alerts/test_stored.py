"""Alerts behind a real writer: rows, log, and what a restart knows."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector import clock
from collector.alerts import Alerts, known
from collector.alerts.windows import STAY_MS
from collector.records.alert import LAST_OF_EACH
from collector.sections import Slow
from collector.slow import Thresholds
from collector.store import schema
from collector.store.buffer import Buffer
from collector.store.database import open_reader, open_writer, raw
from collector.store.writer import Writer
from tests.alerts.made import FLOOR_PERCENT, NOW_MS, Heard, Recording, later, operation, run
from tests.conftest import Store, cpu

Events = Callable[[], list[dict[str, Any]]]

OVER = 104_000.0
OUTCOMES = {
    "good": run(),
    "over": run(OVER),
    "failed": run(10.0, "failed"),
    "timeout": run(600_000.0, "timeout"),
    "missed": run(None, "missed"),
}
sequences = st.lists(st.sampled_from(sorted(OUTCOMES)), max_size=18)


@pytest.fixture
def recording(store: Store) -> Recording:
    """An empty store with alerts."""
    return Recording(store)


def alerts_of(events: Events) -> list[dict[str, Any]]:
    """The events about alerts, in order."""
    return [event for event in events() if event["event"].startswith("alert.")]


def test_a_change_of_state_is_one_row_one_event_and_one_alert_told(
    recording: Recording, events: Events
) -> None:
    """However many runs go on in the same state, and though rows of alerts are stored themselves."""
    recording.store_now(*[run(OVER)] * 20)
    recording.store_now(cpu(1), run(OVER))
    recording.store_now(*[later(run(), 2)] * 20)
    assert recording.rows() == [
        ("unit-tests", "over_budget", "ok", "over_budget"),
        ("unit-tests", "over_budget", "over_budget", "recovered"),
    ]
    assert [(event["level"], event["event"], event["subject"]) for event in alerts_of(events)] == [
        ("warning", "alert.over_budget", "unit-tests"),
        ("info", "alert.recovered", "unit-tests"),
    ]
    assert [alert["to_state"] for alert in recording.told] == ["over_budget", "recovered"]


def test_the_event_has_the_figures(recording: Recording, events: Events) -> None:
    """Whose it is first; and no sentence."""
    recording.store_now(run(OVER), run(OVER))
    (event,) = alerts_of(events)
    assert list(event.items())[4:] == [
        ("subject", "unit-tests"),
        ("subject_kind", "workload"),
        ("concern", "over_budget"),
        ("bad", 2),
        ("of", 3),
        ("last_ms", OVER),
        ("outcome", "ok"),
        ("budget_ms", 90_000.0),
    ]


def test_what_stands_is_told_since_when(recording: Recording) -> None:
    """Before and after a restart."""
    recording.store_now(*[run(10.0, "failed")] * 2, *[operation(133.0)] * 5)
    expected = [
        {"subject_kind": "workload", "subject": "unit-tests", "state": "failing", "since_ms": NOW_MS},
        {"subject_kind": "query", "subject": "f8ef41f7dfc44a5d", "state": "slow", "since_ms": NOW_MS},
    ]
    assert recording.alerts.standing() == expected
    recording.begin()
    assert recording.alerts.standing() == expected


def test_a_restart_repeats_nothing_and_recovers_late_rather_than_early(recording: Recording) -> None:
    """Of an operation nobody reads the last executions again: a whole window has to be good."""
    recording.store_now(*[operation(133.0)] * 5)
    recording.begin()
    recording.store_now(*[operation(133.0)] * 20, *[later(operation())] * 8)
    assert len(recording.told) == 1
    recording.store_now(later(operation()))
    assert [alert["to_state"] for alert in recording.told] == ["slow", "recovered"]


def test_a_restart_knows_the_level_before_a_slowdown(recording: Recording) -> None:
    """So that it can be mended later."""
    recording.alerts.changed("workload", "a", "slower", NOW_MS, {"before": 40.0, "after": 50.0}, NOW_MS)
    recording.store_now()
    recording.begin()
    (standing,) = recording.alerts.standing()
    assert (standing["subject"], standing["since_ms"]) == ("a", NOW_MS)
    recording.alerts.changed("workload", "a", "faster", NOW_MS, {"before": 50.0, "after": 40.1}, NOW_MS)
    recording.store_now()
    assert recording.rows() == [
        ("a", "change", "ok", "got_slower"),
        ("a", "change", "got_slower", "recovered"),
    ]


def test_a_restart_knows_the_change_that_a_slowdown_began_with(recording: Recording) -> None:
    """So that it ends when that change is gone, or was accepted while no recorder ran."""
    figures = {"id": 7, "before": 40.0, "after": 50.0}
    recording.alerts.changed("workload", "a", "slower", NOW_MS - 9, figures, NOW_MS)
    recording.store_now()
    recording.begin()
    (one,) = recording.alerts.by_changes()
    assert one == ("workload", "a", 7)
    recording.alerts.ended(one, "accepted", NOW_MS)
    recording.store_now()
    recording.begin()
    assert (recording.alerts.by_changes(), recording.alerts.standing()) == ([], [])


def states_of(heard: Heard, concern: str) -> list[str]:
    """The states that one concern was turned to."""
    return [alert["to_state"] for alert in heard.told if alert["concern"] == concern]


@given(st.lists(st.sampled_from(sorted(OUTCOMES)), max_size=60))
def test_states_of_one_concern_alternate(names: list[str]) -> None:
    """Whatever runs: it begins, it ends, it begins again, and each row starts where the last ended."""
    heard = Heard()
    heard.hear(*(OUTCOMES[name] for name in names))
    for concern in ("over_budget", "failing"):
        told = states_of(heard, concern)
        assert told == [(concern, "recovered")[i % 2] for i in range(len(told))]
    assert {(alert["from_state"], alert["to_state"]) for alert in heard.told} <= {
        *(("ok", concern) for concern in ("over_budget", "failing")),
        *((concern, "recovered") for concern in ("over_budget", "failing")),
    }


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=80))
def test_states_of_operations_alternate(executions: list[tuple[bool, bool]]) -> None:
    """Slow or not, well or not."""
    heard = Heard()
    heard.hear(*(operation(133.0 if slow else 3.0, success=well) for slow, well in executions))
    for concern in ("slow", "failing"):
        told = states_of(heard, concern)
        assert told == [(concern, "recovered")[i % 2] for i in range(len(told))]


@settings(max_examples=20, deadline=None)
@given(sequences, st.sets(st.integers(0, 17)))
def test_restarts_change_no_row(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], restarts: set[int]
) -> None:
    """At whatever points: the last runs are read again, and what stands is known."""
    path = tmp_path_factory.mktemp("restart") / "c.db"
    database = open_writer(path, "normal")
    schema.prepare(database, path)
    buffer = Buffer()
    store = Store(path, database, raw(database), buffer, Writer(raw(database), buffer))
    recording, unbroken = Recording(store), Heard()
    for i, name in enumerate(names):
        if i in restarts:
            recording.begin()
        record = run(OUTCOMES[name].wall_ms, OUTCOMES[name].outcome, timestamp=NOW_MS + 11 * 60_000 * i)  # type: ignore[attr-defined]
        recording.store_now(record)
        unbroken.hear(record)
    expected = [(a["subject"], a["concern"], a["from_state"], a["to_state"]) for a in unbroken.told]
    rows = recording.rows()
    database.close()
    assert expected == rows


def test_what_the_tables_say_is_read_by_a_reader_too(recording: Recording) -> None:
    """Only the last row of each concern, unless it recovered; and the last 20 runs of each workload."""
    recording.store_now(*[run(OVER)] * 2, *[later(run(), 2)] * 3, *[run(1.0, "failed", workload="b")] * 2)
    recording.store_now(*[run(timestamp=NOW_MS + i, workload="c") for i in range(30)])
    reader = open_reader(recording.store.path)
    (state,) = known.states(raw(reader))
    ran = [(one.workload, one.timestamp - NOW_MS) for one in known.runs(raw(reader))]
    reader.close()
    assert state == known.Known(
        "workload", "b", "failing", "failing", NOW_MS,
        {"bad": 2, "of": 2, "last_ms": 1.0, "outcome": "failed", "detail": None},
    )  # fmt: skip
    assert ran == [
        *[("b", 0)] * 2,
        *[("c", i) for i in range(10, 30)],
        *[("unit-tests", 0)] * 2,
        *[("unit-tests", 2 * STAY_MS)] * 3,
    ]


def test_what_turns_bad_in_the_last_commit_is_still_a_row(tmp_path: Path) -> None:
    """The writer's thread puts it when the buffer takes nothing else any more."""
    path = tmp_path / "c.db"
    database = open_writer(path, "normal")
    schema.prepare(database, path)
    buffer = Buffer()
    now_ms = clock.now().wall_ms
    alerts = Alerts(
        lambda monotonic, rows: buffer.put(monotonic, rows, even_closed=True),
        Thresholds.of(Slow()),
        lambda _: None,
        FLOOR_PERCENT,
    )
    writer = Writer(raw(database), buffer, stored=lambda records: alerts.stored(records, now_ms))
    writer.start()
    buffer.put(clock.now().monotonic, [run(1.0, "failed", timestamp=now_ms)] * 2)
    assert writer.close(10)
    rows = raw(database).execute("SELECT to_state FROM alerts").fetchall()
    database.close()
    assert rows == [("failing",)]


def test_it_may_be_asked_while_it_is_written() -> None:
    """Status asks from the socket's thread, changes come from another."""
    heard = Heard()
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            heard.alerts.standing()

    asking = threading.Thread(target=ask)
    asking.start()
    for i in range(200):
        heard.hear(*[run(1.0, "failed", workload=f"w{i}")] * 2)
        heard.alerts.changed("workload", f"w{i}", "slower", NOW_MS, {}, NOW_MS)
    done.set()
    asking.join(10)
    assert len(heard.alerts.standing()) == 400


def test_thousands_that_are_not_ok_are_enough(events: Events) -> None:
    """Further ones are told of by nobody, and one warning says so."""
    heard = Heard()
    many = [run(1.0, "failed", workload=f"w{i}", budget_ms=None) for i in range(2003) for _ in range(2)]
    heard.alerts.stored(many, NOW_MS)
    assert len(heard.told) == 2000
    assert [event["event"] for event in events()][-1] == "alert.too_many"


def test_the_last_row_of_each_is_found_by_steps_into_an_index(recording: Recording) -> None:
    """However many rows there are: each step knows all columns before the one it looks along."""
    for i, name in enumerate("abcab"):
        recording.alerts.changed("workload", name, ("slower", "faster")[i // 3], NOW_MS, {}, NOW_MS)
    recording.store_now(*[operation(133.0, success=False)] * 5)
    conn = recording.store.conn
    every = "SELECT max(id) FROM alerts GROUP BY subject_kind, subject, concern"
    assert sorted(conn.execute(LAST_OF_EACH)) == sorted(conn.execute(every))
    steps = [
        row[3] for row in conn.execute(f"EXPLAIN QUERY PLAN {LAST_OF_EACH}") if "SEARCH alerts" in row[3]
    ]
    assert [step.partition("alerts_subject ")[2] for step in steps] == [
        "(subject_kind=? AND subject=? AND concern<?)",
        "(subject_kind=? AND subject<?)",
        "(subject_kind<?)",
    ]
