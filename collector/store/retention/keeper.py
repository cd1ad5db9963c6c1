"""Retention as the daemon runs it: one turn after the other until a round is over."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from collector.log import get_logger
from collector.store.database import transaction
from collector.store.progress import move, position
from collector.store.retention import names, shrink, wal
from collector.store.retention.aged import Numbered, Samples, Sweep
from collector.store.retention.cap import LOW_SHARE, over_hint, stages
from collector.store.retention.dose import Dose
from collector.store.retention.fitting import Fitting
from collector.store.retention.rules import Rule, rules
from collector.store.retention.sizes import Sizes, is_crowded, log_room, pages, sizes
from collector.store.retention.tiers import AGES, Tier
from collector.store.retention.trusted import Trust

if TYPE_CHECKING:
    from pathlib import Path

    from collector.clock import Instant
    from collector.sections import Retention
    from collector.sqlite import sqlite3
    from collector.store.retention.aged import Walk

log = get_logger("retention")

MOST_ROWS, FEWEST_ROWS, AIM_MS = 1_000, 50, 15.0
MOST_PAGES, FEWEST_PAGES, AIM_PAGES_MS = 2_000, 10, 8.0
# After so many rows or pages a checkpoint: the fewer, the longer the last ones took. What rows leave in
# the log differs by far, from some dozens on a page to ten pages for one that has many indexes.
MOST_MOVED, FEWEST_MOVED, AIM_MOVED_MS = 1_000, 250, 25.0


class Turn(NamedTuple):
    """A step for the writer, to be asked for without a transaction: it makes its own, and times it whole."""

    name: str
    step: Callable[[sqlite3.Connection], object]


class Keeper:
    """Keeps the file at ``path`` as ``retention`` says, which may be set anew at any time.

    Whoever calls `turn` has the writer do each step, one after the other, and pauses when there is none.
    A step that failed is asked for again by the next turn.
    """

    def __init__(self, path: Path, retention: Retention) -> None:
        self.retention = retention
        self._path = path
        self._fitting = Fitting(path)
        self._trust = Trust()
        self._doses: dict[str, Dose] = {}
        self._pages = Dose(FEWEST_PAGES, MOST_PAGES, AIM_PAGES_MS)
        self._round: Iterator[Turn] | None = None
        self._gone: Counter[str] = Counter()
        self._moved: dict[str, Dose] = {}
        self._unmoved = 0.0  # as a share of what makes a checkpoint
        self._was_over = False
        self._can_shrink: bool | None = None
        self._now_ms: int | None = None
        self._sizes: Sizes | None = None
        self._surplus: int | None = None
        self._free = 0

    def turn(self, now: Instant) -> Turn | None:
        """What is to be done next; None at the end of a round, after which the next one begins."""
        if self._round is None:
            self._round = self._turns(now)
        turn = next(self._round, None)
        if turn is None:
            self._round = None
            self._tell()
        return turn

    def _turns(self, now: Instant) -> Iterator[Turn]:
        self._now_ms = None
        while (now_ms := self._now_ms) is None:
            yield Turn("retention.clock", lambda conn: self._look(conn, now))
        found = rules()
        for walk in self._aged(found, now_ms):
            yield from self._walk(walk)
        yield from self._fitted(found, now, now_ms)
        yield from self._shrunk()
        if self._is_over():
            yield from self._cut()
        yield from self._noted(now)
        self._judge()

    def _look(self, conn: sqlite3.Connection, now: Instant) -> None:
        with transaction(conn):
            now_ms = self._trust.look(conn, now)
        self._now_ms = now_ms

    def _aged(self, found: list[Rule], now_ms: int) -> Iterator[Walk]:
        for rule in found:
            before_ms = now_ms - rule.age_ms(self.retention)
            if rule.is_numbered:
                yield Numbered(rule, before_ms, now_ms)
                yield Sweep(rule, before_ms, now_ms)
            else:
                yield Samples(rule, before_ms, now_ms)
        for seconds, key in AGES.items():
            yield Tier(seconds, now_ms - round(getattr(self.retention, key) * 1000), now_ms)

    def _walk(self, walk: Walk) -> Iterator[Turn]:
        """All steps of a walk; the fewer rows each, the longer the last ones took."""
        dose = self._doses.setdefault(walk.name, Dose(FEWEST_ROWS, MOST_ROWS, AIM_MS))

        def step(conn: sqlite3.Connection) -> int:
            began = time.perf_counter()
            with wal.without_checkpoints(conn), transaction(conn):
                gone = walk.step(conn, self._fitting.rows(dose.count))
            dose.took((time.perf_counter() - began) * 1000, gone)
            self._gone[walk.name] += gone
            return gone

        while not walk.done:
            yield from self._with_checkpoints(f"retention.{walk.name}", step)

    def _with_checkpoints(self, name: str, step: Callable[[sqlite3.Connection], int]) -> Iterator[Turn]:
        """One step, and after some that changed enough a checkpoint."""
        dose = self._moved.setdefault(name, Dose(FEWEST_MOVED, MOST_MOVED, AIM_MOVED_MS))

        def counted(conn: sqlite3.Connection) -> int:
            gone = step(conn)
            self._unmoved += gone / self._fitting.rows(dose.count)
            return gone

        def checkpoint(conn: sqlite3.Connection) -> None:
            began = time.perf_counter()
            wal.checkpoint(conn)
            dose.took((time.perf_counter() - began) * 1000, dose.count)

        yield Turn(name, counted)
        if self._unmoved >= 1:
            self._unmoved = 0.0
            yield Turn("retention.checkpoint", checkpoint)

    def _fitted(self, found: list[Rule], now: Instant, now_ms: int) -> Iterator[Turn]:
        """What goes until all files together fit under the cap."""
        yield from self._measured()
        if self._is_over():
            yield from self._cut()  # what the log holds costs no row
        yield from self._noted(now)
        if self._bytes_over(1.0):
            for walk in stages(found, now_ms, self._missing):
                yield from self._emptied(walk)

    def _emptied(self, walk: Walk) -> Iterator[Turn]:
        """All steps of a walk; over the cap, the pages that it frees are given back meanwhile."""
        for turn in self._walk(walk):
            yield turn
            many = self._fitting.pages(shrink.MANY_PAGES)
            if self._is_over() and self._free >= many and self._can_shrink is not False:
                self._free = 0
                yield from self._shrunk()

    def _is_over(self) -> bool:
        return self._sizes is not None and self._sizes.total > self.retention.cap

    def _bytes_over(self, share: float, free: int = 0) -> int:
        """How much pages in use, ``free`` bytes and what lies beside are more than a share of their room.

        What lies beside and could never fit does not count: all history would go for it, and in vain.
        """
        assert self._sizes is not None
        cap, aside = self.retention.cap, self._sizes.aside
        beside = 0 if is_crowded(aside, cap) else aside
        return max(self._sizes.used + free + beside - int(share * (cap - log_room(cap))), 0)

    def _missing(self, conn: sqlite3.Connection) -> int:
        """By the pages in use now; the log is no matter, which grows with what is deleted."""
        assert self._sizes is not None
        count, self._free, page_bytes = pages(conn)
        self._sizes = self._sizes._replace(used=(count - self._free) * page_bytes)
        return self._bytes_over(LOW_SHARE)

    def _cut(self) -> Iterator[Turn]:
        yield Turn("retention.checkpoint", wal.cut)
        yield from self._measured()

    def _measured(self) -> Iterator[Turn]:
        self._sizes = None
        while self._sizes is None:
            yield Turn("retention.measure", self._measure)

    def _measure(self, conn: sqlite3.Connection) -> None:
        wal.limit(conn, log_room(self.retention.cap))
        self._sizes = sizes(conn, self._path)

    def _noted(self, now: Instant) -> Iterator[Turn]:
        """Since when it does not fit, for `collector status`."""
        is_over = self._is_over()

        def note(conn: sqlite3.Connection) -> None:
            if is_over != bool(position(conn, names.OVER)):
                with transaction(conn):
                    move(conn, names.OVER, now.wall_ms if is_over else 0, now.wall_ms)

        yield Turn("retention.note", note)

    def _judge(self) -> None:
        """Tell once that it does not fit, and once that it does again."""
        assert self._sizes is not None
        is_over, cap_bytes = self._is_over(), int(self.retention.cap)
        if is_over and not self._was_over:
            hint = over_hint(self._path, self._sizes.aside, cap_bytes)
            log.warning("retention.over_cap", cap_bytes=cap_bytes, **self._sizes._asdict(), hint=hint)
        elif self._was_over and not is_over:
            log.info("retention.under_cap", cap_bytes=cap_bytes)
        self._was_over = is_over

    def _shrunk(self) -> Iterator[Turn]:
        """Free pages are given back, some a step; then the file is cut."""
        self._surplus = None
        while self._surplus is None:
            yield Turn("retention.free", self._look_for_surplus)
        if not self._surplus:
            return
        while self._surplus > 0:
            yield from self._with_checkpoints("retention.shrink", self._give_back)
        yield from self._cut()

    def _look_for_surplus(self, conn: sqlite3.Connection) -> None:
        self._measure(conn)
        assert self._sizes is not None
        is_tight = self._bytes_over(1.0, self._sizes.free) > 0
        surplus = shrink.surplus(conn, to_the_last=is_tight)
        if surplus and self._can_shrink is None:
            self._can_shrink = shrink.can_shrink(conn, self._path)
        self._surplus = surplus if self._can_shrink else 0

    def _give_back(self, conn: sqlite3.Connection) -> int:
        assert self._surplus is not None
        began = time.perf_counter()
        with wal.without_checkpoints(conn):
            gone = shrink.give_back(conn, min(self._fitting.pages(self._pages.count), self._surplus))
        self._pages.took((time.perf_counter() - began) * 1000, gone)
        self._surplus = self._surplus - gone if gone else 0
        return gone

    def _tell(self) -> None:
        if gone := {name: count for name, count in self._gone.items() if count}:
            log.info("retention.deleted", **gone)
        self._gone.clear()
