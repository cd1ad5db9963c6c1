"""The outermost row that can be read, where one end of a table is damaged, or both."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from collector.store.recovery.spans import LAST

# New rows get the number after the last one; the oldest are deleted. So no two neighbours are so far apart.
WIDEST_GAP = 10**9

# The first number from one on, itself included, downwards or not; and whether that could be read.
Next = Callable[[int, bool], tuple[int | None, bool]]


def outermost(next_: Next, moments: Iterable[int], *, top: bool) -> int | None:
    """The first number of the outermost key that can be read, looked for from the end inwards."""
    found, is_sound = next_(LAST if top else -1, top)
    if is_sound:
        return found
    bad = LAST if top else -1
    for good in _guesses(moments, top=top):
        found, is_sound = next_(good, top)
        if is_sound:
            found = _edge(next_, good, bad, found, top=top)
            return found if found is None else _beyond(next_, found, top=top)
        bad = good
    return None


def believable(next_: Next, last: int | None) -> int | None:
    """The largest number of a table whose rows are counted, where ``last`` is the outermost that can be read.

    One that is far above all others is damaged: new rows would get numbers behind it.
    """
    while last is not None:
        before, _ = next_(last - 1, True)
        if before is None or last - before <= WIDEST_GAP:
            break
        last = before
    return last


def _edge(next_: Next, good: int, bad: int, found: int | None, *, top: bool) -> int | None:
    """The outermost between a number from which rows can be read and one from which they cannot."""
    while abs(bad - good) > 1:
        middle = (bad + good) // 2
        number, is_sound = next_(middle, top)
        if is_sound:
            good, found = middle, found if number is None else number
        else:
            bad = middle
    return found


def _beyond(next_: Next, found: int, *, top: bool) -> int:
    """Rows may lie behind a damaged page at the end too; they are looked for ever further out."""
    step, sign = 1, 1 if top else -1
    while step < LAST - abs(found):
        number, is_sound = next_(found + sign * step, not top)
        if is_sound and number is None:
            break
        if is_sound and number is not None:
            bad = min(max(number + sign * (step + 64) * 64, -1), LAST)
            outer = _edge(next_, number, bad, number, top=top)
            found, step = number if outer is None else outer, max(step, 64)
        step += step // 4 + 1
    return found


def _guesses(moments: Iterable[int], *, top: bool) -> list[int]:
    """Numbers from one end to the other, two to each doubling, and moments at which there may be rows."""
    numbers = {(1 << power) * half // 2 for power in range(53) for half in (2, 3)}
    return sorted(numbers.union(moments), reverse=top)
