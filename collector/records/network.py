"""Network traffic samples, one row an interface."""

from collector.orm import peewee
from collector.records.base import Real, Record, Text, Timestamp, kind


@kind("network", "machine", source="/proc/net/dev", per=("interface",))
class NetworkSample(Record):
    """What one network interface moved since the sample before; loopback is left out."""

    timestamp = Timestamp()
    interface = Text("the interface's name, such as wlan0")
    received_bytes_per_s = Real("received", unit="B/s")
    sent_bytes_per_s = Real("sent", unit="B/s")
    errors_per_s = Real("errors in either direction", unit="1/s")
    drops_per_s = Real("packets dropped in either direction", unit="1/s")

    class Meta:
        table_name = "network_samples"
        primary_key = peewee.CompositeKey("timestamp", "interface")
        without_rowid = True
