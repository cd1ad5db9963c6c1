"""The query cache in front of answers: what was dear is not made again until what it saw changes."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from collector.answers.cached import Noted, through
from collector.orm import peewee, select
from collector.records.base import KINDS
from collector.store import cache, changes
from collector.store.changes import Delete, Where
from collector.store.database import transaction
from tests.answers.made import Made
from tests.answers.reported import add

TABLES = ("skill_metrics",)
# Counts long enough that any machine takes more than 50 ms for it.
HEAVY = """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000)
    SELECT (SELECT count(*) FROM skill_metrics), max(i) FROM n
"""


class Asked:
    """Asks the same question again and again, and counts how often its answer was made."""

    def __init__(self, made: Made, reader: peewee.SqliteDatabase) -> None:
        self.made, self.reader, self.times = made, reader, 0

    def once(self, sql: str = "SELECT count(*), 0 FROM skill_metrics") -> tuple[int, Noted]:
        noted = Noted()
        (row,) = through(self.reader, "how many?", TABLES, lambda: self._make(sql), noted)
        return row["count"], noted

    def kept(self, sql: str) -> int:
        count, noted = self.once(sql)
        keep(self.made, noted)
        return count

    def _make(self, sql: str) -> list[dict[str, Any]]:
        self.times += 1
        return [{"count": count, "text": "größe"} for count, _ in select(self.reader, sql)]


def keep(made: Made, noted: Noted) -> None:
    """What the writer does with it."""
    with transaction(made.conn):
        cache.remember(noted.made, noted.hits, made.now_ms)(made.conn)


@pytest.fixture
def asked(made: Made, reader: peewee.SqliteDatabase) -> Asked:
    """Nine rows to ask about."""
    add(made, "skills", 9)
    return Asked(made, reader)


def test_a_dear_answer_is_made_once(asked: Asked) -> None:
    """The second time it comes from the cache, and that is noted as a hit."""
    count, first = asked.once(HEAVY)
    keep(asked.made, first)
    (entry,) = first.made
    assert (count, entry.tags, entry.question) == (9, TABLES, "how many?")
    assert entry.made_ms > cache.WORTH_MS
    again, second = asked.once(HEAVY)
    assert (again, asked.times, second) == (9, 1, Noted(hits=[entry.key]))


def test_a_cheap_answer_is_made_again(asked: Asked) -> None:
    """Keeping it would cost more than it saves, so nothing is noted."""
    _, noted = asked.once()
    assert not noted
    assert asked.once()[0] == 9
    assert asked.times == 2


def test_one_row_more_is_another_key(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was kept before is not asked for."""
    monkeypatch.setattr(cache, "WORTH_MS", -1.0)
    sql = "SELECT count(*), 0 FROM skill_metrics"
    assert asked.kept(sql) == 9
    add(asked.made, "skills", 1, seed=2)
    assert (asked.kept(sql), asked.times) == (10, 2)


@pytest.mark.parametrize("kept", ["before", "after"])
def test_a_deletion_is_another_key(asked: Asked, monkeypatch: pytest.MonkeyPatch, kept: str) -> None:
    """Although the first and the last row stay: also for an answer that is kept only after it."""
    monkeypatch.setattr(cache, "WORTH_MS", -1.0)
    _, noted = asked.once()
    if kept == "before":
        keep(asked.made, noted)
    with transaction(asked.made.conn):
        asked.made.conn.execute("UPDATE skill_metrics SET skill_id = 'gone' WHERE id = 5")
        step = Delete(Where(KINDS["skill"], {"skill_id": "gone"}))
        assert changes.apply([step])(asked.made.conn) == changes.Done((1,))
    if kept == "after":
        keep(asked.made, noted)
    assert (asked.once()[0], asked.times) == (8, 2)


def test_an_answer_that_a_deletion_overtook_is_not_used(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows go while it is being made: it was right for a moment that is over."""
    monkeypatch.setattr(cache, "WORTH_MS", -1.0)

    def make() -> list[dict[str, Any]]:
        thread = threading.Thread(target=delete)
        thread.start()
        thread.join()
        return [{"count": 9}]

    def delete() -> None:
        with transaction(asked.made.conn):
            changes.apply([Delete(Where(KINDS["skill"], until_ms=asked.made.now_ms - 1))])(asked.made.conn)

    noted = Noted()
    through(asked.reader, "how many?", TABLES, make, noted)
    keep(asked.made, noted)
    assert asked.once()[0] == 0


def test_an_empty_table_can_be_asked_too(reader: peewee.SqliteDatabase) -> None:
    """It has no first row."""
    assert through(reader, "how many?", TABLES, list, Noted()) == []


@pytest.mark.parametrize("text", ["no JSON", "5", "null", '{"count": 3}', "[3]", "[[]]", "[" * 5_000])
def test_what_cannot_be_read_is_made_again(asked: Asked, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Whatever stands in the cache under the name; the new answer takes its place."""
    monkeypatch.setattr(cache, "WORTH_MS", -1.0)
    sql = "SELECT count(*), 0 FROM skill_metrics"
    asked.kept(sql)
    asked.made.conn.execute("UPDATE query_cache SET cached_data = ?", (text,))
    assert (asked.kept(sql), asked.times) == (9, 2)
    assert (asked.kept(sql), asked.times) == (9, 2)
