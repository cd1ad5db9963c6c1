"""The figures that `collector why` sets beside what is usual: columns of a run, and of samples."""

from __future__ import annotations

from dataclasses import dataclass

from collector.answers.usual.normal import Measure

MB = 1e6
# A low battery slows nothing down; running on it may.
NEVER = 1e15

OF_RUNS = (
    Measure("others_percent", "cpu of others", "%", "cpu", least=10, basic=True),
    Measure("cpu_some_percent", "cpu pressure", "%", "cpu", least=10),
    Measure("memory_some_percent", "memory pressure", "%", "memory", least=5),
    Measure("io_some_percent", "io pressure", "%", "io", least=10, basic=True),
    Measure("available_bytes", "memory available", "B", "memory", "below", share=0.3, basic=True),
    Measure("frequency_mhz", "clock frequency", "MHz", "clock", "below", share=0.1),
    Measure("temperature_celsius", "temperature", "°C", "heat", least=8, basic=True),
    Measure("on_battery", "on battery", "", "power", least=0.4),
    Measure("cpu_ms", "own cpu time", "ms", "work", None, share=0.1, least=1),
    Measure("max_rss_bytes", "own memory", "B", "work", None, share=0.2, least=10 * MB),
    Measure("read_bytes", "read from disk", "B", "work", None, share=0.5, least=10 * MB),
    Measure("written_bytes", "written to disk", "B", "work", None, share=0.5, least=10 * MB),
    Measure("rows", "rows", "", "work", None, share=0.1),
    Measure("received_bytes", "answer", "B", "work", None, share=0.2, least=1000),
    Measure("output_bytes", "output", "B", "work", None, share=0.5, least=1000),
    Measure("connect_ms", "until connected", "ms", "work", share=0.5, least=5),
    Measure("voluntary_switches", "times it waited", "", "work", share=0.5, least=100),
    Measure("involuntary_switches", "times interrupted", "", "cpu", share=1.0, least=100),
)


@dataclass(frozen=True, slots=True)
class Sampled:
    """Figures of one kind of sample. ``key`` is the column that tells devices apart."""

    kind: str
    table: str
    measures: tuple[Measure, ...]
    key: str = ""


# What a run tells of the machine itself: figure of the samples → column of the run.
TOLD_BY_RUNS = {
    "pressure.cpu_some_percent": "cpu_some_percent",
    "pressure.memory_some_percent": "memory_some_percent",
    "pressure.io_some_percent": "io_some_percent",
    "memory.available_bytes": "available_bytes",
    "sensor.temperature_celsius": "temperature_celsius",
    "cpu.frequency_mhz": "frequency_mhz",
    "cpu.busy_percent": "others_percent",
    "sensor.on_mains": "on_battery",
}

SAMPLED = (
    Sampled(
        "cpu",
        "cpu_samples",
        (
            Measure("busy_percent", "cpu busy", "%", "cpu", least=15, basic=True),
            Measure("iowait_percent", "waiting for io", "%", "io", least=10),
            Measure("steal_percent", "taken by other guests", "%", "cpu", least=5),
            Measure("frequency_mhz", "clock frequency", "MHz", "clock", "below", share=0.1),
        ),
    ),
    Sampled(
        "pressure",
        "pressure_samples",
        (
            Measure("cpu_some_percent", "cpu pressure", "%", "cpu", least=10),
            Measure("memory_some_percent", "memory pressure", "%", "memory", least=5),
            Measure("io_some_percent", "io pressure", "%", "io", least=10, basic=True),
        ),
    ),
    Sampled(
        "memory",
        "memory_samples",
        (
            Measure("available_bytes", "memory available", "B", "memory", "below", share=0.3, basic=True),
            Measure("swap_in_bytes_per_s", "read from swap", "B/s", "memory", least=MB),
            Measure("swap_out_bytes_per_s", "written to swap", "B/s", "memory", least=MB),
        ),
    ),
    Sampled(
        "sensor",
        "sensor_samples",
        (
            Measure("temperature_celsius", "temperature", "°C", "heat", least=8, basic=True),
            Measure("battery_percent", "battery", "%", "power", "below", least=NEVER),
            Measure("on_mains", "on mains", "", "power", "below", least=0.4),
        ),
    ),
    Sampled(
        "disk",
        "disk_samples",
        (
            Measure("busy_percent", "busy", "%", "disk", least=20),
            Measure("read_bytes_per_s", "read", "B/s", "disk", share=1.0, least=5 * MB),
            Measure("written_bytes_per_s", "written", "B/s", "disk", share=1.0, least=5 * MB),
        ),
        key="device",
    ),
    Sampled(
        "network",
        "network_samples",
        (
            Measure("received_bytes_per_s", "received", "B/s", "network", share=1.0, least=5 * MB),
            Measure("sent_bytes_per_s", "sent", "B/s", "network", share=1.0, least=5 * MB),
        ),
        key="interface",
    ),
    Sampled(
        "filesystem",
        "filesystem_samples",
        (Measure("used_percent", "full", "%", "space", least=10),),
        key="mount",
    ),
)
