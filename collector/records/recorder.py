"""The recorder's samples of itself."""

from collector.records.base import Real, Record, Timestamp, Whole, kind


@kind("recorder", "recorder", source="the recorder's own counters, /proc/self", per=())
class RecorderSample(Record):
    """What the recorder itself cost and how well it kept up since the sample before."""

    timestamp = Timestamp(primary_key=True)
    cpu_percent = Real("processor time of this process", unit="% of a core")
    rss_bytes = Whole("resident memory of this process", unit="B")
    queued = Whole("records that wait for the writer")
    flush_ms = Real("duration of the latest flush", unit="ms", null=True)
    written_bytes_per_s = Real("written to disk by this process", unit="B/s")
    dropped = Whole("records dropped since the sample before")
    late_ms = Real("how late this tick began", unit="ms")
    database_bytes = Whole("the database file", unit="B")
    wal_bytes = Whole("its write-ahead log", unit="B")

    class Meta:
        table_name = "recorder_samples"
