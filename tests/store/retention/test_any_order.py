"""Over the cap the oldest goes first, in whatever order rows arrived, and it is known what is left."""

from __future__ import annotations

import random
from collections.abc import Callable

import msgspec
import pytest

from collector.answers.kept import Kept, kept
from collector.records.run import Run
from collector.sections import Retention
from collector.store.retention import arrived, names, rows, shrink
from collector.store.retention.sizes import LOG_SHARE, sizes
from collector.units import Size
from tests.store.retention.aged import DAY, NOW_MS, Aged

FAR = 1 << 60
HOUR = 3_600_000
TABLES = {"skill": "skill_metrics", "run": "workload_runs"}
Order = Callable[[list[int], random.Random], object]
ORDERS: dict[str, Order] = {
    "oldest first": lambda moments, _: moments.sort(),
    "newest first": lambda moments, _: moments.sort(reverse=True),
    "in no order": lambda moments, chance: chance.shuffle(moments),
    "two exports": lambda moments, _: moments.sort(key=lambda moment: (moment % 2, -moment)),
}


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of 100 row numbers, so that there are many."""
    for module in (rows, arrived):
        monkeypatch.setattr(module, "LOOK", 100)


def arrive(aged: Aged, chance: random.Random, order: str, count: int = 1_200, days: int = 30) -> int:
    """Skills and runs of some days, all rolled up; some of the last hour and of a clock that was wrong.

    The bytes that they take.
    """
    empty = sizes(aged.made.conn, aged.made.path).used
    moments = [NOW_MS - round(chance.random() ** 2 * days * DAY) for _ in range(count)]
    moments += [NOW_MS - chance.randrange(HOUR) for _ in range(50)] + [NOW_MS + DAY]
    ORDERS[order](moments, chance)
    aged.skills(*moments)
    aged.made.add(*(Run.record(workload="w", timestamp=moment, wall_ms=1.0) for moment in moments[::4]))
    aged.rolled(skill=FAR, run=FAR)
    aged.made.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return sizes(aged.made.conn, aged.made.path).used - empty


def cap(aged: Aged, less: float) -> None:
    """So many bytes have to go."""
    room = (sizes(aged.made.conn, aged.made.path).used - less) / 0.95
    aged.keeper.retention = msgspec.structs.replace(Retention(), cap=Size(round(room / (1 - LOG_SHARE))))


def stored(aged: Aged) -> set[tuple[str, int, int]]:
    """Kind, number and moment of all that is there."""
    return {
        (kind, *row) for kind, table in TABLES.items()
        for row in aged.rows(f"SELECT rowid, timestamp FROM {table}")
    }  # fmt: skip


def told(aged: Aged) -> Kept:
    """What the answer says."""
    with aged.made.reader() as reader:
        return kept(reader, aged.keeper.retention, NOW_MS)


@pytest.mark.parametrize(("seed", "order"), list(enumerate(ORDERS)))
def test_nothing_is_left_that_is_older_than_what_went(aged: Aged, seed: int, order: str) -> None:
    """But for the hour in which it fitted; also after a round that was cut short, and a second cap."""
    chance = random.Random(seed)
    filled = arrive(aged, chance, order)
    before = stored(aged)
    cap(aged, chance.uniform(0.2, 0.5) * filled)
    for _ in range(chance.randrange(60)):
        if (turn := aged.keeper.turn(aged.now)) is not None:
            turn.step(aged.made.conn)
    retention = aged.keeper.retention
    aged.restart(retention)
    aged.round()
    left = stored(aged)
    gone = before - left
    newest_gone = max(moment for _, _, moment in gone)
    assert newest_gone // HOUR <= min(moment for _, _, moment in left) // HOUR
    assert newest_gone < NOW_MS - HOUR
    assert sizes(aged.made.conn, aged.made.path).total <= retention.cap


@pytest.mark.parametrize("order", ORDERS)
def test_it_is_told_from_when_on_all_is_there(aged: Aged, order: str) -> None:
    """By the hour in which it fitted, not by whatever went last."""
    cap(aged, 0.3 * arrive(aged, random.Random(3), order))
    aged.round()
    oldest_ms = min(moment for _, _, moment in stored(aged))
    for family in told(aged).families:
        if family.name in ("runs", "reported"):
            assert family.cut_ms is not None
            assert -HOUR <= oldest_ms - family.cut_ms <= DAY


def test_hours_stay_while_older_rows_can_go(aged: Aged) -> None:
    """Though more than a page of the first rows is of the last hour."""
    aged.skills(*[NOW_MS] * 1_000)
    filled = arrive(aged, random.Random(4), "newest first")
    aged.store(
        "INSERT INTO rollups (series_id, tier_s, timestamp, count, sum) VALUES (1, 3600, ?, 1, 1)",
        [(NOW_MS - n * HOUR,) for n in range(600)],
    )
    cap(aged, 0.3 * filled)
    aged.round()
    assert aged.rows("SELECT count(*) FROM rollups") == [(600,)]
    assert aged.rows("SELECT count(*) FROM skill_metrics WHERE timestamp = ?", NOW_MS) == [(1_000,)]


def test_no_more_goes_than_has_to(aged: Aged) -> None:
    """Pages in use come to lie just below what is aimed at, when what goes lay together."""
    cap(aged, 0.2 * arrive(aged, random.Random(5), "newest first"))
    room = aged.keeper.retention.cap * (1 - LOG_SHARE)
    aged.round()
    assert 0.92 * room < sizes(aged.made.conn, aged.made.path).used <= 0.95 * room


def test_pages_are_given_back_meanwhile(aged: Aged, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that it is under the cap soon, not only when all rows that go have gone."""
    monkeypatch.setattr(shrink, "MANY_PAGES", 10)
    cap(aged, 0.8 * arrive(aged, random.Random(6), "newest first", 2_000))
    done = [name for name, _ in aged.round() if name in ("retention.records", "retention.shrink")]
    assert done.index("retention.shrink") < len(done) // 2
    assert done[-1] == "retention.shrink"
    assert aged.made.path.stat().st_size <= aged.keeper.retention.cap


def test_no_row_goes_for_a_log_that_a_reader_holds(aged: Aged) -> None:
    """It cannot be shortened; that it is over the cap is told, and no longer when the reader has gone."""
    cap(aged, -0.1 * arrive(aged, random.Random(7), "newest first"))
    before = stored(aged)
    with aged.made.reader() as reader:
        reader.execute_sql("BEGIN")
        reader.execute_sql("SELECT count(*) FROM alerts").fetchall()
        aged.made.conn.execute("PRAGMA wal_autocheckpoint = 0")
        for _ in range(4):
            aged.made.conn.execute("UPDATE skill_metrics SET tokens_in = tokens_in + 1")
        assert told(aged).over_since_ms is None
        aged.round()
        assert told(aged).over_since_ms == NOW_MS
        reader.execute_sql("ROLLBACK")
    aged.later(300)
    aged.round()
    assert told(aged).over_since_ms is None
    assert aged.position(names.OVER) == 0
    assert stored(aged) == before
