"""Connection pools: how many connections were in use when somebody looked."""

from __future__ import annotations

from typing import Any

from collector.orm import peewee
from collector.records.base import Arrival, Real, Record, Text, Timestamp, Whole, kind, once
from collector.records.columns import LONGEST_MS


def arrive(columns: dict[str, Any], _arrival: Arrival) -> None:
    """``timestamp``, as every other kind calls it, is understood too."""
    if "timestamp" in columns:
        columns.setdefault("recorded_at", columns.pop("timestamp"))


@kind(
    "pool",
    "reported",
    source="the sender",
    pushed=True,
    arrive=arrive,
    inputs=("timestamp",),
    per=("pool_name", "database_name"),
)
class Pool(Record):
    """One look at a pool of database connections."""

    id = peewee.AutoField(help_text="counts up")
    record_id = Text(
        "the sender's own id; a second record with it is not stored", longest=200, shortest=1, null=True
    )
    pool_name = Text("the pool", longest=50)
    database_name = Text("the database it leads to", longest=50)
    total_connections = Whole("connections there are", minimum=0)
    active_connections = Whole("of them, lent out", minimum=0)
    idle_connections = Whole("of them, free", minimum=0)
    waiting_connections = Whole("callers that wait for one", minimum=0)
    avg_connection_time_ms = Real("mean time to get one", unit="ms", minimum=0, maximum=LONGEST_MS, null=True)
    max_connection_time_ms = Real(
        "longest time to get one", unit="ms", minimum=0, maximum=LONGEST_MS, null=True
    )
    connection_errors = Whole("failures to connect since the look before", minimum=0, default=0)
    recorded_at = Timestamp("when somebody looked", arrival=True)
    max_connections = Whole("connections there can be", minimum=0, null=True)

    class Meta:
        table_name = "connection_pool_stats"


Pool.add_index(Pool.recorded_at, name="connection_pool_stats_time")
Pool.add_index(Pool.pool_name, Pool.recorded_at, name="connection_pool_stats_pool")
once(Pool)
