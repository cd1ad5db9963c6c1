"""The summaries of queries and users, against the source document's own SQL; in short steps, and no hole."""

from __future__ import annotations

import random
import statistics
from pathlib import Path
from typing import Any

import pytest

from collector.sqlite import sqlite3
from tests.answers.made import DAY, MINUTE, Made
from tests.answers.reported import store
from tests.store.refreshed import NOW, SLOW, Refreshed
from tests.store.test_taskboard import SCHEMA

SINCE = NOW - 7 * DAY

# As the document has it, but for PERCENTILE_CONT, which SQLite is rarely built with.
QUERIES = """
    SELECT query_hash, COUNT(*), AVG(duration_ms), MIN(duration_ms), MAX(duration_ms),
           COUNT(DISTINCT user_id), MAX(timestamp)
    FROM operation_metrics
    WHERE metric_type = 'query' AND timestamp >= ? AND query_hash IS NOT NULL
    GROUP BY query_hash HAVING COUNT(*) > 10
"""
USERS = """
    SELECT user_id, COUNT(*), COUNT(DISTINCT session_id), COALESCE(AVG(duration_ms) FILTER
           (WHERE metric_type = 'api'), 0), MAX(timestamp)
    FROM operation_metrics WHERE timestamp >= ? AND user_id IS NOT NULL GROUP BY user_id
"""


def operations(made: Made, count: int, since_days: float = 9) -> None:
    """Random operations of the last days; some at the very edge of the window."""
    chance = random.Random(3)
    edges = [SINCE - 1, SINCE, NOW]
    store(
        made, "operation_metrics",
        [
            {
                "metric_type": chance.choice(("query", "query", "api", "cache", "frontend")),
                "metric_name": "a", "duration_ms": chance.lognormvariate(4, 2),
                "user_id": chance.choice((None, "", "ada", "bob", "größe", "~")),
                "session_id": chance.choice((None, "s1", "s2")),
                "query_hash": chance.choice((None, "", "h1", "h2", "h2", "~", "ü")),
                "timestamp": edges[n] if n < 3 else NOW - int(chance.random() * since_days * DAY),
            }
            for n in range(count)
        ],
    )  # fmt: skip


def one(query_hash: str, **columns: Any) -> dict[str, Any]:
    """One execution of a query."""
    given = {"metric_type": "query", "metric_name": "q", "duration_ms": 1.0, "timestamp": NOW - MINUTE}
    return given | {"query_hash": query_hash} | columns


def test_queries_are_summed_up_as_the_document_says(refreshed: Refreshed) -> None:
    """Seven days, more than ten executions, p95 between ranks, different users, the last execution."""
    operations(refreshed.made, 900)
    refreshed.now()
    wanted = refreshed.rows(QUERIES, SINCE)
    assert len(wanted) == 5
    for query_hash, *figures in wanted:
        values = [
            value
            for (value,) in refreshed.rows(
                "SELECT duration_ms FROM operation_metrics"
                " WHERE metric_type = 'query' AND query_hash = ? AND timestamp >= ?",
                query_hash, SINCE,
            )
        ]  # fmt: skip
        (found,) = refreshed.rows(
            "SELECT execution_count, avg_duration_ms, min_duration_ms, max_duration_ms, unique_users,"
            " last_execution, p95_duration_ms FROM query_performance_summary WHERE query_hash = ?",
            query_hash,
        )
        p95 = statistics.quantiles(values, n=100, method="inclusive")[94]
        assert found == pytest.approx((*figures, p95))
    assert refreshed.rows("SELECT count(*) FROM query_performance_summary") == [(5,)]


def test_ten_executions_are_too_few(refreshed: Refreshed) -> None:
    """Eleven are enough; those of another type or before the window do not count."""
    few = [one("ten") for _ in range(10)] + [one("ten", timestamp=SINCE - 1), one("ten", metric_type="api")]
    store(refreshed.made, "operation_metrics", few + [one("eleven") for _ in range(11)])
    assert refreshed.now()["queries"] == 1
    assert refreshed.rows("SELECT query_hash FROM query_performance_summary") == [("eleven",)]


def test_users_are_summed_up(refreshed: Refreshed) -> None:
    """Operations, sessions, mean of the api, last activity, and the share over the threshold of each type."""
    operations(refreshed.made, 600)
    assert refreshed.now()["users"] == 5
    users = refreshed.users()
    for user_id, count, sessions, api, last in refreshed.rows(USERS, SINCE):
        slow = [
            duration_ms > SLOW.thresholds[metric_type]
            for metric_type, duration_ms in refreshed.rows(
                "SELECT metric_type, duration_ms FROM operation_metrics WHERE user_id = ? AND timestamp >= ?",
                user_id, SINCE,
            )
        ]  # fmt: skip
        user = users.pop(user_id)
        assert (user["operations"], user["sessions"], user["last_activity"]) == (count, sessions, last)
        assert user["avg_response_time_ms"] == pytest.approx(api)
        assert user["slow_share"] == pytest.approx(statistics.fmean(slow))
        assert (user["email"], user["total_tasks"]) == (None, None)
    assert users == {}


def test_exactly_the_threshold_is_not_slow_yet(refreshed: Refreshed) -> None:
    """As everywhere: slow is over it."""
    rows = [one("h", user_id="ada", duration_ms=ms) for ms in (100.0, 100.1)]
    store(refreshed.made, "operation_metrics", rows)
    refreshed.now()
    assert refreshed.users()["ada"]["slow_share"] == 0.5


def test_users_of_the_taskboard_are_joined(refreshed: Refreshed, tmp_path: Path) -> None:
    """Those for whom nothing was done are there too; the last activity is the later of both."""
    board = sqlite3.connect(tmp_path / "tasks.db", isolation_level=None)
    board.executescript(SCHEMA)
    board.executescript(f"""
        INSERT INTO users VALUES ('ada', 'ada@example.org'), ('zoe', 'zoe@example.org');
        INSERT INTO projects (user_id) VALUES ('ada');
        INSERT INTO tasks (user_id, status, created_at, updated_at)
            VALUES ('ada', 'completed', {NOW - 99 * DAY}, {NOW - 1}), ('zoe', 'open', {NOW}, {NOW - 5});
    """)
    rows = [one("h", user_id=user, timestamp=NOW - MINUTE) for user in ("ada", "bob")]
    store(refreshed.made, "operation_metrics", rows)
    refreshed.now(tasks=tmp_path / "tasks.db")
    ada, bob, zoe = (refreshed.users()[name] for name in ("ada", "bob", "zoe"))
    assert (ada["email"], ada["operations"], ada["total_tasks"]) == ("ada@example.org", 1, 1)
    assert (ada["completed_tasks"], ada["recent_tasks"], ada["total_projects"]) == (1, 0, 1)
    assert (ada["last_activity"], bob["last_activity"]) == (NOW - 1, NOW - MINUTE)
    assert (bob["email"], bob["total_tasks"]) == (None, None)
    assert (zoe["operations"], zoe["recent_tasks"], zoe["last_activity"]) == (0, 1, NOW - 5)
    board.execute("DELETE FROM users WHERE id = 'zoe'")
    board.close()
    refreshed.now(tasks=tmp_path / "tasks.db")
    assert sorted(refreshed.users()) == ["ada", "bob"]


def test_without_its_file_the_rest_is_summed_up_all_the_same(refreshed: Refreshed, tmp_path: Path) -> None:
    """Only what it would have said is missing."""
    store(refreshed.made, "operation_metrics", [one("h", user_id="ada")])
    assert refreshed.now(tasks=tmp_path / "none.db")["users"] == 1


def test_what_fell_out_of_the_window_disappears(refreshed: Refreshed) -> None:
    """And comes back when it is executed again."""
    store(refreshed.made, "operation_metrics", [one("h", user_id="ada") for _ in range(11)])
    assert refreshed.now() == {"digests": 0, "queries": 1, "users": 1, "failed": 0}
    assert refreshed.now(8 * DAY) == {"digests": 0, "queries": 0, "users": 0, "failed": 0}
    assert refreshed.rows("SELECT * FROM query_performance_summary") == []
    assert refreshed.users() == {}


def test_no_step_writes_more_than_some_hundred_rows(refreshed: Refreshed) -> None:
    """Neither when a thousand users come nor when they go."""
    rows = [one("h", user_id=f"u{n}") for n in range(1_100)]
    store(refreshed.made, "operation_metrics", rows)
    refreshed.now()
    written = [count for name, count in refreshed.steps if name == "summaries.user_summary"]
    assert written == [500, 500, 100]
    refreshed.steps.clear()
    refreshed.now(8 * DAY)
    assert [count for name, count in refreshed.steps if name == "summaries.user_summary"] == [500, 500, 100]


def test_rows_are_written_as_they_are_read(refreshed: Refreshed) -> None:
    """However many there are, no more than a step's are held: those read so far are there already."""
    store(refreshed.made, "operation_metrics", [one("h", user_id=f"u{n:04}") for n in range(1_100)])
    refreshed.stop_after = 6 + 600  # some for the queries, then one a user
    refreshed.now()
    assert 600 <= len(refreshed.users()) < 1_100


def test_who_goes_between_others_disappears(refreshed: Refreshed) -> None:
    """The first, the last, and some in between, at the edge of a step too; all the others stay."""
    users = [f"u{n:04}" for n in range(1_100)]
    gone = {*users[:3], *users[499:502], users[700], *users[-2:]}
    old = [one("h", user_id=user, timestamp=NOW - 6 * DAY) for user in users]
    new = [one("h", user_id=user, timestamp=NOW) for user in users if user not in gone]
    store(refreshed.made, "operation_metrics", [*old, *new])
    refreshed.now()
    assert sorted(refreshed.users()) == users
    refreshed.now(2 * DAY)
    assert sorted(refreshed.users()) == [user for user in users if user not in gone]


def test_who_is_stopped_half_way_takes_nothing_out(refreshed: Refreshed) -> None:
    """What was not looked at yet is not gone."""
    store(refreshed.made, "operation_metrics", [one("h", user_id=f"u{n}") for n in range(20)])
    refreshed.now()
    for after in range(25):
        refreshed.stop_after = after
        refreshed.now()
        assert len(refreshed.users()) == 20
