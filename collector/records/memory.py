"""Memory and swap samples."""

from collector.records.base import Real, Record, Timestamp, Whole, kind


@kind("memory", "machine", source="psutil (/proc/meminfo, /proc/vmstat)")
class MemorySample(Record):
    """How full memory and swap are, and how much moved between them."""

    timestamp = Timestamp(primary_key=True)
    total_bytes = Whole("memory of the machine", unit="B")
    used_bytes = Whole("total minus available", unit="B")
    available_bytes = Whole("what programs can still get without swapping", unit="B")
    used_percent = Real("used share of the total", unit="%")
    swap_used_bytes = Whole("swap in use", unit="B")
    swap_in_bytes_per_s = Real("read back from swap", unit="B/s")
    swap_out_bytes_per_s = Real("written out to swap", unit="B/s")

    class Meta:
        table_name = "memory_samples"
