"""The file becomes smaller, in steps that follow what they take."""

from __future__ import annotations

import random
from pathlib import Path

from collector.store.database import open_writer, raw
from collector.store.retention.dose import Dose
from collector.store.retention.shrink import surplus
from tests.store.retention.aged import NOW_MS, Aged
from tests.store.retention.filled import Events, fill


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
