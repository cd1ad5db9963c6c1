"""Sessions: one row for each time the recorder ran."""

from collector.orm import peewee
from collector.records.base import Flag, Record, Text, Timestamp, Whole, kind


@kind("session", "recorder", source="the recorder")
class Session(Record):
    """One run of the recorder, from its first commit to its end, with what went through it."""

    id = peewee.AutoField(help_text="counts up")
    machine_id = Text("salted hash of the machine's id: tells machines apart, names none")
    boot_id = Text("the kernel's id of this boot")
    version = Text("version of the recorder")
    pid = Whole("process id")
    start_ms = Timestamp("when it began to record")
    end_ms = Timestamp("when it stopped, or was last seen; null while it runs", null=True)
    clean = Flag("whether it stopped in order; null while it runs", null=True)
    received = Whole("records that came in", default=0)
    committed = Whole("records stored", default=0)
    duplicate = Whole("records stored already", default=0)
    rejected = Whole("records refused or set aside", default=0)
    dropped = Whole("records lost, each with a reason in the log", default=0)
    kernel = Text("release of the kernel", longest=200, null=True)

    class Meta:
        table_name = "recorder_sessions"
