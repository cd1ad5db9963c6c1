"""Hours whose rows were changed after they were rolled up."""

from collector.orm import peewee
from collector.records.base import Record, Text, Timestamp, Whole, kind


@kind("rollup_stale", "recorder", source="the recorder")
class RollupStale(Record):
    """One hour of a kind of record to be rolled up once more: rows of it were updated or deleted."""

    subject = Text("the kind of record", longest=80)
    timestamp = Timestamp("when the hour begins")
    changes = Whole("how often rows of it were changed since it was rolled up", minimum=1)

    class Meta:
        table_name = "rollup_stale"
        primary_key = peewee.CompositeKey("timestamp", "subject")
        without_rowid = True
