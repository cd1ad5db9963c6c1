"""Whatever comes in whatever order: nothing young goes, nothing old stays, and summaries tell the truth."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import Any

import pytest

from collector.answers import summary as summaries
from collector.answers.cached import Noted
from collector.answers.summary import summary
from collector.orm import peewee
from collector.sqlite import sqlite3
from collector.store import cache, progress, stretches
from collector.store.database import transaction
from collector.store.retention import rows
from collector.store.topics import TOPICS, Topic
from tests.answers.made import Made
from tests.store.retention.aged import DAY, SHORT, Aged

SKILLS = TOPICS["skills"]
AGE_MS = round(SHORT.reported * 1000)
_CRASH = """
    CREATE TEMP TRIGGER crash BEFORE DELETE ON skill_metrics WHEN old.id % 40 = {}
    BEGIN SELECT RAISE(ABORT, 'crash'); END
"""


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stretches of 32 rows, digests from 60 rows on, pages of 50."""
    monkeypatch.setattr(summaries, "EXACT_ROWS", 60)
    monkeypatch.setattr(stretches, "ROWS", 32)
    monkeypatch.setattr(rows, "LOOK", 50)
    monkeypatch.setattr("collector.store.retention.aged.LOOK", 50)


def by_hand(aged: Aged, topic: Topic = SKILLS) -> dict[str, Any]:
    """Count, sum, least and most by key, worked out of the rows."""
    return {
        key: (count, pytest.approx(total / count), low, high)
        for key, count, total, low, high in aged.rows(
            f"SELECT skill_id, count(*), sum(execution_ms), min(execution_ms), max(execution_ms)"
            f" FROM {topic.table} GROUP BY skill_id"
        )
    }


def told(reader: peewee.SqliteDatabase, noted: Noted) -> dict[str, Any]:
    """The same as the summary has it."""
    return {
        row["skill_id"]: (row["count"], row["avg_ms"], row["min_ms"], row["max_ms"])
        for row in summary(reader, SKILLS, noted=noted)
    }


def keep(made: Made, noted: Noted) -> None:
    """What the writer does with what an answer tells of."""
    with transaction(made.conn):
        cache.remember(noted.made, noted.hits, made.now_ms)(made.conn)


class Mix:
    """One run of many; it knows of each row when it was and whether it was rolled up when it went."""

    def __init__(self, aged: Aged, chance: random.Random) -> None:
        self.aged, self.chance = aged, chance
        self.late_answers: list[Noted] = []

    def arrive(self) -> None:
        """Some rows, most of now, some of long ago or of a wrong clock."""
        now_ms = self.aged.now.wall_ms
        ages = self.chance.choices((0, 1, 5, 30, -400), (80, 8, 4, 4, 4), k=self.chance.randrange(120))
        self.aged.skills(*(now_ms - round(age * DAY) for age in ages))

    def roll(self) -> None:
        """The rollups come nearer to the end."""
        ((last,),) = self.aged.rows("SELECT coalesce(max(id), 0) FROM skill_metrics")
        self.aged.rolled(skill=self.chance.randint(self.position(), last))

    def position(self) -> int:
        """Up to which row number they have come."""
        return progress.position(self.aged.made.conn, progress.rolled_up("skill")) or 0

    def turn(self) -> None:
        """Some turns; one may be interrupted in the middle and undone. What went was old and rolled up."""
        conn = self.aged.made.conn
        for _ in range(self.chance.randrange(40)):
            turn = self.aged.keeper.turn(self.aged.now)
            if turn is None:
                return
            rolled_up, before = (
                self.position(),
                dict(self.aged.rows("SELECT id, timestamp FROM skill_metrics")),
            )
            if self.chance.random() < 0.2:
                conn.execute(_CRASH.format(self.chance.randrange(1, 40)))
            with suppress(sqlite3.IntegrityError):
                turn.step(conn)
            conn.execute("DROP TRIGGER IF EXISTS crash")
            assert not conn.in_transaction
            after = dict(self.aged.rows("SELECT id, timestamp FROM skill_metrics"))
            gone = {number: before[number] for number in before.keys() - after.keys()}
            assert len(gone) <= 1_000
            for number, moment in gone.items():
                assert number <= rolled_up
                assert moment < self.aged.now.wall_ms - AGE_MS

    def ask(self, reader: peewee.SqliteDatabase) -> None:
        """A summary; what it made is kept now, later or never."""
        noted = Noted()
        assert told(reader, noted) == by_hand(self.aged)
        if self.chance.random() < 0.5:
            keep(self.aged.made, noted)
        else:
            self.late_answers.append(noted)

    def keep_late(self) -> None:
        """An answer of a while ago tells of its digests only now."""
        if self.late_answers:
            keep(self.aged.made, self.late_answers.pop(self.chance.randrange(len(self.late_answers))))


@pytest.mark.parametrize("seed", range(3))
def test_any_mix_of_arrivals_turns_and_crashes(aged: Aged, seed: int) -> None:
    """At the end, once all is rolled up, what is left is young; of what came late, but for a day."""
    chance = random.Random(seed)
    mix = Mix(aged, chance)
    with aged.made.reader() as reader:
        for _ in range(30):
            what = chance.choice((mix.arrive, mix.arrive, mix.roll, mix.turn, mix.turn, mix.keep_late))
            what()
            mix.ask(reader)
            aged.later(chance.choice((60, 3_600, 20_000)))
            if chance.random() < 0.05:
                aged.restart()
        left = aged.moments("skill_metrics")
        aged.rolled(skill=1 << 60)
        aged.run_for(26)
        young_ms = aged.now.wall_ms - AGE_MS
        kept = aged.moments("skill_metrics")
        assert [moment for moment in kept if moment >= young_ms] == [ms for ms in left if ms >= young_ms]
        assert min(kept) >= young_ms - DAY
        mix.ask(reader)


def test_deletes_at_the_bottom_leave_other_digests_alone(aged: Aged) -> None:
    """An answer after them takes all but the partial stretch from what was kept."""
    now_ms = aged.now.wall_ms
    aged.skills(*[now_ms - 9 * DAY] * 40, *[now_ms] * 300)
    aged.rolled(skill=1 << 60)
    first, second = Noted(), Noted()
    with aged.made.reader() as reader:
        told(reader, first)
        keep(aged.made, first)
        aged.round()
        assert len(aged.moments("skill_metrics")) == 300
        assert told(reader, second) == by_hand(aged)
        stored = aged.rows("SELECT cache_key FROM query_cache WHERE cache_key LIKE 'summary%'")
    # Row numbers 41 to 340: of the stretches 0 to 9 the first two went, and what was made of the first four.
    assert (len(second.hits), len(second.made)) == (5, 0)
    names = sorted(key.split(" stretch ")[1] for (key,) in stored)
    assert names == [*(f"0-{n:08d} after 0 changes" for n in range(2, 10)), "1-00000001 after 0 changes"]
