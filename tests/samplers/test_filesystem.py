"""The file system sampler."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from collector.samplers.base import Context, Seat
from collector.samplers.filesystem import Filesystem, real_mounts

from .conftest import Write, columns


class Part(NamedTuple):
    """As psutil tells a mount."""

    device: str
    mountpoint: str
    fstype: str


def size(blocks: int, free: int, available: int) -> os.statvfs_result:
    """What statvfs says of a file system with blocks of 4 KiB."""
    return os.statvfs_result((4096, 4096, blocks, free, available, 0, 0, 0, 0, 255))


def test_bind_mounts_of_one_device_are_said_once() -> None:
    """By the shortest path."""
    parts = [
        Part("/dev/sda2", "/srv/data", "ext4"),
        Part("/dev/sda2", "/", "ext4"),
        Part("/dev/sda2", "/var/lib/docker", "ext4"),
        Part("/dev/sda1", "/boot", "vfat"),
    ]
    assert real_mounts(parts, parts) == ["/", "/boot"]


def test_images_that_are_full_by_nature_are_left_out() -> None:
    """A snap is always at 100 %."""
    parts = [Part("/dev/loop0", "/snap/core/1", "squashfs"), Part("/dev/sda2", "/", "ext4")]
    assert real_mounts(parts, parts) == ["/"]


def test_a_mount_that_came_by_itself_is_not_kept_awake() -> None:
    """Asking it each tick would keep its idle time from ever running out."""
    disk = Part("/dev/sdb1", "/mnt/backup", "ext4")
    assert real_mounts([disk], [Part("systemd-1", "/mnt/backup", "autofs"), disk]) == []


def test_a_row_tells_the_share_that_users_can_have(fake: Context) -> None:
    """As df does: what is reserved for root is neither used nor free."""
    rows = Filesystem(fake).records(None, {"/": size(1000, 400, 200)}, 0.0, 3)
    assert columns(rows) == [
        {
            "timestamp": 3,
            "mount": "/",
            "used_bytes": 600 * 4096,
            "free_bytes": 200 * 4096,
            "used_percent": 75.0,
        }
    ]


def test_a_file_system_without_a_size_gives_no_row(fake: Context) -> None:
    """And divides nothing by zero."""
    assert Filesystem(fake).records(None, {"/x": size(0, 0, 0)}, 0.0, 3) == []


def test_a_failing_mount_does_not_lose_the_others(
    fake: Context, tmp_path: Path, said: list[dict[str, Any]]
) -> None:
    """It is said once, and so is its return."""
    gone, there = str(tmp_path / "gone"), str(tmp_path)
    sampler = Filesystem(fake)
    assert set(sampler.asked([gone, there])) == {there}
    assert set(sampler.asked([gone, there])) == {there}
    Path(gone).mkdir()
    assert set(sampler.asked([gone, there])) == {gone, there}
    assert [(event["event"], event["mount"]) for event in said] == [
        ("filesystem.failed", gone),
        ("filesystem.failed.over", gone),
    ]


def test_the_list_is_read_again_after_a_minute_only(fake: Context, write: Write) -> None:
    """Unless the kernel says that it changed, which a file in a folder never does."""
    write({"proc/self/mounts": "", "proc/filesystems": ""})
    sampler = Filesystem(fake)
    first = sampler.mounts(100.0)
    assert sampler.mounts(159.9) is first
    assert sampler.mounts(160.0) is not first


def test_this_machine_tells_at_least_one_file_system_and_agrees_with_the_library(real: Context) -> None:
    """A level: the first reading counts."""
    rows = columns(Seat(Filesystem(real)).turn(1))
    if not rows:
        pytest.skip("no file system of this machine has a device")
    for row in rows:
        assert row["free_bytes"] == pytest.approx(shutil.disk_usage(row["mount"]).free, rel=0.05)
