"""The one who writes: each flush is one transaction, and nothing is lost in silence, whatever disks do."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector import clock
from collector.errors import CollectorError, DatabaseError
from collector.records.disk import DiskSample
from collector.records.run import Run
from collector.sqlite import sqlite3
from collector.store import schema, upkeep, writer
from collector.store.buffer import Batch, Buffer, Limits, Outcome
from collector.store.database import open_reader, open_writer, raw
from collector.store.failures import Trouble
from collector.store.writer import Writer
from tests.conftest import START, Store, cpu

Events = Callable[[], list[dict[str, Any]]]


def run(record_id: str | None = None, **columns: Any) -> msgspec.Struct:
    """A run, as a client sends it."""
    return Run.record(workload="w", timestamp=1, record_id=record_id, **columns)


def disk(timestamp: int, device: str = "sda") -> msgspec.Struct:
    """A disk sample; only its key matters."""
    zeros = dict.fromkeys(
        ("read_bytes_per_s", "written_bytes_per_s", "reads_per_s", "writes_per_s", "busy_percent"), 0.0
    )
    return DiskSample.record(timestamp=timestamp, device=device, **zeros)


def poison(timestamp: int) -> msgspec.Struct:
    """A record that its table refuses: no check stands between a sampler and the disk but STRICT."""
    return cpu(timestamp, busy_percent="much")


class Told:
    """A ``done`` that keeps what it hears."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []

    def __call__(self, outcome: Outcome) -> None:
        """Keep it."""
        self.outcomes.append(outcome)


def offer(store: Store, *records: msgspec.Struct) -> Told:
    """Offer a batch, now; what hears its outcome."""
    told = Told()
    assert store.buffer.offer(store.now.monotonic, Batch(records, 0, told))
    return told


def numbers(store: Store) -> tuple[int, int, int, int, int]:
    """Committed, duplicate, rejected, dropped, queued."""
    counts = store.buffer.counts()
    return counts.committed, counts.duplicate, counts.rejected, counts.dropped, counts.queued


# Flushing -----------------------------------------------------------------------------------------


def test_all_kinds_of_a_flush_go_into_one_transaction(store: Store) -> None:
    """One commit, however many tables."""
    statements: list[str] = []
    store.put(cpu(1), disk(1), cpu(2), run())
    offer(store, run("a"), run("b"))
    store.conn.set_trace_callback(statements.append)
    assert store.flush() is True
    store.conn.set_trace_callback(None)
    assert [s for s in statements if s.split()[0] in ("BEGIN", "COMMIT", "ROLLBACK")] == [
        "BEGIN IMMEDIATE",
        "COMMIT",
    ]
    assert (store.count("cpu_samples"), store.count("disk_samples"), store.count("workload_runs")) == (
        2,
        1,
        3,
    )
    assert numbers(store) == (6, 0, 0, 0, 0)


def test_nothing_is_written_before_it_is_old_enough(store: Store) -> None:
    """A flush a second, not one a record."""
    store.put(cpu(1))
    assert store.writer.step(START.later(0.5)) is False
    assert store.count("cpu_samples") == 0
    assert store.writer.step(START.later(1.0)) is True
    assert store.count("cpu_samples") == 1


def test_an_idle_turn_says_that_it_found_no_work(store: Store) -> None:
    """And shows that the writer lives."""
    assert store.flush() is False
    assert store.writer.progress == store.now.monotonic


def test_a_flush_tells_when_and_how_long(store: Store) -> None:
    """For `collector status` and for the slow-query warning."""
    heard: list[tuple[str, int]] = []
    store.writer = Writer(store.conn, store.buffer, lambda name, _, rows: heard.append((name, rows)))
    store.put(cpu(1), cpu(2))
    store.flush()
    assert heard == [("flush", 2)]
    assert store.writer.last_commit_ms == store.now.wall_ms
    assert store.writer.last_flush_ms is not None


def test_the_outcome_is_told_after_the_commit(store: Store) -> None:
    """Another connection sees the rows by then."""
    seen: list[int] = []

    def done(_: Outcome) -> None:
        reader = open_reader(store.path)
        seen.append(raw(reader).execute("SELECT count(*) FROM workload_runs").fetchone()[0])
        reader.close()

    store.buffer.offer(store.now.monotonic, Batch([run(), run()], 0, done))
    store.flush()
    assert seen == [2]


# Records that do not fit --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bad",
    [
        poison(2),
        cpu(2, busy_percent=None),
        cpu(2, busy_percent=float("nan")),
        cpu(2**63),
        run(command="\ud800"),
        run(command=["a", "list"]),
    ],
)
def test_a_record_that_fits_no_table_is_set_aside_and_its_neighbours_are_stored(
    store: Store, events: Events, bad: msgspec.Struct
) -> None:
    """Counted and logged, with the reason."""
    store.put(cpu(1), bad, cpu(3))
    told = offer(store, run("a"))
    store.flush()
    assert store.rows("SELECT timestamp FROM cpu_samples") == [(1,), (3,)]
    assert numbers(store) == (3, 0, 1, 0, 0)
    assert told.outcomes == [Outcome(committed=1)]
    (event,) = events()
    assert event["event"] == "writer.set_aside"
    assert event["kind"] in ("cpu", "run")
    assert event["error"]


def test_a_struct_that_is_no_record_is_set_aside_like_any_other(store: Store, events: Events) -> None:
    """It must not hold up the flush for ever."""

    class Stray(msgspec.Struct):
        timestamp: int = 1

    store.put(cpu(1), Stray())
    store.flush()
    assert numbers(store) == (1, 0, 1, 0, 0)
    assert (events()[0]["kind"], events()[0]["error"]) == ("Stray", "there is no table for it")


def test_a_bad_record_of_a_batch_is_left_out_alone(store: Store) -> None:
    """It is named by its place and with the reason; its neighbours are stored together."""
    good, bad = offer(store, run("a"), run("b")), offer(store, run("c"), run(command="\ud800"), run("d"))
    store.put(cpu(1))
    store.flush()
    assert store.rows("SELECT record_id FROM workload_runs") == [("a",), ("b",), ("c",), ("d",)]
    assert good.outcomes == [Outcome(committed=2)]
    (outcome,) = bad.outcomes
    ((place, reason),) = outcome.rejected
    assert (outcome.committed, place, "surrogates" in reason) == (2, 1, True)
    assert numbers(store) == (5, 0, 1, 0, 0)


def test_samples_of_a_second_that_comes_twice_are_both_kept(store: Store) -> None:
    """After the clock was set back the same times come again: each sample moves to the next free one."""
    for _ in range(3):
        store.put(cpu(1000), cpu(2000))
        store.flush()
    times = [at for (at,) in store.rows("SELECT timestamp FROM cpu_samples ORDER BY timestamp")]
    assert times == [1000, 1001, 1002, 2000, 2001, 2002]
    assert numbers(store) == (6, 0, 0, 0, 0)


def test_a_record_sent_twice_is_stored_once_and_counted_as_a_duplicate(store: Store) -> None:
    """In a later flush, in the same one, and in the same batch."""
    offer(store, run("a"))
    store.flush()
    again = offer(store, run("a"), run("b"))
    twice = offer(store, run("c"), run("c"))
    once_more = offer(store, run("b"))
    store.flush()
    assert again.outcomes == [Outcome(committed=1, duplicate=1)]
    assert twice.outcomes == [Outcome(committed=1, duplicate=1)]
    assert once_more.outcomes == [Outcome(duplicate=1)]
    assert store.rows("SELECT record_id FROM workload_runs") == [("a",), ("b",), ("c",)]
    assert numbers(store) == (3, 3, 0, 0, 0)


def test_records_without_an_id_are_never_duplicates(store: Store) -> None:
    """Two runs may look alike in everything."""
    offer(store, run(), run())
    store.flush()
    assert numbers(store) == (2, 0, 0, 0, 0)


def test_an_empty_batch_is_answered(store: Store) -> None:
    """Nothing of nothing is committed."""
    told = offer(store)
    store.flush()
    assert told.outcomes == [Outcome()]


RECORDS = st.one_of(
    st.integers(0, 5).map(cpu),
    st.integers(0, 5).map(poison),
    st.sampled_from("abc").map(run),
    st.builds(disk, st.integers(0, 3), st.sampled_from(["sda", "sdb"])),
    st.just(run(command="\ud800")),
)


@given(st.lists(st.tuples(st.booleans(), st.lists(RECORDS, max_size=5), st.booleans()), max_size=8))
@settings(max_examples=40, deadline=None)
def test_the_counters_agree_with_the_tables(
    tmp_path_factory: pytest.TempPathFactory, puts: list[tuple[bool, list[msgspec.Struct], bool]]
) -> None:
    """Whatever comes in whatever order: as many rows as committed, and every record has its outcome."""
    path = tmp_path_factory.mktemp("agree") / "c.db"
    database = open_writer(path, "normal")
    schema.prepare(database, path)
    buffer = Buffer()
    store = Store(path, database, raw(database), buffer, Writer(raw(database), buffer))
    told: list[tuple[int, Told]] = []
    for as_batch, records, flush in puts:
        if as_batch:
            told.append((len(records), offer(store, *records)))
        else:
            store.put(*records)
        if flush:
            store.flush()
    store.flush()
    counts = buffer.counts()
    rows = sum(store.count(table) for table in ("cpu_samples", "disk_samples", "workload_runs"))
    assert rows == counts.committed
    assert counts.received == counts.committed + counts.duplicate + counts.rejected
    assert counts.received == sum(len(records) for _, records, _ in puts)
    for count, heard in told:
        (outcome,) = heard.outcomes
        assert outcome.committed + outcome.duplicate + len(outcome.rejected) == count
    database.close()


# A disk that refuses ------------------------------------------------------------------------------


@pytest.fixture
def locked(store: Store) -> Iterator[sqlite3.Connection]:
    """Another program that holds the write lock; rolled back at the latest when the test ends."""
    store.conn.execute("PRAGMA busy_timeout = 0")
    other = sqlite3.connect(str(store.path), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield other
    other.close()


def test_while_the_database_is_locked_the_batch_is_kept(
    store: Store, events: Events, locked: sqlite3.Connection
) -> None:
    """What comes meanwhile waits behind it; then all of it is written, and the trouble's end is logged."""
    store.put(cpu(1))
    told = offer(store, run("a"))
    assert store.flush() is False
    assert store.writer.stuck == "another program holds a lock on the database"
    assert numbers(store) == (0, 0, 0, 0, 2)
    assert told.outcomes == []
    store.put(cpu(2))
    locked.execute("ROLLBACK")
    store.flush(10)
    store.flush(10)
    assert store.writer.stuck is None
    assert numbers(store) == (3, 0, 0, 0, 0)
    assert told.outcomes == [Outcome(committed=1)]
    assert [event["event"] for event in events()] == ["writer.stuck", "writer.stuck.over"]
    assert events()[0]["queued"] == 2


def test_it_backs_off_further_each_time_up_to_five_seconds(store: Store, locked: sqlite3.Connection) -> None:
    """Counted from the end of the attempt; in between no attempt is made."""
    tries: list[float] = []
    store.put(cpu(1))
    statements: list[str] = []
    store.conn.set_trace_callback(statements.append)
    for tenth in range(10, 310):
        store.writer.step(START.later(tenth / 10))
        if statements:
            tries.append(tenth / 10)
        statements.clear()
    pauses = [after - before for before, after in pairwise(tries)]
    expected = (*writer.BACK_OFF, 5.0, 5.0, 5.0)[: len(pauses)]
    assert len(pauses) > len(writer.BACK_OFF)
    assert all(0 <= pause - told <= 0.5 for pause, told in zip(pauses, expected, strict=False))


def test_while_stuck_a_complaint_is_logged_every_thirty_seconds(
    store: Store, events: Events, locked: sqlite3.Connection
) -> None:
    """With its count; the log is not filled by a lock that somebody forgot."""
    store.put(cpu(1))
    for second in range(1, 120):
        store.writer.step(START.later(second))
    said = [event for event in events() if event["event"] == "writer.stuck"]
    assert len(said) in (3, 4)
    assert said[0].keys() >= {"reason", "error", "queued", "retry_in_s"}
    assert said[1]["count"] > 1


@pytest.fixture
def full(store: Store) -> Callable[[], object]:
    """The database may not grow by a page; what is returned makes room again."""
    (pages,) = store.rows("PRAGMA page_count")[0]
    store.conn.execute(f"PRAGMA max_page_count = {pages}")
    return lambda: store.conn.execute("PRAGMA max_page_count = 1000000")


def big(count: int) -> list[msgspec.Struct]:
    """Records that need more than a page each."""
    return [run(f"{i}", output="x" * 5000) for i in range(count)]


def test_on_a_full_disk_nothing_is_lost_when_space_comes_back(
    store: Store, full: Callable[[], object]
) -> None:
    """SQLite has rolled back by itself by the time we hear of it."""
    told = offer(store, *big(20))
    store.put(cpu(1), cpu(2))
    assert store.flush() is False
    assert store.writer.stuck == "the disk is full"
    assert store.rows("SELECT count(*) FROM workload_runs") == [(0,)]
    assert store.flush(10) is False
    assert numbers(store) == (0, 0, 0, 0, 22)
    full()
    assert store.flush(10) is True
    assert numbers(store) == (22, 0, 0, 0, 0)
    assert told.outcomes == [Outcome(committed=20)]
    assert store.rows("PRAGMA quick_check") == [("ok",)]


def test_what_a_full_disk_made_us_drop_becomes_a_gap(store: Store, full: Callable[[], object]) -> None:
    """From the first lost record to the last, with its reason."""
    store.buffer.limits = Limits(records=20)
    store.put(*big(10))
    store.flush()
    store.put(*(cpu(1000 + i) for i in range(30)))
    full()
    store.flush(10)
    store.flush()
    store.flush()
    assert numbers(store) == (21, 0, 0, 20, 0)
    assert store.rows("SELECT from_ms, to_ms, reason FROM gaps") == [(1000, 1019, "disk_full")]


def delete(conn: sqlite3.Connection) -> int:
    """A step that makes room."""
    return conn.execute("DELETE FROM gaps").rowcount


def test_upkeep_goes_on_while_records_wait_for_room(store: Store, full: Callable[[], object]) -> None:
    """It need not wait for their next try, and does not make an end of their waiting."""
    store.put(*big(20))
    store.flush()
    asked = store.writer.ask("retention", delete)
    assert store.flush(0) is True
    assert asked.wait(0) == 0
    assert store.writer.stuck == "the disk is full"
    assert store.flush(0) is False
    full()
    assert store.flush(10) is True
    assert store.writer.stuck is None


def test_what_does_not_wait_for_room_fails_at_once(store: Store, full: Callable[[], object]) -> None:
    """And is done before what waits for it, once it needs none."""
    grow = store.writer.ask("session.begin", lambda conn: conn.execute("CREATE TABLE t (x)"))
    store.flush()
    failed = store.writer.ask("grow", lambda conn: conn.execute("CREATE TABLE u (x)"), waits_for_room=False)
    frees = store.writer.ask("retention", delete, waits_for_room=False)
    assert [store.flush(0) for _ in range(3)] == [True, True, False]
    with pytest.raises(Trouble, match="grow: the disk is full"):
        failed.wait(0)
    assert frees.wait(0) == 0
    assert not grow.is_done(0)
    full()
    assert store.flush(10) is True
    assert grow.is_done(0)


def test_what_did_not_fit_the_buffer_becomes_a_gap(store: Store, events: Events) -> None:
    """A hole is a row, never a zero."""
    store.buffer.limits = Limits(records=5)
    store.put(*(cpu(1000 + i) for i in range(8)))
    store.flush()
    store.flush()
    assert store.rows("SELECT from_ms, to_ms, reason FROM gaps") == [(1000, 1002, "dropped")]
    assert store.buffer.counts().reasons == {"full": 3}
    assert [(e["event"], e["count"]) for e in events()] == [("buffer.dropped", 3)]


def test_the_gap_is_noted_even_when_the_stop_has_begun(store: Store) -> None:
    """The last thing we know must not be lost with the buffer's close."""
    store.buffer.limits = Limits(records=5)
    store.put(*(cpu(1000 + i) for i in range(8)))
    assert store.writer.close(5) is True
    assert store.rows("SELECT from_ms, to_ms, reason FROM gaps") == [(1000, 1002, "dropped")]


def test_what_was_lost_without_a_time_is_a_gap_of_now(store: Store) -> None:
    """Not one since 1970."""
    store.buffer.limits = Limits(size=1)

    class Timeless(msgspec.Struct):
        value: int = 1

    store.put(Timeless())
    store.buffer.limits = Limits()
    store.put(cpu(1))
    store.flush()
    store.flush()
    assert store.rows("SELECT to_ms - from_ms, reason FROM gaps") == [(0, "dropped")]
    assert store.rows("SELECT from_ms > ? FROM gaps", START.wall_ms) == [(1,)]


def test_an_interrupted_flush_is_no_records_fault(store: Store) -> None:
    """SQLite gave up half way through; every record is kept and written by the next try."""
    store.put(*(cpu(i) for i in range(2000)))
    store.conn.set_progress_handler(lambda: 1, 1000)
    assert store.flush() is False
    store.conn.set_progress_handler(None, 0)
    assert numbers(store) == (0, 0, 0, 0, 2000)
    assert store.flush(10) is True
    assert numbers(store) == (2000, 0, 0, 0, 0)


FULL_DISK = """
import io, resource, signal, sys, time
from pathlib import Path
import collector.records
from collector import clock, log
from collector.records.run import Run
from collector.store import schema
from collector.store.buffer import Buffer
from collector.store.database import open_writer, raw
from collector.store.writer import Writer

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
log.configure("debug", style="json", stream=io.StringIO())
path = Path(sys.argv[1])
database = open_writer(path)
schema.prepare(database, path)
buffer = Buffer()
writer = Writer(raw(database), buffer)
wal = path.with_name(path.name + "-wal").stat().st_size
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (wal + 50_000, hard))
now = clock.now()
for i in range(50):
    buffer.put(now.monotonic, [Run.record(workload="w", timestamp=i, output="x" * 5000)])
    now = now.later(10)
    writer.step(now)
print(buffer.counts().committed, buffer.counts().queued, bool(writer.stuck))
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
print(writer.close(5), buffer.counts().committed, buffer.counts().dropped)
database.close()
"""


def test_a_file_that_may_not_grow_loses_nothing_either(tmp_path: Path) -> None:
    """The kernel refuses the write in a real process, then allows it again."""
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path / "c.db")],
        capture_output=True,
        text=True,
        check=True,
        timeout=50,
    )
    first, last = done.stdout.splitlines()
    committed, queued, stuck = first.split()
    assert 0 < int(committed) < 50
    assert (int(committed) + int(queued), stuck) == (50, "True")
    assert last.split() == ["True", "50", "0"]
    reader = open_reader(tmp_path / "c.db")
    assert raw(reader).execute("SELECT count(DISTINCT timestamp) FROM workload_runs").fetchone() == (50,)
    reader.close()


# Steps that somebody asks for ---------------------------------------------------------------------


def insert(conn: sqlite3.Connection, timestamp: int) -> int:
    """A small step."""
    conn.execute("INSERT INTO gaps (from_ms, to_ms, reason) VALUES (?, ?, 'stall')", (timestamp, timestamp))
    return timestamp


def test_asked_steps_run_in_order_each_in_its_own_transaction(store: Store) -> None:
    """One a turn, so that they never hold up a flush for long."""
    statements: list[str] = []
    asked = [store.writer.ask(f"step {n}", lambda conn, n=n: insert(conn, n)) for n in (1, 2, 3)]  # type: ignore[misc]
    store.conn.set_trace_callback(statements.append)
    assert [store.flush() for _ in range(4)] == [True, True, True, False]
    assert [step.wait(0) for step in asked] == [1, 2, 3]
    assert store.rows("SELECT from_ms FROM gaps ORDER BY id") == [(1,), (2,), (3,)]
    assert [s.split()[0] for s in statements if "gaps" not in s] == ["BEGIN", "COMMIT"] * 3


def test_a_step_runs_after_the_flush_of_its_turn(store: Store) -> None:
    """It sees what was put before it was asked for."""
    store.put(cpu(1))
    asked = store.writer.ask(
        "count", lambda conn: conn.execute("SELECT count(*) FROM cpu_samples").fetchone()[0]
    )
    store.flush()
    assert asked.wait(0) == 1


@pytest.mark.parametrize(
    ("mistake", "kind", "words"),
    [
        (lambda conn: conn.execute("SELECT 1 FROM nowhere"), DatabaseError, "bad: .*no such table: nowhere"),
        (
            lambda conn: conn.execute("INSERT INTO gaps VALUES (1, 'x', 1, 'stall')"),
            DatabaseError,
            "does not fit",
        ),
        (
            lambda _: (_ for _ in ()).throw(CollectorError("no backup there")),
            CollectorError,
            "no backup there",
        ),
    ],
)
def test_a_step_that_fails_tells_its_asker_and_leaves_nothing_behind(
    store: Store, events: Events, mistake: Callable[[Any], object], kind: type[Exception], words: str
) -> None:
    """What it had written is undone, and the next one runs."""

    def bad(conn: sqlite3.Connection) -> None:
        insert(conn, 1)
        mistake(conn)

    asked, after = store.writer.ask("bad", bad), store.writer.ask("good", lambda conn: insert(conn, 2))
    store.flush()
    store.flush()
    with pytest.raises(kind, match=words):
        asked.wait(0)
    assert after.wait(0) == 2
    assert store.rows("SELECT from_ms FROM gaps") == [(2,)]
    assert (events()[0]["event"], events()[0]["step"]) == ("writer.step_failed", "bad")


def test_a_step_waits_for_a_lock_like_a_flush(store: Store, locked: sqlite3.Connection) -> None:
    """A session must not fail to begin because somebody looks into the file with an open transaction."""
    asked = store.writer.ask("session.begin", lambda conn: insert(conn, 1))
    assert store.flush() is False
    with pytest.raises(DatabaseError, match=r"the writer did not come to 'session\.begin' in 0 s"):
        asked.wait(0)
    locked.execute("ROLLBACK")
    assert store.flush(10) is True
    assert asked.wait(0) == 1
    assert store.writer.stuck is None


def test_a_step_may_do_without_a_transaction(store: Store) -> None:
    """SQLite refuses a checkpoint inside one."""
    store.put(*(cpu(i) for i in range(100)))
    store.flush()
    wal = store.path.with_name("c.db-wal")
    assert wal.stat().st_size > 0
    asked = store.writer.ask("checkpoint", upkeep.checkpoint, transaction=False)
    store.flush()
    assert asked.wait(0) is None
    assert wal.stat().st_size == 0


# The thread, and its end --------------------------------------------------------------------------


@pytest.fixture
def running(store: Store) -> Iterator[Store]:
    """The same store with its thread at work."""
    store.writer.start()
    yield store
    store.writer.close(20)


def now_put(store: Store, *records: msgspec.Struct) -> None:
    """Put records by the clock that the writer's thread goes by."""
    store.buffer.put(clock.now().monotonic, records)


def test_close_writes_all_that_is_there_and_then_the_last_step(running: Store) -> None:
    """However young it is; the last step sees the final counts."""
    now_put(running, *(cpu(i) for i in range(100)))
    seen: list[tuple[int, int]] = []

    def last(conn: sqlite3.Connection) -> None:
        seen.append(
            (
                running.buffer.counts().committed,
                conn.execute("SELECT count(*) FROM cpu_samples").fetchone()[0],
            )
        )

    asked = running.writer.ask("early", lambda conn: insert(conn, 1))
    assert running.writer.close(20, last) is True
    assert seen == [(100, 100)]
    assert asked.wait(0) == 1
    assert running.count("cpu_samples") == 100


def test_closing_twice_is_fine_and_does_the_last_step_once(running: Store) -> None:
    """Whoever closes first wins."""
    assert running.writer.close(20, lambda conn: insert(conn, 1)) is True
    assert running.writer.close(20, lambda conn: insert(conn, 2)) is True
    assert running.rows("SELECT from_ms FROM gaps") == [(1,)]


def test_a_writer_that_was_never_started_drains_in_its_closing(store: Store) -> None:
    """A command that writes has no need of a thread."""
    told = offer(store, run("a"))
    assert store.writer.close(0, lambda conn: insert(conn, 1)) is True
    assert told.outcomes == [Outcome(committed=1)]
    assert store.writer.close(0, lambda conn: insert(conn, 2)) is True
    assert store.rows("SELECT from_ms FROM gaps") == [(1,)]


@pytest.mark.parametrize("threaded", [True, False])
def test_close_says_so_when_it_cannot_write(
    store: Store,
    events: Events,
    monkeypatch: pytest.MonkeyPatch,
    locked: sqlite3.Connection,
    *,
    threaded: bool,
) -> None:
    """After a while it gives up; what is left is counted as dropped, and a second close says the same."""
    monkeypatch.setattr(writer, "GIVE_UP_SECONDS", 0.1)
    if threaded:
        store.writer.start()
    now_put(store, cpu(1), cpu(2))
    assert store.writer.close(20, lambda conn: insert(conn, 1)) is False
    counts = store.buffer.counts()
    assert (counts.queued, counts.dropped, counts.reasons) == (0, 2, {"stopped": 2})
    assert store.writer.close(20) is False
    last = events()[-1]
    assert (last["event"], last["records"]) == ("writer.left", 2)
    assert last["reason"] == "another program holds a lock on the database"


def test_close_does_not_wait_for_a_writer_that_hangs(running: Store, events: Events) -> None:
    """It says so and leaves the connection alone."""
    go_on = threading.Event()
    running.writer.ask("hang", lambda _: go_on.wait(30))
    now_put(running, cpu(1))
    assert running.writer.close(0.05) is False
    assert [event["event"] for event in events()] == ["writer.hung"]
    go_on.set()
    assert running.writer.close(20) is True
    assert running.count("cpu_samples") == 1


def test_a_step_asked_for_after_the_end_is_refused(running: Store) -> None:
    """Nobody waits for what never comes."""
    running.writer.close(20)
    with pytest.raises(CollectorError, match="the writer has stopped"):
        running.writer.ask("late", lambda conn: insert(conn, 1)).wait(20)


def test_a_mistake_in_a_step_does_not_end_the_thread(running: Store, events: Events) -> None:
    """The asker hears of it, and recording goes on."""
    with pytest.raises(ZeroDivisionError):
        running.writer.ask("bad", lambda _: 1 // 0).wait(20)
    assert running.writer.ask("good", lambda conn: insert(conn, 1)).wait(20) == 1
    assert running.writer.stuck is None
    (event,) = (event for event in events() if event["event"] == "writer.broken")
    assert (event["level"], event["error"]) == (
        "error",
        "ZeroDivisionError: integer division or modulo by zero",
    )


@pytest.mark.parametrize("error", [MemoryError, SystemExit])
def test_nothing_that_is_raised_ends_the_thread(
    running: Store, events: Events, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    """Not while it waits, nor in a step; and an exit in a step does not end the thread that asked for it."""

    def fail(*_: object) -> None:
        monkeypatch.undo()
        raise error

    monkeypatch.setattr(running.buffer, "wait", fail)
    assert running.writer.ask("good", lambda conn: insert(conn, 1)).wait(20) == 1
    with pytest.raises((MemoryError, CollectorError)):
        running.writer.ask("bad", fail).wait(20)
    assert running.writer.ask("good", lambda conn: insert(conn, 2)).wait(20) == 2
    assert {event["event"] for event in events()} == {"writer.broken"}


def test_a_client_whose_done_fails_harms_no_other(running: Store, events: Events) -> None:
    """What was committed stays committed once, and everyone else is told."""
    told: list[str] = []
    heard = threading.Event()

    def bad(_: Outcome) -> None:
        told.append("bad")
        raise RuntimeError("event loop is closed")

    def good(_: Outcome) -> None:
        told.append("good")
        heard.set()

    gate = threading.Event()
    running.writer.ask("gate", lambda _: gate.wait(30))
    at = clock.now().monotonic
    for done in (bad, bad, good):
        running.buffer.offer(at, Batch([run()], 0, done))
    gate.set()
    assert heard.wait(20)
    assert running.writer.close(20, lambda conn: insert(conn, 1)) is True
    assert told == ["bad", "bad", "good"]
    assert running.count("workload_runs") == 3
    assert running.count("gaps") == 1
    assert numbers(running) == (3, 0, 0, 0, 0)
    assert {event["event"] for event in events()} == {"writer.broken"}


def test_a_listener_that_fails_does_not_write_a_flush_twice(store: Store) -> None:
    """The bookkeeping is done before anybody else's code is called."""

    def broken(name: str, duration_ms: float, rows: int) -> None:
        raise ZeroDivisionError

    store.writer = Writer(store.conn, store.buffer, broken)
    store.put(run())
    with pytest.raises(ZeroDivisionError):
        store.flush()
    store.flush()
    assert store.count("workload_runs") == 1
    assert numbers(store) == (1, 0, 0, 0, 0)
