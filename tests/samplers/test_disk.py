"""The disk sampler."""

from __future__ import annotations

import pytest

from collector.samplers.base import Context, Missing, Seat
from collector.samplers.disk import Counters, Disk, parse

from .conftest import Write, columns

LINE = "{:>4} {:>7} {} {} 0 {} 0 {} 0 {} 0 0 {} 0 0 0 0 0 0 0\n"
ZERO = Counters(0, 0, 0, 0, 0)


def diskstats(**devices: tuple[int, int, int, int, int]) -> str:
    """The text of /proc/diskstats: reads, sectors read, writes, sectors written, busy ms."""
    return "".join(LINE.format(8, i, name, *counts) for i, (name, counts) in enumerate(devices.items()))


def test_fields_are_found_and_sectors_are_512_bytes() -> None:
    """A real line of a kernel that tells flushes, too."""
    rest = b"40740 11298 3353490 16433 7607 20138 1168168 5269 0 7204 22127 3701 77 105944 369 921 54"
    assert parse(rest) == Counters(40740, 3353490 * 512, 7607, 1168168 * 512, 7204)


def test_a_row_tells_rates_of_one_device(fake: Context) -> None:
    """Half a second of work in two is a quarter."""
    before, now = {"sda": Counters(10, 1000, 20, 2000, 100)}, {"sda": Counters(30, 5000, 20, 8000, 600)}
    assert columns(Disk(fake).records(before, now, 2.0, 5)) == [
        {
            "timestamp": 5,
            "device": "sda",
            "read_bytes_per_s": 2000.0,
            "written_bytes_per_s": 3000.0,
            "reads_per_s": 10.0,
            "writes_per_s": 0.0,
            "busy_percent": 25.0,
        }
    ]


def test_a_disk_is_never_busier_than_always(fake: Context) -> None:
    """Its counter moves in steps of several ms."""
    now = {"sda": ZERO._replace(busy_ms=1012)}
    (row,) = columns(Disk(fake).records({"sda": ZERO}, now, 1.0, 0))
    assert row["busy_percent"] == 100.0


@pytest.mark.parametrize(
    "before",
    [{}, {"sda": Counters(9, 9, 9, 9, 99)}, {"sda": Counters(0, 0, 0, 0, 500)}],
    ids=["new", "replaced", "one-counter-back"],
)
def test_a_device_that_came_or_was_replaced_gives_no_row(fake: Context, before: dict[str, Counters]) -> None:
    """Nothing is known of it since the reading before; the other one is told."""
    now = {"sda": Counters(5, 5, 5, 5, 50), "sdb": Counters(2, 2, 2, 2, 2)}
    rows = columns(Disk(fake).records(before | {"sdb": ZERO}, now, 1.0, 0))
    assert [row["device"] for row in rows] == ["sdb"]


def test_a_device_that_never_did_anything_gives_no_row(fake: Context) -> None:
    """Sixteen empty nbd devices are no news."""
    assert Disk(fake).records({"nbd0": ZERO}, {"nbd0": ZERO}, 1.0, 0) == []


def test_only_whole_disks_are_read(fake: Context, write: Write) -> None:
    """No partitions, no memory, and nothing stacked on disks that are counted already."""
    one = (1, 1, 1, 1, 1)
    names = ("nvme0n1", "nvme0n1p1", "loop0", "ram0", "zram0", "dm-0", "md127", "sr0", "mmcblk0")
    write({"proc/diskstats": diskstats(**dict.fromkeys(names, one))})
    write({f"sys/block/{name}/size": "1" for name in names if name != "nvme0n1p1"})
    assert set(Disk(fake).read()) == {"nvme0n1", "mmcblk0"}


def test_a_slash_in_a_device_name_is_an_exclamation_mark_in_sysfs(fake: Context, write: Write) -> None:
    """Old RAID controllers: cciss/c0d0."""
    write(
        {"proc/diskstats": LINE.format(104, 0, "cciss/c0d0", 1, 1, 1, 1, 1), "sys/block/cciss!c0d0/size": "1"}
    )
    assert set(Disk(fake).read()) == {"cciss/c0d0"}


def test_the_files_of_the_kernel_become_a_row(fake: Context, write: Write) -> None:
    """Two readings by way of a seat."""
    write({"proc/diskstats": diskstats(sda=(1, 1, 1, 1, 1)), "sys/block/sda/size": "1"})
    seat = Seat(Disk(fake))
    assert seat.turn(1) == []
    write({"proc/diskstats": diskstats(sda=(1, 1, 9, 99, 1))})
    (row,) = columns(seat.turn(2))
    assert row["device"] == "sda"
    assert row["writes_per_s"] > 0
    assert row["reads_per_s"] == 0.0


def test_a_kernel_without_diskstats_lacks_the_subject(fake: Context) -> None:
    """Some containers hide it."""
    with pytest.raises(Missing, match="diskstats"):
        Disk(fake).read()
