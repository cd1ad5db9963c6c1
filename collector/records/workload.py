"""Registered workloads: what the config names, kept after it is taken out."""

from collector.records.base import Record, Text, Timestamp, Whole, kind


@kind("workload", "workload", source="the config")
class Workload(Record):
    """One workload of the config as it stands now."""

    name = Text("its name in the config", longest=80, primary_key=True)
    kind = Text("command, sql, http, python, …", longest=40)
    command = Text("what is run, without secrets", longest=1000)
    every_ms = Whole("time between runs; null when cron says", unit="ms", null=True)
    cron = Text("cron expression; null when every says", null=True)
    timeout_ms = Whole("when a run is ended", unit="ms")
    budget_ms = Whole("what a run should take at the most", unit="ms", null=True)
    cwd = Text("the folder it runs in", longest=4096, null=True)
    registered_ms = Timestamp("when it was first seen")
    removed_ms = Timestamp("when it was gone from the config; null while it is there", null=True)

    class Meta:
        table_name = "workloads"
