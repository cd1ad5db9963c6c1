"""How far each followed log is read: stored in the transaction of the rows that came from it."""

from collector.records.base import Record, Text, Timestamp, Whole, kind


@kind("tail", "recorder", source="the tail that follows the file", replaces=True)
class TailPosition(Record):
    """One file, and the place up to which all of it is stored."""

    path = Text("the file", longest=4096, primary_key=True)
    name = Text("the tail's name in the config", longest=100)
    format = Text("the format of its lines", longest=40)
    inode = Whole("number of the file on its device", minimum=0)
    mark = Text("its beginning, by which it is known again under another name: length and hash", longest=40)
    offset_bytes = Whole("all before this is stored", unit="B", minimum=0)
    timestamp = Timestamp("when that was")

    class Meta:
        table_name = "tail_positions"
        without_rowid = True
