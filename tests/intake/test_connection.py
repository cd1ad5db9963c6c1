"""One client's bytes become lines, and its answers go out in the order of its lines."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.intake.connection import (
    MOST_PENDING,
    MOST_SKIPPED,
    MOST_UNANSWERED,
    PATIENCE_SECONDS,
    READ_SIZE,
    Connection,
    Overlong,
)

LONGEST = 20
LATE = PATIENCE_SECONDS + 1


@dataclass
class Pair:
    """Both ends."""

    ours: Connection
    theirs: socket.socket


@pytest.fixture
def pair() -> Iterator[Pair]:
    """A connection that began at 0, with lines of at most 20 bytes."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.settimeout(5)
    yield Pair(Connection(ours, LONGEST, 0.0), theirs)
    ours.close()
    theirs.close()


def lines(connection: Connection) -> list[bytes | None]:
    """All whole lines that are there; None for one that was too long."""
    found: list[bytes | None] = []
    while (line := connection.next_line(0.0)) is not None:
        found.append(None if isinstance(line, Overlong) else line)
    return found


def test_a_line_is_there_when_its_end_is(pair: Pair) -> None:
    """In however many pieces it comes."""
    pair.ours.take_in(b"on", 0.0)
    assert lines(pair.ours) == []
    pair.ours.take_in(b"e\ntwo\nth", 0.0)
    assert lines(pair.ours) == [b"one", b"two"]
    pair.ours.take_in(b"ree\n", 0.0)
    assert lines(pair.ours) == [b"three"]


def test_the_last_line_may_lack_its_end(pair: Pair) -> None:
    """A client that closed has said all."""
    pair.ours.take_in(b"one\ntwo", 0.0)
    pair.ours.take_in(b"", 0.0)
    assert lines(pair.ours) == [b"one", b"two"]
    assert (pair.ours.ended, pair.ours.is_done, pair.ours.may_read) == (True, True, False)


def test_a_client_that_says_nothing_says_no_line(pair: Pair) -> None:
    """It came and went."""
    pair.ours.take_in(b"", 0.0)
    assert lines(pair.ours) == []
    assert pair.ours.is_done


@pytest.mark.parametrize("size", [1, 7, 20, 21, 1000])
def test_a_line_that_is_too_long_is_thrown_away_as_it_comes(pair: Pair, size: int) -> None:
    """Little of it is ever held, and the lines after it are read."""
    sent = b"x" * 500 + b"\nok\n"
    found: list[bytes | None] = []
    for at in range(0, len(sent), size):
        pair.ours.take_in(sent[at : at + size], 0.0)
        found += lines(pair.ours)
        assert len(pair.ours.received) <= LONGEST
    assert found == [None, b"ok"]


def test_a_line_may_be_as_long_as_allowed(pair: Pair) -> None:
    """And not a byte longer, its end not counted."""
    pair.ours.take_in(b"x" * LONGEST + b"\n" + b"x" * (LONGEST + 1) + b"\n", 0.0)
    assert lines(pair.ours) == [b"x" * LONGEST, None]


def test_a_line_that_is_too_long_and_lacks_its_end_is_told_too(pair: Pair) -> None:
    """Else nobody would ever count it."""
    pair.ours.take_in(b"x" * 100, 0.0)
    assert lines(pair.ours) == []
    pair.ours.take_in(b"", 0.0)
    assert lines(pair.ours) == [None]
    assert pair.ours.is_done


@settings(deadline=None)
@given(
    wanted=st.lists(st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"")), max_size=8),
    cuts=st.lists(st.integers(1, 40), min_size=1),
)
def test_pieces_make_no_difference(wanted: list[bytes], cuts: list[int]) -> None:
    """The same lines come out, wherever the stream was cut."""
    connection = Connection(socket.socket(socket.AF_UNIX), LONGEST, 0.0)
    sent, found, turn = b"".join(line + b"\n" for line in wanted), list[bytes | None](), 0
    while sent:
        cut = cuts[turn % len(cuts)]
        connection.take_in(sent[:cut], 0.0)
        sent, turn = sent[cut:], turn + 1
        found += lines(connection)
    assert found == [line if len(line) <= LONGEST else None for line in wanted]
    connection.socket.close()


def test_a_line_without_end_is_endless_at_some_time(pair: Pair) -> None:
    """Then its client is let go."""
    for _ in range(MOST_SKIPPED // (1 << 22)):
        pair.ours.take_in(b"x" * (1 << 22), 0.0)
        assert lines(pair.ours) == []
    assert not pair.ours.is_endless
    pair.ours.take_in(b"x", 0.0)
    assert pair.ours.is_endless


def test_answers_wait_for_those_before_them(pair: Pair) -> None:
    """Whoever is answered first."""
    first, second, third = (pair.ours.expect(1) for _ in range(3))
    pair.ours.settle(second, b"2\n")
    pair.ours.settle(third, b"3\n")
    pair.ours.collect_answers(0.0)
    assert pair.ours.to_send == b""
    pair.ours.settle(first, b"1\n")
    pair.ours.collect_answers(0.0)
    pair.ours.send(0.0)
    assert (pair.theirs.recv(100), pair.ours.unanswered, len(pair.ours.pending)) == (b"1\n2\n3\n", 0, 0)


def test_a_mute_client_is_answered_nothing(pair: Pair) -> None:
    """Its places are freed all the same."""
    pair.ours.mute = True
    pair.ours.settle(pair.ours.expect(5), b"1\n")
    pair.ours.collect_answers(0.0)
    assert (bytes(pair.ours.to_send), pair.ours.unanswered) == (b"", 0)


def test_a_client_that_is_gone_becomes_mute(pair: Pair) -> None:
    """What it sent before still counts."""
    pair.theirs.close()
    pair.ours.settle(pair.ours.expect(), b"1\n")
    pair.ours.collect_answers(0.0)
    pair.ours.send(0.0)
    assert (pair.ours.mute, bytes(pair.ours.to_send)) == (True, b"")


def test_what_a_client_does_not_take_is_kept_and_no_more_is_read(pair: Pair) -> None:
    """Until it takes it."""
    answer = b"x" * (8 << 20)
    pair.ours.settle(pair.ours.expect(), answer)
    pair.ours.collect_answers(0.0)
    pair.ours.send(0.0)
    assert 0 < len(pair.ours.to_send) < len(answer)
    assert not pair.ours.may_read
    taken = 0
    while pair.ours.to_send:
        taken += len(pair.theirs.recv(1 << 20))
        pair.ours.send(0.0)
    assert pair.ours.may_read
    while taken < len(answer):
        taken += len(pair.theirs.recv(1 << 20))


def test_so_many_lines_and_records_may_be_unanswered(pair: Pair) -> None:
    """Then the next has to wait."""
    assert pair.ours.may_take
    pair.ours.expect(MOST_UNANSWERED)
    assert not pair.ours.may_take
    pair.ours.pending.clear()
    pair.ours.unanswered = 0
    for _ in range(MOST_PENDING):
        assert pair.ours.may_take
        pair.ours.expect()
    assert not pair.ours.may_read


def test_so_many_bytes_may_be_unread(pair: Pair) -> None:
    """A line and what one read brings."""
    pair.ours.take_in(b"\n" * (LONGEST + READ_SIZE), 0.0)
    assert pair.ours.may_read
    pair.ours.take_in(b"\n", 0.0)
    assert not pair.ours.may_read


def test_who_has_nothing_open_may_be_silent_for_ever(pair: Pair) -> None:
    """A client that waits for work."""
    pair.ours.take_in(b"one\n", 0.0)
    assert lines(pair.ours) == [b"one"]
    assert not pair.ours.is_stuck(1e9)


def test_a_line_has_to_be_whole_in_time(pair: Pair) -> None:
    """Counted from its first byte, however many follow it."""
    pair.ours.take_in(b"o", 5.0)
    pair.ours.take_in(b"n", 5.0 + PATIENCE_SECONDS)
    assert not pair.ours.is_stuck(5.0 + PATIENCE_SECONDS)
    assert pair.ours.is_stuck(5.0 + LATE)


def test_a_line_that_is_too_long_has_to_end_in_time_too(pair: Pair) -> None:
    """Though nothing of it is kept: a drop now and then does not make it a new line."""
    for second in range(int(LATE) + 1):
        pair.ours.take_in(b"x" * 30, float(second))
        assert lines(pair.ours) == []
    assert pair.ours.is_stuck(LATE)


def test_who_takes_no_answer_in_time_is_answered_no_more(pair: Pair) -> None:
    """Each byte that it takes gives it time again. It may be one that only sends, so it is not let go."""
    pair.ours.settle(pair.ours.expect(), b"x" * (8 << 20))
    pair.ours.collect_answers(5.0)
    pair.ours.send(5.0)
    pair.theirs.recv(1 << 20)
    pair.ours.send(20.0)
    assert not pair.ours.hush(5.0 + LATE)
    assert pair.ours.hush(20.0 + LATE)
    assert (pair.ours.mute, len(pair.ours.to_send), pair.ours.may_take) == (True, 0, True)


def test_who_is_gone_will_not_hear(pair: Pair) -> None:
    """Though what it sent is not read yet."""
    assert pair.ours.will_hear
    pair.theirs.send(b"one\n")
    assert pair.ours.will_hear
    pair.theirs.close()
    assert not pair.ours.will_hear


def test_who_has_to_wait_for_us_is_not_stuck(pair: Pair) -> None:
    """Half a line that we do not look at, since answers are due to it."""
    pair.ours.expect(MOST_UNANSWERED)
    pair.ours.take_in(b"half", 0.0)
    assert not pair.ours.is_stuck(LATE)
