"""What a PostgreSQL database is made of, and how it is used. Source: the cumulative statistics system."""

from __future__ import annotations

from typing import Any

from .job import Database, Job

WHOLE = """
SELECT current_setting('server_version') AS version, pg_database_size(current_database()) AS bytes,
    100.0 * blks_hit / nullif(blks_hit + blks_read, 0) AS cache_hit_percent,
    (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections,
    current_setting('max_connections')::int AS max_connections,
    (1000 * extract(epoch FROM stats_reset))::bigint AS counted_since,
    has_function_privilege('pg_ls_waldir()', 'execute') AS sees_wal
FROM pg_stat_database WHERE datname = current_database()
"""
WAL = "SELECT sum(size)::bigint AS bytes FROM pg_ls_waldir()"
# Only what the database's own schemas hold. ``reltuples`` is -1 before the first VACUUM or ANALYZE.
TABLES = """
SELECT CASE WHEN n.nspname = 'public' THEN '' ELSE n.nspname || '.' END || c.relname AS name,
    nullif(c.reltuples, -1)::bigint AS rows, pg_table_size(c.oid) AS bytes,
    s.seq_scan AS sequential_scans, s.idx_scan AS scans, s.n_dead_tup AS dead_rows
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid
WHERE c.relkind IN ('r', 'm') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
ORDER BY 1
"""
INDEXES = """
SELECT CASE WHEN schemaname = 'public' THEN '' ELSE schemaname || '.' END || relname AS "table",
    indexrelname AS name, pg_relation_size(s.indexrelid) AS bytes, s.idx_scan AS scans,
    i.indisunique OR EXISTS (SELECT FROM pg_constraint WHERE conindid = s.indexrelid) AS is_rule
FROM pg_stat_user_indexes s JOIN pg_index i USING (indexrelid)
WHERE schemaname !~ '^pg_' ORDER BY 1, 2
"""


def stats(database: Database, _job: Job) -> dict[str, Any]:
    """Sizes, estimated rows, scans of tables and indexes, cache hits, connections, WAL where it is shown."""
    (whole,) = database.rows(WHOLE)
    whole["wal_bytes"] = database.rows(WAL)[0]["bytes"] if whole.pop("sees_wal") else None
    hit = whole["cache_hit_percent"]
    whole["cache_hit_percent"] = None if hit is None else float(hit)
    tables = [{**row, "type": "table", "table": row["name"]} for row in database.rows(TABLES)]
    indexes = [{**row, "type": "index"} for row in database.rows(INDEXES)]
    return {**whole, "rows_are": "estimated", "objects": [*tables, *indexes]}
