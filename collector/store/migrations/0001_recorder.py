"""The recorder itself: machine samples, workloads and their runs, sessions and gaps."""

from typing import Any

UP = (
    """
    CREATE TABLE "cpu_samples" (
        "timestamp" INTEGER NOT NULL PRIMARY KEY,
        "busy_percent" REAL NOT NULL,
        "user_percent" REAL NOT NULL,
        "system_percent" REAL NOT NULL,
        "iowait_percent" REAL NOT NULL,
        "steal_percent" REAL NOT NULL,
        "load_1m" REAL NOT NULL,
        "load_5m" REAL NOT NULL,
        "load_15m" REAL NOT NULL,
        "context_switches_per_s" REAL NOT NULL,
        "frequency_mhz" REAL
    ) STRICT
    """,
    """
    CREATE TABLE "disk_samples" (
        "timestamp" INTEGER NOT NULL,
        "device" TEXT NOT NULL,
        "read_bytes_per_s" REAL NOT NULL,
        "written_bytes_per_s" REAL NOT NULL,
        "reads_per_s" REAL NOT NULL,
        "writes_per_s" REAL NOT NULL,
        "busy_percent" REAL NOT NULL,
        PRIMARY KEY ("timestamp", "device")
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE "filesystem_samples" (
        "timestamp" INTEGER NOT NULL,
        "mount" TEXT NOT NULL,
        "used_bytes" INTEGER NOT NULL,
        "free_bytes" INTEGER NOT NULL,
        "used_percent" REAL NOT NULL,
        PRIMARY KEY ("timestamp", "mount")
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE "gaps" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "from_ms" INTEGER NOT NULL,
        "to_ms" INTEGER NOT NULL,
        "reason" TEXT NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE "memory_samples" (
        "timestamp" INTEGER NOT NULL PRIMARY KEY,
        "total_bytes" INTEGER NOT NULL,
        "used_bytes" INTEGER NOT NULL,
        "available_bytes" INTEGER NOT NULL,
        "used_percent" REAL NOT NULL,
        "swap_used_bytes" INTEGER NOT NULL,
        "swap_in_bytes_per_s" REAL NOT NULL,
        "swap_out_bytes_per_s" REAL NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE "network_samples" (
        "timestamp" INTEGER NOT NULL,
        "interface" TEXT NOT NULL,
        "received_bytes_per_s" REAL NOT NULL,
        "sent_bytes_per_s" REAL NOT NULL,
        "errors_per_s" REAL NOT NULL,
        "drops_per_s" REAL NOT NULL,
        PRIMARY KEY ("timestamp", "interface")
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE "pressure_samples" (
        "timestamp" INTEGER NOT NULL PRIMARY KEY,
        "cpu_some_percent" REAL NOT NULL,
        "memory_some_percent" REAL NOT NULL,
        "memory_full_percent" REAL NOT NULL,
        "io_some_percent" REAL NOT NULL,
        "io_full_percent" REAL NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE "process_samples" (
        "timestamp" INTEGER NOT NULL,
        "pid" INTEGER NOT NULL,
        "name" TEXT NOT NULL,
        "cpu_percent" REAL NOT NULL,
        "rss_bytes" INTEGER NOT NULL,
        PRIMARY KEY ("timestamp", "pid")
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE "recorder_samples" (
        "timestamp" INTEGER NOT NULL PRIMARY KEY,
        "cpu_percent" REAL NOT NULL,
        "rss_bytes" INTEGER NOT NULL,
        "queued" INTEGER NOT NULL,
        "flush_ms" REAL,
        "written_bytes_per_s" REAL NOT NULL,
        "dropped" INTEGER NOT NULL,
        "late_ms" REAL NOT NULL,
        "database_bytes" INTEGER NOT NULL,
        "wal_bytes" INTEGER NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE "workload_runs" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "record_id" TEXT,
        "workload" TEXT NOT NULL,
        "workload_kind" TEXT NOT NULL,
        "command" TEXT,
        "timestamp" INTEGER NOT NULL,
        "outcome" TEXT NOT NULL,
        "wall_ms" REAL,
        "user_ms" REAL,
        "system_ms" REAL,
        "max_rss_bytes" INTEGER,
        "read_bytes" INTEGER,
        "written_bytes" INTEGER,
        "voluntary_switches" INTEGER,
        "involuntary_switches" INTEGER,
        "exit_code" INTEGER,
        "signal" INTEGER,
        "rows" INTEGER,
        "http_status" INTEGER,
        "connect_ms" REAL,
        "execute_ms" REAL,
        "fetch_ms" REAL,
        "first_byte_ms" REAL,
        "received_bytes" INTEGER,
        "output_bytes" INTEGER,
        "budget_ms" REAL,
        "busy_percent" REAL,
        "others_percent" REAL,
        "cpu_some_percent" REAL,
        "memory_some_percent" REAL,
        "io_some_percent" REAL,
        "available_bytes" INTEGER,
        "temperature_celsius" REAL,
        "frequency_mhz" REAL,
        "on_battery" INTEGER,
        "git_commit" TEXT,
        "git_dirty" INTEGER,
        "boot_id" TEXT,
        "noisy" INTEGER,
        "detail" TEXT,
        "plan" TEXT,
        "output" TEXT
    ) STRICT
    """,
    """CREATE INDEX "workload_runs_workload_timestamp" ON "workload_runs" ("workload", "timestamp", "outcome", "wall_ms")""",
    """CREATE INDEX "workload_runs_troubled" ON "workload_runs" ("outcome", "workload", "timestamp") WHERE ("outcome" != 'ok')""",
    """CREATE UNIQUE INDEX "workload_runs_record_id" ON "workload_runs" ("record_id") WHERE ("record_id" IS NOT NULL)""",
    """
    CREATE TABLE "sensor_samples" (
        "timestamp" INTEGER NOT NULL PRIMARY KEY,
        "temperature_celsius" REAL,
        "battery_percent" REAL,
        "on_mains" INTEGER
    ) STRICT
    """,
    """
    CREATE TABLE "recorder_sessions" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "machine_id" TEXT NOT NULL,
        "boot_id" TEXT NOT NULL,
        "version" TEXT NOT NULL,
        "pid" INTEGER NOT NULL,
        "start_ms" INTEGER NOT NULL,
        "end_ms" INTEGER,
        "clean" INTEGER,
        "received" INTEGER NOT NULL,
        "committed" INTEGER NOT NULL,
        "duplicate" INTEGER NOT NULL,
        "rejected" INTEGER NOT NULL,
        "dropped" INTEGER NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE "workloads" (
        "name" TEXT NOT NULL PRIMARY KEY,
        "kind" TEXT NOT NULL,
        "command" TEXT NOT NULL,
        "every_ms" INTEGER,
        "cron" TEXT,
        "timeout_ms" INTEGER NOT NULL,
        "budget_ms" INTEGER,
        "cwd" TEXT,
        "registered_ms" INTEGER NOT NULL,
        "removed_ms" INTEGER
    ) STRICT
    """,
)

TABLES = (
    "cpu_samples",
    "disk_samples",
    "filesystem_samples",
    "gaps",
    "memory_samples",
    "network_samples",
    "pressure_samples",
    "process_samples",
    "recorder_samples",
    "workload_runs",
    "sensor_samples",
    "recorder_sessions",
    "workloads",
)


def up(migrator: Any, db: Any) -> None:
    for statement in UP:
        db.execute_sql(statement)


def down(migrator: Any, db: Any) -> None:
    for table in reversed(TABLES):
        db.execute_sql(f'DROP TABLE "{table}"')
