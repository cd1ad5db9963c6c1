"""Windows of bits: what is held, and for how long."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Hashable

from hypothesis import given
from hypothesis import strategies as st

from collector.alerts.windows import STAY_MS, Rule, Windows

RULES = (Rule("slow", of=10, bad=5, good=1), Rule("failing", of=10, bad=5, good=0))

turns = st.lists(st.tuples(st.sampled_from([0, 1]), st.booleans()), max_size=120)


class Spaced(Windows):
    """Of executions of which each ends ten minutes after the one before."""

    at_ms = 0

    def heard(self, key: Hashable, which: int, is_bad: bool, at_ms: int | None = None) -> bool | None:
        """The next one, unless told otherwise."""
        self.at_ms += STAY_MS
        return super().heard(key, which, is_bad, self.at_ms if at_ms is None else at_ms)


class Plain:
    """The same, said at length: all that was heard, and a state for each rule."""

    def __init__(self) -> None:
        self.seen = [deque([False] * rule.of, maxlen=rule.of) for rule in RULES]
        self.bad = [False] * len(RULES)

    def heard(self, which: int, is_bad: bool) -> bool | None:
        self.seen[which].append(is_bad)
        count, rule, before = sum(self.seen[which]), RULES[which], self.bad[which]
        self.bad[which] = count > rule.good if before else count >= rule.bad
        return None if self.bad[which] == before else self.bad[which]


@given(turns)
def test_bits_say_what_lists_would(heard: list[tuple[int, bool]]) -> None:
    """Two rules share one number and never touch each other."""
    windows, plain = Spaced(RULES), Plain()
    for which, is_bad in heard:
        assert windows.heard("a", which, is_bad) == plain.heard(which, is_bad)
        assert [windows.bad("a", i) for i in (0, 1)] == [sum(seen) for seen in plain.seen]
    assert ("a" in windows.held) == (any(plain.bad) or any(map(any, plain.seen)))


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=80))
def test_the_short_way_for_good_ones_comes_to_the_same(heard: list[tuple[bool, bool]]) -> None:
    """Where it may be gone."""
    short, long = Spaced(RULES), Spaced(RULES)
    for slow, failed in heard:
        expected = [long.heard("a", 0, slow), long.heard("a", 1, failed)]
        if slow or failed or "a" not in short.held or not short.heard_good("a", by_all=True):
            assert [short.heard("a", 0, slow), short.heard("a", 1, failed)] == expected
        assert short.held == long.held


@given(st.lists(st.booleans(), max_size=40))
def test_what_nobody_said_stays_out_of_a_window(heard: list[bool]) -> None:
    """Good by the first rule only."""
    short, long = Spaced(RULES), Spaced(RULES)
    for is_first in heard:
        for windows in (short, long):
            windows.heard("a", 1 - is_first, True)
        long.heard("a", 0, False)
        if not short.heard_good("a", by_all=False):
            short.heard("a", 0, False)
        assert short.held == long.held


def test_what_was_bad_least_recently_goes_first() -> None:
    """Of those that are ok."""
    windows = Spaced(RULES, most=3)
    for key in "abcad":
        windows.heard(key, 0, True)
    assert [*windows.held] == ["c", "a", "d"]


def test_what_is_not_ok_stays_when_others_go() -> None:
    """And when it is forgotten by its rule, it counts no longer."""
    windows = Spaced(RULES, most=2)
    for _ in range(5):
        windows.heard("bad", 0, True)
    for key in "abcd":
        windows.heard(key, 0, True)
    assert sorted(windows.held) == ["bad", "c", "d"]
    assert windows.forget("bad", 0)
    assert not windows.forget("bad", 0)
    assert sorted(windows.held) == ["c", "d"]


def test_no_more_than_so_many_stand_at_once() -> None:
    """The others are counted, and turn bad as soon as there is room."""
    windows = Spaced(RULES, most=1)
    assert [windows.heard("a", 0, True) for _ in range(5)][-1] is True
    assert [windows.heard("b", 0, True) for _ in range(6)] == [None] * 6
    assert windows.refused == 2
    assert [windows.heard("a", 0, False) for _ in range(9)][-1] is False
    assert windows.heard("b", 0, True) is True


def test_what_is_only_known_to_stand_needs_a_whole_window_to_recover() -> None:
    """Nobody knows its last executions."""
    windows = Spaced(RULES)
    windows.stands("a", 1, 0)
    assert [windows.heard("a", 1, False) for _ in range(10)] == [None] * 9 + [False]
    assert windows.held == {}


def test_a_window_that_is_remembered_changes_no_state() -> None:
    """It goes on from there, and nothing turns bad by a good one."""
    windows = Spaced(RULES)
    windows.remember("a", 0, [True] * 9)
    assert windows.heard("a", 0, False) is None
    assert windows.heard("a", 0, True) is True
    windows.stands("b", 0, 0)
    windows.remember("b", 0, [False] * 10)
    assert windows.heard("b", 0, False) is False


def test_what_turned_stays_so_for_ten_minutes() -> None:
    """However many good ones, and then bad ones, come in that time; a clock that was set ends it."""
    windows = Windows(RULES)
    assert [windows.heard("a", 0, True, 0) for _ in range(5)][-1] is True
    assert [windows.heard("a", 0, False, STAY_MS - 1) for _ in range(20)] == [None] * 20
    assert windows.heard("a", 0, False, STAY_MS) is False
    assert [windows.heard("a", 0, True, 2 * STAY_MS - 1) for _ in range(20)] == [None] * 20
    assert windows.heard("a", 0, True, 0) is True


def test_a_series_that_stays_as_it_is_turns_six_times_an_hour_at_most() -> None:
    """A quarter of its executions are slow, ten in a second."""
    windows, drawn = Windows(RULES), random.Random(1)
    heard = [windows.heard("a", 0, drawn.random() < 0.25, i * 100) for i in range(2 * 36_000)]
    assert 2 <= sum(turned is not None for turned in heard) <= 12


def test_of_those_that_turned_only_the_last_are_remembered() -> None:
    """Twice as many as may stand."""
    windows = Spaced(RULES, most=2)
    for key in "abcdefgh":
        for is_bad in [True] * 5 + [False] * 10:
            windows.heard(key, 0, is_bad)
    assert [key for key, _ in windows._turned_ms] == ["e", "f", "g", "h"]
