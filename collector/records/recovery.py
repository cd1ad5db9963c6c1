"""Recoveries: each time the database was damaged, deleted or replaced, and what became of what it held."""

from collector.orm import peewee
from collector.records.base import Document, Record, Text, Timestamp, Whole, kind

REASONS = ("damaged", "deleted", "replaced")
LONGEST_DETAIL = 2000


@kind("recovery", "recorder", source="the recorder")
class Recovery(Record):
    """A database that could not be recorded into any longer, and how recording went on."""

    id = peewee.AutoField(help_text="counts up")
    timestamp = Timestamp("when it was found")
    reason = Text("damaged, deleted or replaced", longest=20, choices=REASONS)
    detail = Text("what was found, in words", longest=LONGEST_DETAIL)
    aside = Text("name of the file beside the database that holds what was; empty: none", longest=1000)
    aside_bytes = Whole("size of that file and its log when it was set aside", unit="B", minimum=0)
    rows_saved = Whole("rows of it that were taken over so far", minimum=0, default=0)
    finished_ms = Timestamp("when all that can be read was taken over; null while that goes on", null=True)
    left = Document("table → stretches that could not be read, rows that could not be stored", null=True)
    progress = Document("how far that has come in each table; null when it is through", null=True)

    class Meta:
        table_name = "recoveries"
