"""Series: what rollups are of, one row each."""

from collector.orm import peewee
from collector.records.base import Record, Text, kind


@kind("series", "recorder", source="the recorder")
class Series(Record):
    """One column of one kind of record, for one device, workload, model, skill or statement."""

    id = peewee.AutoField(help_text="its number in `rollups`")
    subject = Text("the kind of record, such as cpu or run", longest=80)
    column = Text("the column that is rolled up", longest=80)
    key = Text(
        "whose figures: the key columns' values as a JSON list; [] where there is no key", longest=4000
    )

    class Meta:
        table_name = "series"


Series.add_index(Series.subject, Series.column, Series.key, unique=True, name="series_subject")
