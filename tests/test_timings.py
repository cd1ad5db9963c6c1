"""How long our own statements take: counted by name, from any thread, in bounded memory."""

from __future__ import annotations

import statistics
import threading

import pytest

from collector.store.writer import Writer
from collector.timings import OTHER, Timings
from tests.conftest import Store, cpu


def test_each_operation_has_its_count_mean_bounds_and_percentile() -> None:
    """What took longest in all stands first; the percentile lies within 1 %."""
    timings, values = Timings(), [float(n) for n in range(1, 101)]
    for value in values:
        timings.heard("flush", value, 2)
    timings.heard("checkpoint", 40.0, 0)
    first, second = timings.table()
    assert first == {
        "operation": "flush", "count": 100, "total_ms": 5050.0, "avg_ms": 50.5, "min_ms": 1.0,
        "max_ms": 100.0, "p95_ms": pytest.approx(statistics.quantiles(values, n=20, method="inclusive")[-1],
                                                 rel=0.01), "rows": 200,
    }  # fmt: skip
    assert (second["operation"], second["count"], second["p95_ms"]) == ("checkpoint", 1, 40.0)


def test_nothing_heard_is_an_empty_table() -> None:
    """And no division by nothing."""
    assert Timings().table() == []


def test_a_time_of_zero_is_one_too() -> None:
    """A clock may not have moved."""
    timings = Timings()
    timings.heard("flush", 0.0, 0)
    (row,) = timings.table()
    assert (row["min_ms"], row["p95_ms"], row["max_ms"]) == (0.0, 0.0, 0.0)


def test_names_are_bounded() -> None:
    """What comes after the last place is counted together, so that the totals stay true."""
    timings = Timings(most=3)
    for n in range(10):
        timings.heard(f"step {n}", 1.0, 0)
        timings.heard("step 0", 1.0, 0)
    found = {row["operation"]: row["count"] for row in timings.table()}
    assert found == {"step 0": 11, "step 1": 1, "step 2": 1, OTHER: 7}


def test_many_threads_may_tell_at_once() -> None:
    """No time is lost."""
    timings = Timings()

    def tell() -> None:
        for _ in range(2_000):
            timings.heard("flush", 1.0, 1)

    threads = [threading.Thread(target=tell) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [(row["count"], row["rows"]) for row in timings.table()] == [(8_000, 8_000)]


def test_a_real_writer_tells_its_flushes_and_steps(store: Store) -> None:
    """By the names that it has for them."""
    timings = Timings()
    store.writer = Writer(store.conn, store.buffer, timings.heard)
    store.put(cpu(1), cpu(2))
    store.flush()
    store.writer.ask("look", lambda conn: conn.execute("SELECT 1").fetchall())
    store.flush()
    found = {row["operation"]: (row["count"], row["rows"]) for row in timings.table()}
    assert found == {"flush": (1, 2), "look": (1, 0)}
