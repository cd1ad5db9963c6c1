"""Process samples, one row a process of the top N."""

from collector.orm import peewee
from collector.records.base import Real, Record, Text, Timestamp, Whole, kind


@kind("process", "machine", source="/proc/PID/stat and statm", per=("name",))
class ProcessSample(Record):
    """One of the processes that used most processor time or memory since the walk before.

    Private by default: the name, never arguments or environment.
    """

    timestamp = Timestamp()
    pid = Whole("process id")
    name = Text("the kernel's name of it, at most 15 bytes", longest=64)
    cpu_percent = Real("of one core; over 100 with several threads", unit="% of a core")
    rss_bytes = Whole("resident memory", unit="B")

    class Meta:
        table_name = "process_samples"
        primary_key = peewee.CompositeKey("timestamp", "pid")
        without_rowid = True
