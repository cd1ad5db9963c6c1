"""What a database of MySQL or MariaDB is made of. Source: information_schema, and InnoDB's own tables."""

from __future__ import annotations

from typing import Any

from .job import Database, Job, Refused

WHOLE = "SELECT version() AS version, @@max_connections AS max_connections, @@innodb_page_size AS page_bytes"
STATUS = (
    "SHOW GLOBAL STATUS WHERE Variable_name IN"
    " ('Innodb_buffer_pool_read_requests', 'Innodb_buffer_pool_reads', 'Threads_connected')"
)
TABLES = """
SELECT table_name AS name, table_rows AS `rows`, data_length AS bytes, data_free AS free_bytes
FROM information_schema.tables WHERE table_schema = database() AND table_type = 'BASE TABLE' ORDER BY 1
"""
INDEXES = """
SELECT DISTINCT index_name AS name, table_name AS `table`, NOT non_unique AS is_rule
FROM information_schema.statistics
WHERE table_schema = database() AND index_name <> 'PRIMARY' ORDER BY 2, 1
"""
# Needs a right on the system's own database, which most users do not have.
PAGES = """
SELECT table_name AS `table`, index_name AS name, stat_value AS pages FROM mysql.innodb_index_stats
WHERE database_name = database() AND stat_name = 'size'
"""


def stats(database: Database, _job: Job) -> dict[str, Any]:
    """Sizes, estimated rows, cache hits and connections; no database of the URL, no tables."""
    (whole,) = database.rows(WHOLE)
    status = {row["Variable_name"]: int(row["Value"]) for row in database.rows(STATUS)}
    asked, read = (status.get(f"Innodb_buffer_pool_{name}", 0) for name in ("read_requests", "reads"))
    tables = [{**row, "type": "table", "table": row["name"]} for row in database.rows(TABLES)]
    indexes = _indexes(database, whole["page_bytes"])
    return {
        "version": whole["version"],
        "bytes": sum(row["bytes"] or 0 for row in (*tables, *indexes)),
        "free_bytes": sum(row.pop("free_bytes") or 0 for row in tables),
        "cache_hit_percent": 100 * (1 - read / asked) if asked else None,
        "connections": status.get("Threads_connected"),
        "max_connections": whole["max_connections"],
        "rows_are": "estimated",
        "objects": [*tables, *indexes],
    }


def _indexes(database: Database, page_bytes: int) -> list[dict[str, Any]]:
    """All but the primary keys, which are the tables themselves; with their sizes where these are shown."""
    try:
        pages = {(row["table"], row["name"]): row["pages"] for row in database.rows(PAGES)}
    except Refused:
        pages = {}
    found = database.rows(INDEXES)
    for row in found:
        held = pages.get((row["table"], row["name"]))
        row.update(type="index", bytes=None if held is None else int(held) * page_bytes)
        row["is_rule"] = bool(row["is_rule"])
    return found
