"""Temperature and power samples."""

from collector.records.base import Flag, Real, Record, Timestamp, kind


@kind("sensor", "machine", source="/sys/class/thermal, /sys/class/hwmon, /sys/class/power_supply")
class SensorSample(Record):
    """How hot the processor is and what feeds the machine."""

    timestamp = Timestamp(primary_key=True)
    temperature_celsius = Real("hottest processor sensor; null where there is none", unit="°C", null=True)
    battery_percent = Real("charge of the battery; null without one", unit="%", null=True)
    on_mains = Flag("whether mains power is connected; null where nothing tells", null=True)

    class Meta:
        table_name = "sensor_samples"
