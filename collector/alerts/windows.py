"""Which of the last executions of each subject were bad, as bits, and when that is a change of state."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import NamedTuple

MOST = 2_000
# A state lasts so long at least: what goes up and down all the time turns six times an hour at most.
STAY_MS = 600_000

# All windows of a subject share one number, each in a lane of 16 bits. The topmost bit of a lane says
# that the window stands, which means that its state is not ok.
_LANE = 16
_FULL = (1 << _LANE) - 1
_STANDS = 1 << (_LANE - 1)


class Rule(NamedTuple):
    """``state`` begins when ``bad`` of the last ``of`` were bad, and ends when at most ``good`` were.

    What lies between the two is hysteresis: there the state stays as it is. ``of`` is at most 15.
    """

    state: str
    of: int
    bad: int
    good: int


class Windows:
    """For each subject a window for each of ``rules``, in ``held``. Not locked.

    Only what was bad lately is held, or is not ok, so that all others cost nothing. Of those that are ok
    at most ``most`` are, and the one that was bad least recently goes; what is not ok is never forgotten,
    and while there are ``most`` of that, no other turns bad: ``refused`` counts how often.

    A subject that turned stays as it is for ten minutes by the moments of its executions, however many there
    are; a clock that was set to another time ends that.
    """

    def __init__(self, rules: tuple[Rule, ...], most: int = MOST) -> None:
        self.held: dict[Hashable, int] = {}
        self.refused = 0
        self._most = most
        self._standing = 0
        # When those turned that did so last, the latest at the end.
        self._turned_ms: dict[tuple[Hashable, int], int] = {}
        # Of each rule: where its lane begins, the bits of its window, and its two limits.
        self._limits = [
            (which * _LANE, (1 << rule.of) - 1, rule.bad, rule.good) for which, rule in enumerate(rules)
        ]
        self._bits = sum(mask << at for at, mask, *_ in self._limits)
        self._stand_bits = sum(_STANDS << at for at, *_ in self._limits)

    def heard(self, key: Hashable, which: int, is_bad: bool, at_ms: int) -> bool | None:
        """Count one execution, which ended at ``at_ms``, by the rule of number ``which``.

        True when the subject turned bad by it, False when it recovered, None when nothing changed.
        """
        lanes = self.held.get(key, 0)
        if not lanes and not is_bad:
            return None
        at, mask, bad, good = self._limits[which]
        before = lanes >> at & _FULL
        window = (before << 1 | is_bad) & mask
        stood = before >= _STANDS
        if stood:
            turns = window.bit_count() <= good and self._may_turn(key, which, at_ms)
        else:  # nothing turns bad by a good one
            turns = is_bad and window.bit_count() >= bad and self._may_turn(key, which, at_ms)
            turns = turns and self._has_room()
        stands = stood != turns
        window |= stands and _STANDS
        self._standing += stands - stood
        self._hold(key, lanes & ~(_FULL << at) | window << at, is_bad)
        if not turns:
            return None
        self._note_turn(key, which, at_ms)
        return stands

    def heard_good(self, key: Hashable, *, by_all: bool) -> bool:
        """Count one that was good by all rules, or by the first; in a fraction of the time of `heard`.

        For a subject that is held. False, and nothing counted, where `heard` has to: it may have
        recovered, or the other rules have something in their windows that stays.
        """
        lanes = self.held[key]
        if lanes & self._stand_bits or not (by_all or lanes <= _FULL):
            return False
        lanes = lanes << 1 & self._bits
        if lanes:
            self.held[key] = lanes
        else:
            del self.held[key]
        return True

    def bad(self, key: Hashable, which: int) -> int:
        """How many of the last were bad."""
        at, mask, *_ = self._limits[which]
        return (self.held.get(key, 0) >> at & mask).bit_count()

    def stands(self, key: Hashable, which: int, since_ms: int) -> None:
        """It is known not to be ok, and nothing of its last executions: all count as bad until heard of."""
        at, mask, *_ = self._limits[which]
        self._standing += 1
        self._note_turn(key, which, since_ms)
        self.held[key] = self.held.get(key, 0) | (mask | _STANDS) << at

    def remember(self, key: Hashable, which: int, seen: Iterable[bool]) -> None:
        """Its last executions, the oldest first, as they were before; they change no state."""
        lanes = self.held.get(key, 0)
        at, mask, *_ = self._limits[which]
        window = lanes >> at & mask
        for is_bad in seen:
            window = (window << 1 | is_bad) & mask
        self._hold(key, lanes & ~(mask << at) | window << at, is_bad=True)

    def forget(self, key: Hashable, which: int) -> bool:
        """Nothing is known any more by this rule; whether it was not ok."""
        lanes = self.held.get(key, 0)
        at, *_ = self._limits[which]
        stood = bool(lanes >> at & _STANDS)
        self._standing -= stood
        self._hold(key, lanes & ~(_FULL << at), is_bad=False)
        return stood

    def _may_turn(self, key: Hashable, which: int, at_ms: int) -> bool:
        turned_ms = self._turned_ms.get((key, which))
        return turned_ms is None or abs(at_ms - turned_ms) >= STAY_MS

    def _note_turn(self, key: Hashable, which: int, at_ms: int) -> None:
        self._turned_ms.pop((key, which), None)
        self._turned_ms[key, which] = at_ms
        if len(self._turned_ms) > 2 * self._most:
            del self._turned_ms[next(iter(self._turned_ms))]

    def _has_room(self) -> bool:
        has_room = self._standing < self._most
        self.refused += not has_room
        return has_room

    def _hold(self, key: Hashable, lanes: int, is_bad: bool) -> None:
        """In place; behind all others if it was bad now, so that the first was bad least recently."""
        if is_bad or not lanes:
            self.held.pop(key, None)
        if lanes:
            self.held[key] = lanes
            if len(self.held) - self._standing > self._most:
                self._drop_one()

    def _drop_one(self) -> None:
        """The first that is ok; there is one, as more are held than stand."""
        while True:
            key = next(iter(self.held))
            lanes = self.held.pop(key)
            if not lanes & self._stand_bits:
                return
            self.held[key] = lanes
