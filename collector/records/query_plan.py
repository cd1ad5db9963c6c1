"""Plans of queries: how a database went about a statement. Never a literal."""

from collector.records.base import Real, Record, Text, Timestamp, kind
from collector.records.columns import LONGEST_MS

LONGEST_PLAN = 20_000


@kind(
    "plan", "reported", source="auto_explain lines of logs, and EXPLAIN of slow SQL workloads", replaces=True
)
class QueryPlan(Record):
    """The latest plan of one statement, its literals as ``?``."""

    query_hash = Text("the statement, in `queries`", longest=64, primary_key=True)
    dialect = Text("sqlite, postgresql or mysql", longest=20)
    source = Text("the tail or the workload that saw it", longest=100)
    duration_ms = Real(
        "of the execution that it is from", unit="ms", minimum=0, maximum=LONGEST_MS, null=True
    )
    timestamp = Timestamp("when it was seen")
    plan = Text("the plan as the database words it", longest=LONGEST_PLAN)

    class Meta:
        table_name = "query_plans"
        without_rowid = True
