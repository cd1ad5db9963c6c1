"""Rollups: what is kept of figures for longer than their rows."""

from collector.orm import peewee
from collector.records.base import Real, Record, Timestamp, Whole, kind
from collector.records.columns import Bytes


@kind("rollup", "recorder", source="the recorder")
class Rollup(Record):
    """Count, sum, bounds and sketch of one series in 5 minutes, an hour or a day of UTC.

    What follows from the rest is left out. In this order of the key, what is written together lies together,
    and what is too old is one stretch of the table.
    """

    series_id = Whole("the series, in `series`")
    tier_s = Whole("how long the stretch is: 300, 3600 or 86400", unit="s")
    timestamp = Timestamp("when the stretch begins")
    count = Whole("values in it", minimum=1)
    sum = Real("of all values")
    min = Real("smallest value; null: the mean, as all are alike", null=True)
    max = Real("largest value; null: as the smallest", null=True)
    sketch = Bytes(
        "logarithmic buckets, from which percentiles come within 1 %; null: all alike, or only two", null=True
    )

    class Meta:
        table_name = "rollups"
        primary_key = peewee.CompositeKey("tier_s", "timestamp", "series_id")
        without_rowid = True
