"""A run as the ledger keeps it: its figures, its outcome, and the state of the machine."""

from __future__ import annotations

import os
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from collector.readings.state import Meter
from collector.records.run import Run
from collector.settings import WorkloadSettings
from collector.workloads.base import KINDS, Result, Spawner, workload_kind
from collector.workloads.command import Command
from collector.workloads.execute import Runs, Subject, over_budget
from collector.workloads.spawn import Children
from collector.workloads.sql import Sql
from tests.conftest import Store
from tests.workloads.made import made

BOOT = "0" * 36
Events = Callable[[], list[dict[str, Any]]]


class Ledger(list[msgspec.Struct]):
    """What was put, and a `Runs` that puts it here."""

    def __init__(self, children: Spawner, meter: Meter | None = None, slow: float = 0.1) -> None:
        super().__init__()
        self.runs = Runs(lambda _, records: self.extend(records), children, meter or Meter(), BOOT, slow)


@pytest.fixture
def ledger(children: Children) -> Ledger:
    """An empty ledger."""
    return Ledger(children)


@pytest.fixture
def fragile() -> Iterator[type[WorkloadSettings]]:
    """A kind whose code is broken."""

    class Fragile(WorkloadSettings, frozen=True, kw_only=True):
        pass

    @workload_kind("fragile", Fragile)
    def run(workload: Fragile, _: Spawner) -> Result:
        raise LookupError("token=geheim")

    yield Fragile
    KINDS.remove("fragile")


def test_a_run_is_put_with_all_that_is_known_of_it(ledger: Ledger) -> None:
    """And the same record is returned."""
    record: Any = ledger.runs.run(made(Command, argv=("echo", "hello"), budget=5))
    assert ledger == [record]
    assert (record.workload, record.workload_kind, record.command) == ("it", "command", "echo hello")
    assert (record.outcome, record.exit_code, record.output) == ("ok", 0, "hello\n")
    assert (record.budget_ms, record.boot_id) == (5000.0, BOOT)
    assert record.available_bytes > 0
    assert record.wall_ms > 0


def test_every_record_fits_its_table(ledger: Ledger, store: Store) -> None:
    """Whatever a program prints: NUL, halves of characters, a flood."""
    for text in ("printf 'a\\0b\\377'", "head -c 200000 /dev/zero", "exit 1"):
        ledger.runs.run(made(Command, argv=("sh", "-c", text)))
    ledger.runs.missed(made(Command, argv=("true",)), 1_700_000_000_000, "x" * 9000)
    for record in ledger:
        assert msgspec.convert(msgspec.to_builtins(record), type(record)) == record
    store.put(*ledger)
    store.flush()
    rows = store.rows("SELECT outcome, length(output) FROM workload_runs ORDER BY id")
    assert [row[0] for row in rows] == ["ok", "ok", "failed", "missed"]
    assert rows[0][1] == 4


def test_a_run_is_logged_by_name(ledger: Ledger, events: Events) -> None:
    """One line, with its outcome and time."""
    ledger.runs.run(made(Command, argv=("true",)))
    (event,) = events()
    assert (event["event"], event["level"]) == ("workload.ran", "info")
    assert (event["name"], event["kind"], event["outcome"]) == ("it", "command", "ok")
    assert event["wall_ms"] > 0


def test_a_failure_is_warned_of_with_its_reason(ledger: Ledger, events: Events) -> None:
    """Once."""
    ledger.runs.run(made(Command, argv=("sh", "-c", "exit 3"), budget=0.000001))
    warning = events()[1]
    assert (warning["event"], warning["level"]) == ("workload.failed", "warning")
    assert (warning["outcome"], warning["detail"]) == ("failed", "exit status 3")
    assert len(events()) == 2


def test_a_run_over_its_budget_is_warned_of(ledger: Ledger, events: Events) -> None:
    """With both figures; it is ok nevertheless."""
    record = ledger.runs.run(made(Command, argv=("true",), budget=0.000001))
    warning = events()[1]
    assert (warning["event"], warning["level"]) == ("workload.over_budget", "warning")
    assert warning["wall_ms"] > warning["budget_ms"] == 0.001
    assert over_budget(record)


def test_a_slow_query_is_explained_and_counts_as_an_execution(children: Children, tmp_path: Path) -> None:
    """By the general threshold, where the workload has none of its own."""
    sqlite3.connect(tmp_path / "a.db").execute("CREATE TABLE t (a)")
    ledger = Ledger(children, slow=0.000001)
    query = "SELECT * FROM t WHERE a = 'x'"
    record: Any = ledger.runs.run(made(Sql, database=f"sqlite:///{tmp_path}/a.db", query=query))
    executed: Any = ledger[1]
    assert record.plan == executed.plan.plan == "SCAN t"
    assert (executed.metric_type, executed.metric_name, executed.rows) == ("query", "it", 0)
    assert executed.query.text == "SELECT * FROM t WHERE a = ?"
    assert executed.duration_ms == record.execute_ms + record.fetch_ms
    assert executed.timestamp == record.timestamp


def test_a_query_that_waits_for_a_lock_is_late_and_not_slow(
    children: Children, tmp_path: Path, events: Events
) -> None:
    """It did not run at all."""
    owner = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    owner.execute("CREATE TABLE t (a)")
    owner.execute("BEGIN EXCLUSIVE")
    ledger = Ledger(children, slow=0.000001)
    workload = made(Sql, database=f"sqlite:///{tmp_path}/a.db", query="SELECT * FROM t", timeout=0.3)
    record: Any = ledger.runs.run(workload)
    owner.close()
    assert (record.outcome, record.detail) == ("timeout", "the database stayed locked")
    assert [event["event"] for event in events()] == ["workload.ran", "workload.failed"]


def test_a_query_has_a_threshold_of_its_own(children: Children, tmp_path: Path, events: Events) -> None:
    """Which may be longer than the general one."""
    sqlite3.connect(tmp_path / "a.db").execute("CREATE TABLE t (a)")
    ledger = Ledger(children, slow=0.000001)
    database = f"sqlite:///{tmp_path}/a.db"
    record: Any = ledger.runs.run(made(Sql, database=database, query="SELECT * FROM t", slow=60))
    assert [event["event"] for event in events()] == ["workload.ran"]
    assert record.plan is None


def test_a_kind_that_breaks_costs_only_its_own_run(
    ledger: Ledger, fragile: type[WorkloadSettings], events: Events
) -> None:
    """Stored as crashed and told by name, without the secret in its message."""
    record: Any = ledger.runs.run(made(fragile))
    assert (record.outcome, record.detail) == ("crashed", "LookupError: token=***")
    assert record.wall_ms is None
    assert (events()[0]["event"], events()[0]["name"]) == ("workload.crashed", "it")
    assert "geheim" not in str(events())


def test_a_kind_that_measures_what_no_column_holds_is_broken_too(ledger: Ledger) -> None:
    """Otherwise its runs would be lost."""
    record: Any = ledger.runs.time(Subject("a", "new", "a"), lambda: Result("ok", measured={"warmth": 3}))
    assert (record.outcome, record.detail) == ("crashed", "TypeError: a run has no columns warmth")


def test_runs_that_did_not_happen_are_rows_too(ledger: Ledger, events: Events) -> None:
    """With the time at which they were due, and no figures."""
    workload = made(Command, argv=("true",))
    ledger.runs.missed(workload, 1_700_000_000_000, "the machine slept")
    ledger.runs.overlapped(workload, 1_700_000_060_000, "the run before goes on")
    found: list[Any] = list(ledger)
    assert [(r.outcome, r.timestamp, r.wall_ms) for r in found] == [
        ("missed", 1_700_000_000_000, None),
        ("overlapped", 1_700_000_060_000, None),
    ]
    assert [event["event"] for event in events()] == ["workload.missed", "workload.overlapped"]


def test_what_the_stop_cuts_off_keeps_its_figures_and_is_warned_of_by_nobody(
    ledger: Ledger, children: Children, events: Events, tmp_path: Path
) -> None:
    """It failed, but by no fault of its own."""
    fifo = tmp_path / "ready"
    os.mkfifo(fifo)
    workload = made(Command, argv=("sh", "-c", f"echo begun; echo > {fifo}; sleep 60"))
    thread = threading.Thread(target=lambda: ledger.runs.run(workload))
    thread.start()
    fifo.read_text(encoding="ascii")
    children.stop_all()
    thread.join()
    record: Any = ledger[0]
    assert (record.outcome, record.output) == ("failed", "begun\n")
    assert re.fullmatch(r"ended after \d.* m?s: the recorder stopped", record.detail)
    assert record.wall_ms > 0
    assert record.user_ms is not None
    assert [event["level"] for event in events()] == ["info"]


def test_what_is_still_under_way_when_the_recorder_leaves_has_its_row(ledger: Ledger, events: Events) -> None:
    """One, though it ends after all."""
    begun, release = threading.Event(), threading.Event()

    def work() -> Result:
        begun.set()
        release.wait(10)
        return Result("ok")

    thread = threading.Thread(target=lambda: ledger.runs.time(Subject("a", "http", "GET /"), work))
    thread.start()
    begun.wait(10)
    assert ledger.runs.abandon() == 1
    assert ledger.runs.abandon() == 0
    release.set()
    thread.join()
    (record,) = ledger
    found: Any = record
    assert (found.workload, found.outcome, found.wall_ms) == ("a", "failed", None)
    assert re.fullmatch(r"still going on after .* when the recorder stopped", found.detail)
    assert [event["level"] for event in events()] == ["info"]


def test_what_is_due_after_the_stop_is_missed_and_warned_of_by_nobody(
    ledger: Ledger, children: Children, events: Events
) -> None:
    """It is not the workload's fault."""
    children.stop_all()
    record: Any = ledger.runs.run(made(Command, argv=("true",)))
    assert (record.outcome, record.detail) == ("missed", "the recorder stops")
    assert [event["level"] for event in events()] == ["info"]


def test_the_end_of_all_runs_can_be_waited_for(ledger: Ledger) -> None:
    """The stop needs to know whether everything is put."""
    begun, release = threading.Event(), threading.Event()

    def work() -> Result:
        begun.set()
        release.wait(10)
        return Result("ok")

    assert ledger.runs.wait_idle(0)
    thread = threading.Thread(target=lambda: ledger.runs.time(Subject("a", "time", "a"), work))
    thread.start()
    begun.wait(10)
    assert not ledger.runs.wait_idle(0)
    release.set()
    assert ledger.runs.wait_idle(10)
    thread.join()
    assert len(ledger) == 1


def test_without_proc_a_run_has_its_time_and_no_state(children: Children, tmp_path: Path) -> None:
    """The machine's state is extra."""
    ledger = Ledger(children, Meter(proc=tmp_path, sys=tmp_path))
    record: Any = ledger.runs.run(made(Command, argv=("true",)))
    assert record.outcome == "ok"
    assert (record.busy_percent, record.noisy) == (None, None)


def test_columns_of_a_run_are_the_only_ones_used() -> None:
    """Every text column that may be long has its length from the table."""
    from collector.workloads.execute import LONGEST

    for name, longest in LONGEST.items():
        assert getattr(Run, name).rules["max_length"] == longest
