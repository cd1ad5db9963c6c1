"""What is not as it should be now: the alerts that nothing has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector.answers.timed import Row, ask_sql
from collector.records.alert import LAST_OF_EACH

if TYPE_CHECKING:
    from collector.orm import peewee

_IN_WORDS = {"over_budget": "over its budget", "got_slower": "slower"}


def alerts(database: peewee.SqliteDatabase) -> list[Row]:
    """One row for each, the oldest first: subject_kind, subject, state, since_ms.

    What got slower stands since its first slow run, also where it is only in part as fast as before again.

    Nobody waits for the end of what is out of the config, and what was accepted is as it should be.
    """
    return ask_sql(
        database,
        "status.alerts",
        f"""
        SELECT subject_kind, subject, iif(slower_since_ms IS NULL, to_state, 'got_slower') AS state,
        coalesce(slower_since_ms, timestamp) AS since_ms
        FROM (SELECT *, json_extract(details, '$.slower_since_ms') AS slower_since_ms FROM alerts) AS alerts
        WHERE id IN ({LAST_OF_EACH})
        AND to_state <> 'recovered' AND (to_state <> 'got_faster' OR slower_since_ms IS NOT NULL)
        AND NOT (subject_kind = 'workload' AND EXISTS (
            SELECT 1 FROM workloads WHERE name = alerts.subject AND removed_ms IS NOT NULL))
        AND NOT (concern = 'change' AND EXISTS (
            SELECT 1 FROM changes WHERE changes.subject_kind = alerts.subject_kind
            AND alerts.subject IN (changes.subject, changes.subject || ' · ' || changes.metric)
            AND changes.accepted_ms >= alerts.timestamp))
        ORDER BY since_ms, id
        """,  # noqa: S608  # only words of ours
    )


def in_words(row: Row) -> str:
    """A standing alert without its time: ``unit-tests over its budget``."""
    return f"{row['subject']} {_IN_WORDS.get(row['state'], row['state'])}"
