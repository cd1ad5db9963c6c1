"""What does not fit goes, the least dear first and the oldest of it."""

from __future__ import annotations

import os

import pytest

from collector.store.retention import names
from collector.store.retention.sizes import aside, sizes
from tests.store.retention.aged import DAY, NOW_MS, Aged
from tests.store.retention.filled import HOUR, Events, capped, fill, left


@pytest.mark.parametrize("touched", [1, 2, 3, 4])
def test_the_least_dear_goes_first(aged: Aged, touched: int) -> None:
    """The next only when all of it but the last hour is gone; what stays for ever stays."""
    parts, before = fill(aged), left(aged)
    whole = sizes(aged.made.conn, aged.made.path).used
    fits = whole - 0.94 * sum(parts[: touched - 1]) - 0.7 * parts[touched - 1]
    capped(aged, fits / 0.95 / whole)
    aged.round()
    after = left(aged)
    assert [now < then for now, then in zip(after, before, strict=True)] == [n < touched for n in range(5)]
    assert sizes(aged.made.conn, aged.made.path).total <= aged.keeper.retention.cap
    oldest_ms = min(aged.moments("cpu_samples"))
    assert (NOW_MS - oldest_ms <= HOUR) == (touched > 1)
    assert max(gone or 0 for name, gone in aged.steps if name != "retention.shrink") <= 1_000


@pytest.mark.parametrize("share", [0.9, 0.1])
def test_days_of_a_single_reported_value_go_last(aged: Aged, share: float) -> None:
    """The oldest first; days of the machine, of no key and of more than one value stay, fit or not."""
    keys = [("skill", f'["{n}"]', 1) for n in range(100)]
    stay = [("cpu", '["a"]', 1), ("skill", "[]", 1), ("skill", '["b"]', 2)]
    aged.store(
        'INSERT INTO series (subject, "column", "key") VALUES (?, \'x\', ?)', [s[:2] for s in keys + stay]
    )
    days = [NOW_MS // DAY * DAY - n * DAY for n in range(2, 62)]
    aged.store(
        "INSERT INTO rollups (series_id, tier_s, timestamp, count, sum) VALUES (?, 86400, ?, ?, 1)",
        [(n, day, count) for day in days for n, (_, _, count) in enumerate(keys + stay, 1)],
    )
    aged.made.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    capped(aged, share)
    aged.round()
    sql = "SELECT {}(timestamp) FROM rollups WHERE series_id {} 100"
    ((oldest_ms,),) = aged.rows(sql.format("min", "<="))
    assert aged.rows(sql.format("count", ">")) == [(180,)]
    if share == 0.9:
        assert days[-1] < oldest_ms < days[5]
        assert sizes(aged.made.conn, aged.made.path).total <= aged.keeper.retention.cap
        assert 0 <= aged.position(names.capped(names.tier(86_400))) - oldest_ms <= DAY
    else:
        assert oldest_ms is None
        assert aged.position(names.OVER) == NOW_MS


def test_it_does_not_flap(aged: Aged) -> None:
    """It goes on to 95 %; then there is room for a while."""
    fill(aged)
    room = capped(aged, 0.8)
    aged.round()
    used = sizes(aged.made.conn, aged.made.path).used
    assert 0.85 * room < used <= 0.95 * room
    aged.cpu(*range(NOW_MS + 1, NOW_MS + 200))
    assert {gone for name, gone in aged.round() if name == "retention.samples"} == set()
    assert aged.position(names.capped("cpu")) == min(aged.moments("cpu_samples")) - 9 * DAY // 10 // 5_000


def test_what_was_set_aside_counts(aged: Aged) -> None:
    """As long as what has to go for it is enough; a user's own copies are none of ours."""
    fill(aged)
    capped(aged, 2)
    for name in ("c.db.bak", "c.db.2023-01-01", "other.db.corrupt-1"):
        aged.made.path.with_name(name).write_bytes(b"x" * 5_000_000)
    before = left(aged)
    aged.round()
    assert (aside(aged.made.path), left(aged)) == (0, before)
    aged.made.path.with_name("c.db.corrupt-1").write_bytes(bytes(int(0.5 * aged.keeper.retention.cap)))
    aged.round()
    assert [now < then for now, then in zip(left(aged), before, strict=True)][0::4] == [True, False]
    assert sizes(aged.made.conn, aged.made.path).total <= aged.keeper.retention.cap


def test_nothing_goes_for_what_can_never_fit(aged: Aged, events: Events) -> None:
    """It is told once, with what to do, and once that all fits again; the cap holds for all else."""
    fill(aged)
    capped(aged, 1.5)
    before = left(aged)
    aside_file = aged.made.path.with_name("c.db.corrupt-1")
    aside_file.touch()
    os.truncate(aside_file, 30_000_000)
    aged.round()
    aged.round()
    assert left(aged) == before
    over = [event for event in events() if event["event"] == "retention.over_cap"]
    assert [event["aside"] for event in over] == [30_000_000]
    assert f"move away {aged.made.path}.corrupt-*" in over[0]["hint"]
    capped(aged, 0.9)
    aged.round()
    assert 0 < left(aged)[0] < before[0]
    aside_file.unlink()
    aged.round()
    assert [event["event"] for event in events()][-1] == "retention.under_cap"


def test_what_is_not_rolled_up_stays_even_over_the_cap(aged: Aged) -> None:
    """The position bounds what the cap takes too."""
    fill(aged)
    aged.rolled(cpu=NOW_MS - DAY // 2, skill=7)
    capped(aged, 0.1)
    aged.round()
    assert min(aged.moments("cpu_samples")) > NOW_MS - DAY // 2
    assert aged.rows("SELECT min(id) FROM skill_metrics") == [(8,)]


def test_a_long_log_is_shortened_before_rows_go_for_it(aged: Aged) -> None:
    """It counts, and can be had for nothing."""
    fill(aged)
    capped(aged, 1.2)
    before = left(aged)
    aged.made.conn.execute("PRAGMA wal_autocheckpoint = 0")
    for _ in range(9):
        aged.made.conn.execute("UPDATE cpu_samples SET busy_percent = busy_percent + 1")
    assert sizes(aged.made.conn, aged.made.path).total > aged.keeper.retention.cap
    aged.round()
    assert left(aged) == before
