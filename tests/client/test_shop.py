"""A real application with the hooks on: what it did is what the summaries tell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.daemon.conftest import Recorder

ROUNDS = 200


@pytest.fixture(scope="module")
def driven(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Recorder, dict[str, Any]]]:
    """A recorder, and what the shop says it did while that recorded."""
    folder = tmp_path_factory.mktemp("shop")
    with tempfile.TemporaryDirectory() as notify_folder:
        recorder = Recorder(folder, notify_folder)
        recorder.configure()
        recorder.start()
        done = subprocess.run(
            [sys.executable, "-m", "tests.client.shop", str(folder), str(ROUNDS)],
            env={**os.environ, "COLLECTOR_CONFIG": str(recorder.config)},
            cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=50, check=True,
        )  # fmt: skip
        yield recorder, json.loads(done.stdout)
        recorder.end()


def summary(recorder: Recorder, topic: str) -> list[dict[str, Any]]:
    """What ``collector summary`` says of a topic."""
    done = subprocess.run(
        [sys.executable, "-m", "collector", "summary", topic, "--json", "--config", str(recorder.config)],
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_all_that_the_application_reported_is_committed(driven: tuple[Recorder, dict[str, Any]]) -> None:
    """Nothing was dropped or refused on the way."""
    _, done = driven
    counters = done["counters"]
    assert done["settled"]
    assert (counters["dropped"], counters["rejected"], counters["queued"]) == (0, 0, 0)
    assert counters["received"] == counters["committed"] > 6 * ROUNDS


def test_every_request_and_every_query_is_in_the_summary(driven: tuple[Recorder, dict[str, Any]]) -> None:
    """By the name of its route, its table or its address; the failures with their share."""
    recorder, _ = driven
    found = {(row["metric_type"], row["metric_name"]): row for row in summary(recorder, "operations")}
    put = found["api", "POST /orders/<customer>"]
    seen = found["api", "GET /customers/<customer>"]
    broken = found["api", "GET /broken"]
    assert (put["count"], seen["count"], broken["count"]) == (ROUNDS, ROUNDS, ROUNDS // 10)
    assert (put["failure_rate"], broken["failure_rate"]) == (0, 1)
    assert found["query", "INSERT orders"]["count"] == found["query", "SELECT orders"]["count"] == ROUNDS
    assert found["cache", "customer page"]["count"] == ROUNDS
    assert 0 < found["query", "SELECT orders"]["avg_ms"] < seen["avg_ms"]


def test_queries_have_one_fingerprint_each_and_no_literal(driven: tuple[Recorder, dict[str, Any]]) -> None:
    """Two hundred customers asked the same two things."""
    recorder, _ = driven
    counts = {row["text"]: row["count"] for row in summary(recorder, "queries")}
    assert counts["INSERT INTO orders(customer, amount) VALUES (?, ?)"] == ROUNDS
    assert counts["SELECT sum(amount) FROM orders WHERE customer = ?"] == ROUNDS
    stored = recorder.database.read_bytes() + Path(f"{recorder.database}-wal").read_bytes()
    assert b"secret-token" not in stored
    assert b"secretcustomer" not in stored


def test_the_pool_and_the_users_are_in_their_summaries(driven: tuple[Recorder, dict[str, Any]]) -> None:
    """Four connections at most were lent out; three users asked."""
    recorder, _ = driven
    (pool,) = summary(recorder, "pools")
    assert (pool["pool_name"], pool["database_name"]) == ("shop-pool", "shop.db")
    assert pool["count"] >= 1
    assert 0 <= pool["max_active"] <= 14
    users = {row["user_id"]: row["count"] for row in summary(recorder, "users")}
    assert users.keys() == {"user-0", "user-1", "user-2"}
    assert sum(users.values()) == 2 * ROUNDS + ROUNDS // 10
