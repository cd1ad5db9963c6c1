"""What can be summed up: whose times, of which table, by which key. One line a topic."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Topic:
    """A summary of ``table``: one row per ``keys``, over ``value`` (SQL, in milliseconds).

    ``failed`` is SQL that is true for a failure and null where nobody said. ``means`` are more columns,
    each the mean of its SQL; ``sums`` and ``highs`` likewise. ``where`` keeps rows out.
    """

    name: str
    table: str
    keys: tuple[str, ...]
    value: str
    about: str
    moment: str = "timestamp"
    failed: str = "NULL"
    where: str = "1"
    means: dict[str, str] = field(default_factory=dict)
    sums: dict[str, str] = field(default_factory=dict)
    highs: dict[str, str] = field(default_factory=dict)
    # Tables with one more row for each row, or none: table → the column they have in common.
    joined: dict[str, str] = field(default_factory=dict)

    @property
    def tables(self) -> tuple[str, ...]:
        """All whose changes make a summary old; the first is the one whose rows are counted."""
        return self.table, *self.joined

    @property
    def source(self) -> str:
        """SQL for where the rows come from, found by their row numbers and no other way."""
        joins = (f" LEFT JOIN {table} USING ({column})" for table, column in self.joined.items())
        return f"{self.table} NOT INDEXED{''.join(joins)}"


TOPICS: dict[str, Topic] = {
    topic.name: topic
    for topic in (
        Topic(
            "inference", "inference_metrics", ("model_name",), "inference_time * 1000",
            "language models: how long they took, and how fast they wrote",
            failed="success = 0",
            means={
                "avg_tokens_per_second": "NULLIF(tokens_per_second, 0)",
                "avg_input_tokens": "input_tokens",
                "avg_output_tokens": "output_tokens",
                "avg_load_ms": "load_duration * 1000",
            },
        ),
        Topic(
            "skills", "skill_metrics", ("skill_id",), "execution_ms",
            "skills of agents: how long they took, and the tokens they cost",
            failed="success = 0",
            means={"avg_tokens": "tokens_in + tokens_out"},
            sums={"tokens_in": "tokens_in", "tokens_out": "tokens_out"},
        ),
        Topic(
            "operations", "operation_metrics", ("metric_type", "metric_name"), "duration_ms",
            "queries, API calls, frontend and cache, by name",
            failed="success = 0",
            highs={"last_seen": "timestamp"},
        ),
        Topic(
            "queries", "operation_metrics", ("query_hash",), "duration_ms",
            "queries by their fingerprint",
            failed="success = 0",
            where="metric_type = 'query' AND query_hash IS NOT NULL",
            sums={"rows": "rows"},
            highs={"last_seen": "timestamp"},
        ),
        Topic(
            "users", "operation_metrics", ("user_id",), "duration_ms",
            "for whom it was done, joined with what the taskboard says of them",
            failed="success = 0",
            where="user_id IS NOT NULL",
            highs={"last_activity": "timestamp"},
        ),
        Topic(
            "pools", "connection_pool_stats", ("pool_name", "database_name"), "avg_connection_time_ms",
            "connection pools: time to get a connection, and how many were in use",
            moment="recorded_at",
            means={
                "avg_total": "total_connections",
                "avg_active": "active_connections",
                "avg_idle": "idle_connections",
                "avg_waiting": "waiting_connections",
            },
            sums={"connection_errors": "connection_errors"},
            highs={
                "max_active": "active_connections",
                "max_waiting": "waiting_connections",
                "max_connection_time_ms": "max_connection_time_ms",
                "max_connections": "max_connections",
            },
        ),
        Topic(
            "benchmarks", "benchmark_runs", ("project_name", "benchmark_name"), "total_time_seconds * 1000",
            "benchmark runs, and the newest of each against the one before",
            joined={"benchmark_performance": "run_id"},
            means={"avg_tokens": "token_usage_total", "avg_cost": "api_calls_cost"},
            highs={"last_run": "timestamp"},
        ),
        Topic(
            "workloads", "workload_runs", ("workload",), "wall_ms",
            "registered workloads and reported timings",
            failed="outcome <> 'ok'",
            highs={"last_run": "timestamp"},
        ),
    )
}  # fmt: skip

# What `collector slow` is worked out of: `queries` once more, apart by who sent them. `summary` does not
# show it.
SLOW = Topic(
    "slow", "operation_metrics", ("query_hash", "metric_name"), "duration_ms",
    "queries by their fingerprint and their source",
    where="metric_type = 'query' AND query_hash IS NOT NULL",
    means={"rows": "rows"},
    highs={"last_seen": "timestamp", "first_seen_negated": "-timestamp"},
)  # fmt: skip

# Those of which digests are kept.
DIGESTED = (*TOPICS.values(), SLOW)
