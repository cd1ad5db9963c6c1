"""What is not as it should be now: the alerts that nothing has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector.answers.timed import Row, ask_sql

if TYPE_CHECKING:
    from collector.orm import peewee

_IN_WORDS = {"over_budget": "over its budget", "got_slower": "slower"}


def alerts(database: peewee.SqliteDatabase) -> list[Row]:
    """One row for each, the oldest first: subject_kind, subject, state, since_ms.

    Nobody waits for the end of what is out of the config, and what was accepted is as it should be.
    """
    return ask_sql(
        database,
        "status.alerts",
        """
        SELECT subject_kind, subject, to_state AS state, timestamp AS since_ms FROM alerts
        WHERE id IN (SELECT max(id) FROM alerts GROUP BY subject_kind, subject, concern)
        AND to_state NOT IN ('recovered', 'got_faster')
        AND NOT (subject_kind = 'workload' AND EXISTS (
            SELECT 1 FROM workloads WHERE name = alerts.subject AND removed_ms IS NOT NULL))
        AND NOT (concern = 'change' AND EXISTS (
            SELECT 1 FROM changes WHERE changes.subject_kind = alerts.subject_kind
            AND changes.subject = alerts.subject AND changes.accepted_ms >= alerts.timestamp))
        ORDER BY timestamp, id
        """,
    )


def in_words(row: Row) -> str:
    """A standing alert without its time: ``unit-tests over its budget``."""
    return f"{row['subject']} {_IN_WORDS.get(row['state'], row['state'])}"
