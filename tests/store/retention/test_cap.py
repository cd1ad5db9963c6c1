"""What does not fit goes, the least dear first, and the file becomes smaller."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from collector.sections import Retention
from collector.store.database import open_writer, raw
from collector.store.retention import names
from collector.store.retention.dose import Dose
from collector.store.retention.shrink import surplus
from collector.store.retention.sizes import LOG_SHARE, aside, sizes
from collector.units import Size
from tests.store.retention.aged import DAY, NOW_MS, Aged

FAR = 1 << 60
HOUR = 3_600_000
Events = Callable[[], list[dict[str, Any]]]


def fill(aged: Aged) -> list[int]:
    """Some of everything in the last day; the bytes of what goes first, second, third and last."""
    begin = NOW_MS - 9 * DAY // 10
    parts = (
        lambda: aged.cpu(*range(begin, NOW_MS, (NOW_MS - begin) // 6_000)),
        lambda: rollups(aged, 300, begin),
        lambda: aged.skills(*range(begin, NOW_MS, (NOW_MS - begin) // 3_000)),
        lambda: rollups(aged, 3600, begin),
        lambda: alerts(aged),
    )
    used = [sizes(aged.made.conn, aged.made.path).used]
    for part in parts:
        part()
        used.append(sizes(aged.made.conn, aged.made.path).used)
    aged.rolled(cpu=FAR, skill=FAR)
    aged.made.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return [after - before for before, after in itertools.pairwise(used)][:4]


def rollups(aged: Aged, tier_s: int, begin: int) -> None:
    """Stretches of eight series."""
    every = range(begin, NOW_MS, (NOW_MS - begin) // 400)
    aged.store(
        "INSERT INTO rollups (series_id, tier_s, timestamp, count, sum, sketch)"
        " VALUES (?, ?, ?, 1, 1, zeroblob(60))",
        [(series, tier_s, moment) for moment in every for series in range(8)],
    )


def alerts(aged: Aged) -> None:
    """Some changes of state, long ago."""
    aged.store(
        "INSERT INTO alerts (timestamp, subject_kind, subject, concern, from_state, to_state)"
        " VALUES (?, 'workload', 'w', 'slow', 'ok', 'slow')",
        [(n,) for n in range(200)],
    )


def capped(aged: Aged, share: float) -> int:
    """Set the cap so that its room for pages is a share of what is used; returns that room."""
    room = round(sizes(aged.made.conn, aged.made.path).used * share)
    aged.keeper.retention = msgspec.structs.replace(Retention(), cap=Size(round(room / (1 - LOG_SHARE))))
    return room


def left(aged: Aged) -> list[int]:
    """How many rows there are of what goes first, second, third and last; and of what stays."""
    return [
        aged.rows(f"SELECT count(*) FROM {what}")[0][0]
        for what in ("cpu_samples", "rollups WHERE tier_s = 300", "skill_metrics",
                     "rollups WHERE tier_s = 3600", "alerts")
    ]  # fmt: skip


@pytest.mark.parametrize("touched", [1, 2, 3, 4])
def test_the_least_dear_goes_first(aged: Aged, touched: int) -> None:
    """The next only when all of it but the last hour is gone; what stays for ever stays."""
    parts, before = fill(aged), left(aged)
    whole = sizes(aged.made.conn, aged.made.path).used
    fits = whole - 0.94 * sum(parts[: touched - 1]) - 0.5 * parts[touched - 1]
    capped(aged, fits / 0.95 / whole)
    aged.round()
    after = left(aged)
    assert [now < then for now, then in zip(after, before, strict=True)] == [n < touched for n in range(5)]
    assert sizes(aged.made.conn, aged.made.path).total <= aged.keeper.retention.cap
    oldest_ms = min(aged.moments("cpu_samples"))
    assert (NOW_MS - oldest_ms <= HOUR) == (touched > 1)
    assert max(gone or 0 for name, gone in aged.steps if name != "retention.shrink") <= 1_000


def test_it_does_not_flap(aged: Aged) -> None:
    """It goes on to 95 %; then there is room for a while."""
    fill(aged)
    room = capped(aged, 0.8)
    aged.round()
    used = sizes(aged.made.conn, aged.made.path).used
    assert 0.85 * room < used <= 0.95 * room
    aged.cpu(*range(NOW_MS + 1, NOW_MS + 200))
    assert {gone for name, gone in aged.round() if name == "retention.samples"} == set()
    assert aged.position(names.capped("cpu")) == min(aged.moments("cpu_samples")) - 9 * DAY // 10 // 6_000


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
    """It is told once, with what to do, and once that all fits again; the cap holds for what is not beside."""
    fill(aged)
    capped(aged, 1.5)
    before = left(aged)
    aside_file = aged.made.path.with_name("c.db.corrupt-1")
    aside_file.write_bytes(b"x" * 30_000_000)
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


def test_the_file_becomes_smaller(aged: Aged) -> None:
    """By what stat() says, in bounded steps; some free pages stay for the next rows."""
    fill(aged)
    full = aged.made.path.stat().st_size
    aged.later(10 * 86_400)
    aged.run_for(26)
    assert aged.made.path.stat().st_size < full / 2
    assert aged.made.conn.execute("PRAGMA freelist_count").fetchone()[0] < 20
    assert aged.made.conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    steps = [gone for name, gone in aged.steps if name == "retention.shrink"]
    assert (len(steps) > 1, steps[0]) == (True, 20)


def test_a_reader_at_work_is_not_waited_for(aged: Aged) -> None:
    """The file is cut the next time."""
    fill(aged)
    full = aged.made.path.stat().st_size
    aged.later(10 * 86_400)
    with aged.made.reader() as reader:
        reader.execute_sql("BEGIN")
        reader.execute_sql("SELECT count(*) FROM alerts").fetchall()
        aged.run_for(26)
        assert aged.made.path.stat().st_size == full
        reader.execute_sql("ROLLBACK")
    aged.cpu(*range(NOW_MS, NOW_MS + 9_000))
    aged.round()
    assert aged.made.path.stat().st_size < full


def test_a_file_that_cannot_shrink_is_told_once(tmp_path: Path, aged: Aged, events: Events) -> None:
    """With what to do; rows go all the same, and their pages are used again."""
    fill(aged)
    path = tmp_path / "rigid.db"
    aged.made.conn.execute("PRAGMA auto_vacuum = 0")
    aged.made.conn.execute("VACUUM INTO ?", (str(path),))
    database = open_writer(path)
    aged.made.conn, aged.made.path, kept = raw(database), path, aged.made.conn
    aged.restart()
    for _ in range(2):
        aged.later(10 * 86_400)
        aged.run_for(26)
    told = [event for event in events() if event["event"] == "retention.cannot_shrink"]
    assert [("VACUUM" in event["hint"]) for event in told] == [True]
    assert aged.moments("cpu_samples") == []
    database.close()
    aged.made.conn = kept


def test_few_free_pages_are_kept(aged: Aged) -> None:
    """They are used again; over the cap each of them goes."""
    fill(aged)
    conn = aged.made.conn
    pages = conn.execute("PRAGMA page_count").fetchone()[0]
    conn.execute("DELETE FROM alerts")
    free = conn.execute("PRAGMA freelist_count").fetchone()[0]
    assert 0 < free < 0.05 * pages
    assert (surplus(conn), surplus(conn, to_the_last=True)) == (0, free)


def test_a_dose_follows_what_steps_took() -> None:
    """At once when it was too long, slowly when short; one that was not used up tells nothing."""
    dose = Dose(50, 1_000, 15.0)
    assert dose.count == 100
    dose.took(0.1, 3)
    assert dose.count == 100
    dose.took(5.0, 100)
    assert dose.count == 150
    dose.took(30.0, 150)
    assert dose.count == 75
    dose.took(1_000.0, 75)
    assert dose.count == 50
    chance = random.Random(1)
    for _ in range(100):
        dose.took(chance.uniform(0, 20), dose.count)
    assert 50 <= dose.count <= 1_000
