"""Processor samples."""

from collector.records.base import Real, Record, Timestamp, kind


@kind("cpu", "machine", source="psutil (/proc/stat, /proc/loadavg), cpufreq in /sys")
class CpuSample(Record):
    """What the processors did since the sample before, over all cores together."""

    timestamp = Timestamp(primary_key=True)
    busy_percent = Real("share of all cores' time not idle and not waiting for I/O", unit="%")
    user_percent = Real("share spent in programs, nice ones included", unit="%")
    system_percent = Real("share spent in the kernel, interrupts included", unit="%")
    iowait_percent = Real("share idle while a disk had work to do", unit="%")
    steal_percent = Real("share taken by other guests of the same host", unit="%")
    load_1m = Real("mean number of runnable or blocked tasks over 1 minute")
    load_5m = Real("the same over 5 minutes")
    load_15m = Real("the same over 15 minutes")
    context_switches_per_s = Real("switches from one task to another", unit="1/s")
    frequency_mhz = Real("mean clock of the cores now; null where none is told", unit="MHz", null=True)

    class Meta:
        table_name = "cpu_samples"
