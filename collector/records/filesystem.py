"""File system fill samples, one row a mount."""

from collector.orm import peewee
from collector.records.base import Real, Record, Text, Timestamp, Whole, kind


@kind("filesystem", "machine", source="statvfs(3) of the mounts that psutil lists", per=("mount",))
class FilesystemSample(Record):
    """How full one mounted file system is."""

    timestamp = Timestamp()
    mount = Text("where it is mounted")
    used_bytes = Whole("in use", unit="B")
    free_bytes = Whole("free for users other than root", unit="B")
    used_percent = Real("used share of what users can have", unit="%")

    class Meta:
        table_name = "filesystem_samples"
        primary_key = peewee.CompositeKey("timestamp", "mount")
        without_rowid = True
