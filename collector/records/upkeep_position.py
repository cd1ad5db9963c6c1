"""Positions: how far upkeep has come."""

from collector.records.base import Record, Text, Timestamp, Whole, kind


@kind("upkeep_position", "recorder", source="the recorder")
class UpkeepPosition(Record):
    """How far a part of the upkeep has come: rollups of each kind, and retention."""

    name = Text("what has come so far", longest=400, primary_key=True)
    position = Whole("a row number, a moment or a length of time, as the name says")
    timestamp = Timestamp("when it moved last")

    class Meta:
        table_name = "upkeep_positions"
        without_rowid = True
