"""The summary of queries, refreshed every 15 minutes from the operations of the last seven days."""

from collector.records.base import Real, Record, Text, Timestamp, Whole, kind


@kind("query_summary", "answers", source="`operation_metrics` of seven days")
class QuerySummary(Record):
    """One fingerprint with more than ten executions in the last seven days."""

    query_hash = Text("its fingerprint, in `queries`", longest=64, primary_key=True)
    execution_count = Whole("executions", minimum=0)
    avg_duration_ms = Real("mean", unit="ms", minimum=0)
    min_duration_ms = Real("shortest", unit="ms", minimum=0)
    max_duration_ms = Real("longest", unit="ms", minimum=0)
    p95_duration_ms = Real("95 % were not longer", unit="ms", minimum=0)
    unique_users = Whole("different users it was done for", minimum=0)
    last_execution = Timestamp("when it last began")

    class Meta:
        table_name = "query_performance_summary"
        without_rowid = True


QuerySummary.add_index(QuerySummary.avg_duration_ms, name="query_performance_summary_avg_duration")
