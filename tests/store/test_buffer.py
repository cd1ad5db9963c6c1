"""The queue between those who record and the one who writes: bounded, counted, never blocking."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.errors import CollectorError
from collector.records.gap import Gap
from collector.records.run import Run
from collector.records.workload import Workload
from collector.store.buffer import Batch, Buffer, Counts, Flight, Limits, Outcome, size_of
from tests.conftest import cpu

WEIGHT = size_of(cpu(1))


def batch(count: int, size: int = 0, done: Callable[[Outcome], None] | None = None) -> Batch:
    """Records of a client."""
    return Batch([cpu(i) for i in range(count)], size, done)


def run(**columns: object) -> msgspec.Struct:
    """A record with texts."""
    return Run.record(workload="w", timestamp=1, **columns)


def balanced(counts: Counts) -> bool:
    """Promise 3."""
    return counts.received == (
        counts.committed + counts.duplicate + counts.rejected + counts.dropped + counts.queued
    )


def settled(flight: Flight, how: int) -> list[Outcome]:
    """An honest account of a flight: each record committed, duplicate or rejected, as ``how`` varies."""

    def outcome(count: int) -> Outcome:
        bad, twice = how % (count + 1), (how // 7) % (count - how % (count + 1) + 1)
        return Outcome(count - bad - twice, twice, tuple((i, "bad") for i in range(bad)))

    return [outcome(len(flight.own)), *(outcome(len(b.records)) for b in flight.batches)]


OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, 12)),
        st.tuples(st.just("offer"), st.integers(0, 12)),
        st.tuples(st.just("take"), st.just(0)),
        st.tuples(st.just("settle"), st.integers(0, 100)),
        st.tuples(st.just("reject"), st.integers(0, 5)),
        st.tuples(st.just("abandon"), st.just(0)),
        st.tuples(st.just("close"), st.just(0)),
    ),
    max_size=40,
)


@given(OPERATIONS, st.integers(1, 20), st.integers(1, 20))
def test_the_five_numbers_add_up_at_every_moment(
    operations: list[tuple[str, int]], most: int, heaviest: int
) -> None:
    """received = committed + duplicate + rejected + dropped + queued, and the bounds hold throughout."""
    buffer = Buffer(Limits(records=most, size=heaviest * WEIGHT))
    flight: Flight | None = None
    for what, number in operations:
        if what in ("put", "offer") and buffer.closed:
            continue
        if what == "put":
            buffer.put(0.0, [cpu(i) for i in range(number)])
        elif what == "offer":
            buffer.offer(0.0, batch(number, number * WEIGHT))
        elif what == "take" and flight is None:
            flight = buffer.take()
        elif what == "settle" and flight is not None:
            buffer.settle(settled(flight, number))
            flight = None
        elif what == "reject":
            buffer.reject(number)
        elif what == "abandon":
            buffer.abandon("stopped")
            flight = None
        elif what == "close":
            buffer.close()
        counts = buffer.counts()
        assert balanced(counts)
        assert sum(counts.reasons.values()) == counts.dropped
        assert counts.queued <= most
        assert counts.queued * WEIGHT <= heaviest * WEIGHT


def test_it_is_bounded_in_records_and_the_oldest_of_our_own_go_first() -> None:
    """What is newest says most about the machine now; what went is counted with its reason."""
    buffer = Buffer(Limits(records=3))
    buffer.put(0.0, [cpu(i) for i in range(5)])
    counts = buffer.counts()
    assert (counts.queued, counts.dropped, counts.reasons) == (3, 2, {"full": 2})
    assert buffer.take().own == [cpu(2), cpu(3), cpu(4)]


def test_it_is_bounded_in_bytes_too() -> None:
    """One long text weighs as much as many samples."""
    buffer = Buffer(Limits(size=4 * WEIGHT))
    buffer.put(0.0, [cpu(1), cpu(2), cpu(3)])
    buffer.put(0.0, [cpu(4), cpu(5)])
    assert buffer.take().own == [cpu(2), cpu(3), cpu(4), cpu(5)]


def test_what_the_writer_holds_counts_against_the_bounds() -> None:
    """A disk that refuses must not double what we keep in memory."""
    buffer = Buffer(Limits(records=4))
    buffer.put(0.0, [cpu(1), cpu(2), cpu(3)])
    flight = buffer.take()
    buffer.put(0.0, [cpu(4), cpu(5)])
    assert buffer.counts().queued == 4
    buffer.settle([Outcome(len(flight))])
    assert buffer.take().own == [cpu(5)]


def test_clients_are_told_busy_at_three_quarters() -> None:
    """They can never push out the machine's own samples."""
    buffer = Buffer(Limits(records=8))
    assert buffer.offer(0.0, batch(6)) is True
    assert buffer.offer(0.0, batch(1)) is False
    buffer.put(0.0, [cpu(1), cpu(2)])
    counts = buffer.counts()
    assert (counts.received, counts.queued, counts.dropped) == (8, 8, 0)


def test_clients_are_told_busy_by_weight_too() -> None:
    """A batch says itself how heavy it is."""
    buffer = Buffer(Limits(size=1000))
    assert buffer.offer(0.0, batch(1, 750)) is True
    assert buffer.offer(0.0, batch(1, 1)) is False


def test_a_batch_that_was_refused_is_not_counted() -> None:
    """Nobody received it: the client keeps it and comes again."""
    buffer = Buffer(Limits(records=4))
    buffer.offer(0.0, batch(4))
    assert buffer.counts().received == 0


def test_a_batch_is_never_dropped_for_our_own_samples() -> None:
    """It was taken, so it stays; we drop our own instead."""
    buffer = Buffer(Limits(records=4))
    buffer.offer(0.0, batch(3))
    buffer.put(0.0, [cpu(1), cpu(2)])
    flight = buffer.take()
    assert (len(flight.batches[0].records), flight.own) == (3, [cpu(2)])


def test_what_was_lost_is_told_once_with_its_stretch_of_time() -> None:
    """The writer makes a gap of it."""
    buffer = Buffer(Limits(records=1))
    buffer.put(0.0, [cpu(500), cpu(300), Gap.record(from_ms=200, to_ms=700, reason="stall"), cpu(900)])
    lost = buffer.lost()
    assert (lost.count, lost.from_ms, lost.to_ms) == (3, 200, 700)
    assert buffer.lost().count == 0


def test_what_was_lost_without_a_time_is_counted_all_the_same() -> None:
    """Not every record says when it was."""
    buffer = Buffer(Limits(records=1))
    workload = Workload.record(name="w", kind="command", command="true", timeout_ms=1, registered_ms=1)
    buffer.put(0.0, [workload, cpu(900)])
    lost = buffer.lost()
    assert (lost.count, lost.from_ms, lost.to_ms) == (1, 0, 0)


def test_rejected_records_are_received_and_rejected() -> None:
    """Those that never got as far as the queue."""
    buffer = Buffer()
    buffer.reject(3)
    counts = buffer.counts()
    assert (counts.received, counts.rejected, counts.queued) == (3, 3, 0)


def test_put_and_offer_after_close_raise() -> None:
    """Whoever still records then has missed the stop."""
    buffer = Buffer()
    buffer.put(0.0, [cpu(1)])
    buffer.close()
    buffer.close()
    with pytest.raises(CollectorError, match="the buffer is closed"):
        buffer.put(0.0, [cpu(2)])
    with pytest.raises(CollectorError, match="the buffer is closed"):
        buffer.offer(0.0, batch(1))
    assert buffer.take().own == [cpu(1)]


def test_putting_nothing_changes_nothing() -> None:
    """A turn of samplers may have nothing to say, even after the close."""
    buffer = Buffer()
    buffer.close()
    buffer.put(0.0, [])
    assert buffer.counts().received == 0


def test_a_flush_is_due_by_the_age_of_the_oldest_record() -> None:
    """Later records do not put it off."""
    buffer = Buffer(Limits(age=1.0))
    assert buffer.due(1000.0) is False
    buffer.put(10.0, [cpu(1)])
    buffer.put(10.9, [cpu(2)])
    assert buffer.due(10.9) is False
    assert buffer.due(11.0) is True


def test_a_flush_is_due_at_once_when_enough_waits() -> None:
    """However young it is."""
    buffer = Buffer(Limits(flush=3))
    buffer.put(10.0, [cpu(1), cpu(2)])
    assert buffer.due(10.0) is False
    buffer.put(10.0, [cpu(3)])
    assert buffer.due(10.0) is True


def test_a_flush_is_due_at_once_when_a_client_waits_for_its_answer() -> None:
    """One that does not wait is written with the next."""
    buffer = Buffer()
    buffer.offer(10.0, batch(1))
    assert buffer.due(10.0) is False
    buffer.offer(10.0, batch(1, 0, lambda _: None))
    assert buffer.due(10.0) is True


def test_a_batch_without_records_is_owed_its_answer_too() -> None:
    """It would else wait for ever, and keep the writer spinning."""
    buffer = Buffer()
    buffer.offer(10.0, batch(0, 0, lambda _: None))
    assert buffer.due(10.0) is True
    assert len(buffer.take().batches) == 1
    assert buffer.due(10.0) is False


def test_a_closed_buffer_is_due_as_long_as_anything_is_in_it() -> None:
    """So that it drains at once."""
    buffer = Buffer()
    buffer.put(10.0, [cpu(1)])
    buffer.close()
    assert buffer.due(10.0) is True
    buffer.take()
    assert buffer.due(10.0) is False


def test_a_record_too_heavy_for_the_whole_buffer_leaves_nothing_due() -> None:
    """It is dropped on its way in, and the writer can sleep."""
    buffer = Buffer(Limits(size=100))
    buffer.put(10.0, [run(output="x" * 1000)])
    assert buffer.counts().dropped == 1
    assert buffer.due(1000.0) is False


class Waiting:
    """A thread that waits on a buffer the way the writer does; `ended` tells that it woke."""

    def __init__(self, buffer: Buffer, longest: float = 50.0) -> None:
        self.ended = threading.Event()
        self._buffer = buffer
        self._longest = longest
        self.thread = threading.Thread(target=self._wait, daemon=True)
        self.thread.start()

    def _wait(self) -> None:
        self._buffer.wait(time.monotonic, self._longest)
        self.ended.set()


@pytest.mark.parametrize("wake", [Buffer.nudge, Buffer.close])
def test_a_nudge_and_a_close_end_the_wait(wake: Callable[[Buffer], None]) -> None:
    """Before the wait began or in the middle of it."""
    buffer = Buffer()
    waiting = Waiting(buffer)
    wake(buffer)
    assert waiting.ended.wait(20)


def test_a_nudge_that_comes_too_early_is_remembered() -> None:
    """The writer may be just about to wait; a step it was asked for must not lie there for seconds."""
    buffer = Buffer()
    buffer.nudge()
    assert Waiting(buffer).ended.wait(20)


def test_a_nudge_ends_the_wait_while_records_grow_old() -> None:
    """They are not what it was for."""
    buffer = Buffer(Limits(age=50.0))
    buffer.put(time.monotonic(), [cpu(1)])
    waiting = Waiting(buffer)
    buffer.nudge()
    assert waiting.ended.wait(20)


def test_the_wait_ends_when_a_flush_is_due() -> None:
    """By size, at once."""
    buffer = Buffer(Limits(flush=2, age=50.0))
    waiting = Waiting(buffer)
    buffer.put(time.monotonic(), [cpu(1)])
    buffer.put(time.monotonic(), [cpu(2)])
    assert waiting.ended.wait(20)


def test_the_first_record_wakes_the_wait_only_after_its_age() -> None:
    """The writer looks at the clock again rather than sleep on."""
    buffer = Buffer(Limits(age=0.05))
    waiting = Waiting(buffer)
    put_at = time.monotonic()
    buffer.put(put_at, [cpu(1)])
    assert waiting.ended.wait(20)
    assert buffer.due(time.monotonic()) is True


def test_the_wait_is_never_longer_than_it_was_told() -> None:
    """Then the writer shows that it lives."""
    assert Waiting(Buffer(), longest=0.01).ended.wait(20)


def test_many_threads_lose_nothing() -> None:
    """All counts live behind one lock."""
    buffer = Buffer(Limits(records=500))
    taken: list[int] = []

    def record(start: int) -> None:
        for i in range(200):
            buffer.put(0.0, [cpu(start + i)])

    def write() -> None:
        is_last = False
        while not is_last:
            is_last = buffer.closed  # asked before the rest is taken
            flight = buffer.take()
            taken.append(len(flight))
            buffer.settle([Outcome(len(flight))])

    sources = [threading.Thread(target=record, args=(1000 * n,)) for n in range(4)]
    writer = threading.Thread(target=write)
    for thread in (*sources, writer):
        thread.start()
    for thread in sources:
        thread.join(30)
    buffer.close()
    writer.join(30)
    counts = buffer.counts()
    assert (counts.received, counts.queued) == (800, 0)
    assert counts.committed == sum(taken) == 800 - counts.dropped


@given(st.text(max_size=50), st.text(max_size=50))
def test_a_record_weighs_its_values_and_its_texts(command: str, output: str) -> None:
    """Roughly what it takes in memory; what is null weighs no text."""
    assert size_of(run(command=command, output=output)) - size_of(run()) == len(command) + len(output)


def test_what_is_no_text_is_counted_all_the_same() -> None:
    """A sampler with a bug puts it; the writer refuses it, and the numbers still add up."""
    buffer = Buffer()
    buffer.put(0.0, [run(output=5), run(output=["x"]), cpu(1)])
    assert (buffer.counts().received, buffer.counts().queued) == (3, 3)
    assert len(buffer.take()) == 3
