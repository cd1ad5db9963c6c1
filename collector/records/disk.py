"""Disk traffic samples, one row a device."""

from collector.orm import peewee
from collector.records.base import Real, Record, Text, Timestamp, kind


@kind("disk", "machine", source="/proc/diskstats", per=("device",))
class DiskSample(Record):
    """What one whole device (not a partition) moved since the sample before."""

    timestamp = Timestamp()
    device = Text("the device's name, such as nvme0n1")
    read_bytes_per_s = Real("read", unit="B/s")
    written_bytes_per_s = Real("written", unit="B/s")
    reads_per_s = Real("finished reads", unit="1/s")
    writes_per_s = Real("finished writes", unit="1/s")
    busy_percent = Real("share of the time with at least one request in flight", unit="%")

    class Meta:
        table_name = "disk_samples"
        primary_key = peewee.CompositeKey("timestamp", "device")
        without_rowid = True
