"""Pressure stall samples (PSI)."""

from collector.records.base import Real, Record, Timestamp, kind


@kind("pressure", "machine", source="/proc/pressure")
class PressureSample(Record):
    """Share of the time since the sample before in which tasks waited for a resource.

    ``some``: at least one task waited; ``full``: all of them did. Source: /proc/pressure.
    """

    timestamp = Timestamp(primary_key=True)
    cpu_some_percent = Real("a task was runnable and had no core", unit="%")
    memory_some_percent = Real("a task waited for memory", unit="%")
    memory_full_percent = Real("every task waited for memory", unit="%")
    io_some_percent = Real("a task waited for a disk", unit="%")
    io_full_percent = Real("every task waited for a disk", unit="%")

    class Meta:
        table_name = "pressure_samples"
