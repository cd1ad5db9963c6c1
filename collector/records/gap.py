"""Gaps: stretches of time that nobody recorded. A hole is a row, never a zero."""

from collector.orm import peewee
from collector.records.base import Record, Text, Timestamp, kind


@kind("gap", "recorder", source="the recorder's clocks and counters")
class Gap(Record):
    """A hole in the record, and why it is there. No rate and no average crosses one."""

    id = peewee.AutoField(help_text="counts up")
    from_ms = Timestamp("the last moment before it")
    to_ms = Timestamp("the first moment after it")
    reason = Text("stopped, suspend, clock, stall, disk_full or dropped", longest=20)

    class Meta:
        table_name = "gaps"
