"""What applications report, the summaries of it, and the query cache."""

from typing import Any

UP = (
    """
    CREATE TABLE "benchmark_runs" (
        "run_id" TEXT NOT NULL PRIMARY KEY,
        "timestamp" INTEGER NOT NULL,
        "project_name" TEXT NOT NULL,
        "benchmark_name" TEXT NOT NULL,
        "version" TEXT NOT NULL,
        "metadata" TEXT,
        "created_at" INTEGER NOT NULL
    ) STRICT
    """,
    """CREATE INDEX "benchmark_runs_timestamp" ON "benchmark_runs" ("timestamp")""",
    """CREATE INDEX "benchmark_runs_project" ON "benchmark_runs" ("project_name")""",
    """CREATE INDEX "benchmark_runs_benchmark" ON "benchmark_runs" ("benchmark_name")""",
    """
    CREATE TABLE "benchmark_autonomy" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "run_id" TEXT NOT NULL,
        "manual_interventions_count" INTEGER NOT NULL,
        "manual_interventions_types" TEXT,
        "prompts_needed_initial" INTEGER NOT NULL,
        "prompts_needed_followup" INTEGER NOT NULL,
        "one_shot_success_rate" REAL NOT NULL,
        "error_recovery_rate" REAL NOT NULL,
        "agent_handoffs_successful" INTEGER NOT NULL,
        "agent_handoffs_failed" INTEGER NOT NULL,
        FOREIGN KEY ("run_id") REFERENCES "benchmark_runs" ("run_id") ON DELETE CASCADE
    ) STRICT
    """,
    """CREATE UNIQUE INDEX "benchmark_autonomy_run_id" ON "benchmark_autonomy" ("run_id")""",
    """
    CREATE TABLE "inference_metrics" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "record_id" TEXT,
        "model_name" TEXT NOT NULL,
        "task_type" TEXT NOT NULL,
        "timestamp" INTEGER NOT NULL,
        "inference_time" REAL NOT NULL,
        "load_duration" REAL,
        "prompt_eval_duration" REAL,
        "eval_duration" REAL,
        "input_tokens" INTEGER NOT NULL,
        "output_tokens" INTEGER NOT NULL,
        "tokens_per_second" REAL NOT NULL,
        "memory_usage" REAL,
        "cpu_usage" REAL,
        "query_length" INTEGER NOT NULL,
        "response_length" INTEGER NOT NULL,
        "provider" TEXT,
        "session" TEXT,
        "success" INTEGER,
        "created_at" INTEGER NOT NULL
    ) STRICT
    """,
    """CREATE INDEX "inference_metrics_model_timestamp" ON "inference_metrics" ("model_name", "timestamp")""",
    """CREATE INDEX "inference_metrics_task_type" ON "inference_metrics" ("task_type", "timestamp")""",
    """CREATE INDEX "inference_metrics_timestamp" ON "inference_metrics" ("timestamp")""",
    """CREATE UNIQUE INDEX "inference_metrics_record_id" ON "inference_metrics" ("record_id") WHERE ("record_id" IS NOT NULL)""",
    """
    CREATE TABLE "operation_metrics" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "record_id" TEXT,
        "metric_type" TEXT NOT NULL,
        "metric_name" TEXT NOT NULL,
        "duration_ms" REAL NOT NULL,
        "memory_usage_mb" REAL,
        "cpu_usage_percent" REAL,
        "user_id" TEXT,
        "session_id" TEXT,
        "request_id" TEXT,
        "endpoint" TEXT,
        "query_hash" TEXT,
        "user_agent" TEXT,
        "ip_address" TEXT,
        "timestamp" INTEGER NOT NULL,
        "rows" INTEGER,
        "success" INTEGER,
        "metadata" TEXT,
        CONSTRAINT valid_duration CHECK (duration_ms >= 0),
        CONSTRAINT valid_memory CHECK (memory_usage_mb >= 0),
        CONSTRAINT valid_cpu CHECK (cpu_usage_percent >= 0 AND cpu_usage_percent <= 100)
    ) STRICT
    """,
    """CREATE INDEX "operation_metrics_type_timestamp" ON "operation_metrics" ("metric_type", "timestamp")""",
    """CREATE INDEX "operation_metrics_duration" ON "operation_metrics" ("duration_ms") WHERE ("duration_ms" >= 100.0)""",
    """CREATE INDEX "operation_metrics_user_timestamp" ON "operation_metrics" ("user_id", "timestamp") WHERE ("user_id" IS NOT NULL)""",
    """CREATE INDEX "operation_metrics_endpoint_timestamp" ON "operation_metrics" ("endpoint", "timestamp") WHERE ("endpoint" IS NOT NULL)""",
    """CREATE INDEX "operation_metrics_query_hash_timestamp" ON "operation_metrics" ("query_hash", "timestamp") WHERE ("query_hash" IS NOT NULL)""",
    """CREATE UNIQUE INDEX "operation_metrics_record_id" ON "operation_metrics" ("record_id") WHERE ("record_id" IS NOT NULL)""",
    """
    CREATE TABLE "benchmark_performance" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "run_id" TEXT NOT NULL,
        "total_time_seconds" REAL NOT NULL,
        "phase_times" TEXT,
        "token_usage_total" INTEGER NOT NULL,
        "token_usage_by_agent" TEXT,
        "api_calls_count" INTEGER NOT NULL,
        "api_calls_cost" REAL NOT NULL,
        FOREIGN KEY ("run_id") REFERENCES "benchmark_runs" ("run_id") ON DELETE CASCADE
    ) STRICT
    """,
    """CREATE UNIQUE INDEX "benchmark_performance_run_id" ON "benchmark_performance" ("run_id")""",
    """
    CREATE TABLE "connection_pool_stats" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "record_id" TEXT,
        "pool_name" TEXT NOT NULL,
        "database_name" TEXT NOT NULL,
        "total_connections" INTEGER NOT NULL,
        "active_connections" INTEGER NOT NULL,
        "idle_connections" INTEGER NOT NULL,
        "waiting_connections" INTEGER NOT NULL,
        "avg_connection_time_ms" REAL,
        "max_connection_time_ms" REAL,
        "connection_errors" INTEGER NOT NULL,
        "recorded_at" INTEGER NOT NULL
    ) STRICT
    """,
    """CREATE INDEX "connection_pool_stats_time" ON "connection_pool_stats" ("recorded_at")""",
    """CREATE INDEX "connection_pool_stats_pool" ON "connection_pool_stats" ("pool_name", "recorded_at")""",
    """CREATE UNIQUE INDEX "connection_pool_stats_record_id" ON "connection_pool_stats" ("record_id") WHERE ("record_id" IS NOT NULL)""",
    """
    CREATE TABLE "benchmark_quality" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "run_id" TEXT NOT NULL,
        "tests_written" INTEGER NOT NULL,
        "tests_passing" INTEGER NOT NULL,
        "code_coverage_percentage" REAL NOT NULL,
        "linting_errors_count" INTEGER NOT NULL,
        "linting_errors_by_severity" TEXT,
        "type_errors_count" INTEGER NOT NULL,
        "security_vulnerabilities_count" INTEGER NOT NULL,
        "security_vulnerabilities_by_severity" TEXT,
        "functional_completeness_percentage" REAL NOT NULL,
        FOREIGN KEY ("run_id") REFERENCES "benchmark_runs" ("run_id") ON DELETE CASCADE
    ) STRICT
    """,
    """CREATE UNIQUE INDEX "benchmark_quality_run_id" ON "benchmark_quality" ("run_id")""",
    """
    CREATE TABLE "queries" (
        "query_hash" TEXT NOT NULL PRIMARY KEY,
        "fp_version" INTEGER NOT NULL,
        "dialect" TEXT NOT NULL,
        "text" TEXT NOT NULL,
        "sample" TEXT,
        "first_seen" INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE "query_cache" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "cache_key" TEXT NOT NULL,
        "cache_key_hash" TEXT NOT NULL,
        "cached_data" TEXT NOT NULL,
        "data_size" INTEGER NOT NULL,
        "query_hash" TEXT,
        "user_id" TEXT,
        "tags" TEXT,
        "created_at" INTEGER NOT NULL,
        "expires_at" INTEGER NOT NULL,
        "last_accessed" INTEGER NOT NULL,
        "access_count" INTEGER NOT NULL,
        "generation_time_ms" INTEGER NOT NULL,
        "hit_count" INTEGER NOT NULL
    ) STRICT
    """,
    """CREATE UNIQUE INDEX "query_cache_cache_key" ON "query_cache" ("cache_key")""",
    """CREATE UNIQUE INDEX "query_cache_cache_key_hash" ON "query_cache" ("cache_key_hash")""",
    """CREATE INDEX "query_cache_expires_at" ON "query_cache" ("expires_at")""",
    """CREATE INDEX "query_cache_user_id" ON "query_cache" ("user_id")""",
    """CREATE INDEX "query_cache_last_accessed" ON "query_cache" ("last_accessed")""",
    """CREATE INDEX "query_cache_tags" ON "query_cache" ("tags")""",
    """
    CREATE TABLE "query_performance_summary" (
        "query_hash" TEXT NOT NULL PRIMARY KEY,
        "execution_count" INTEGER NOT NULL,
        "avg_duration_ms" REAL NOT NULL,
        "min_duration_ms" REAL NOT NULL,
        "max_duration_ms" REAL NOT NULL,
        "p95_duration_ms" REAL NOT NULL,
        "unique_users" INTEGER NOT NULL,
        "last_execution" INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    """CREATE INDEX "query_performance_summary_avg_duration" ON "query_performance_summary" ("avg_duration_ms")""",
    """
    CREATE TABLE "skill_metrics" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "record_id" TEXT,
        "skill_id" TEXT NOT NULL,
        "execution_ms" REAL NOT NULL,
        "tokens_in" INTEGER NOT NULL,
        "tokens_out" INTEGER NOT NULL,
        "success" INTEGER NOT NULL,
        "timestamp" INTEGER NOT NULL
    ) STRICT
    """,
    """CREATE INDEX "skill_metrics_skill_id" ON "skill_metrics" ("skill_id", "timestamp")""",
    """CREATE INDEX "skill_metrics_timestamp" ON "skill_metrics" ("timestamp")""",
    """CREATE UNIQUE INDEX "skill_metrics_record_id" ON "skill_metrics" ("record_id") WHERE ("record_id" IS NOT NULL)""",
    """
    CREATE TABLE "user_activity_summary" (
        "user_id" TEXT NOT NULL PRIMARY KEY,
        "email" TEXT,
        "operations" INTEGER NOT NULL,
        "sessions" INTEGER NOT NULL,
        "slow_share" REAL NOT NULL,
        "avg_response_time_ms" REAL NOT NULL,
        "last_activity" INTEGER,
        "total_tasks" INTEGER,
        "total_projects" INTEGER,
        "total_lists" INTEGER,
        "completed_tasks" INTEGER,
        "recent_tasks" INTEGER
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE "benchmark_workflow" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "run_id" TEXT NOT NULL,
        "stories_created" INTEGER NOT NULL,
        "stories_completed" INTEGER NOT NULL,
        "avg_cycle_time_seconds" REAL NOT NULL,
        "phase_distribution" TEXT,
        "rework_count" INTEGER NOT NULL,
        FOREIGN KEY ("run_id") REFERENCES "benchmark_runs" ("run_id") ON DELETE CASCADE
    ) STRICT
    """,
    """CREATE UNIQUE INDEX "benchmark_workflow_run_id" ON "benchmark_workflow" ("run_id")""",
)

TABLES = (
    "benchmark_runs",
    "benchmark_autonomy",
    "inference_metrics",
    "operation_metrics",
    "benchmark_performance",
    "connection_pool_stats",
    "benchmark_quality",
    "queries",
    "query_cache",
    "query_performance_summary",
    "skill_metrics",
    "user_activity_summary",
    "benchmark_workflow",
)


def up(migrator: Any, db: Any) -> None:
    for statement in UP:
        db.execute_sql(statement)


def down(migrator: Any, db: Any) -> None:
    for table in reversed(TABLES):
        db.execute_sql(f'DROP TABLE "{table}"')
