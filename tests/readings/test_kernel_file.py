"""A file of the kernel stays open and is read anew."""

from __future__ import annotations

import gc
import threading
from pathlib import Path

import pytest

from collector.readings.kernel_file import KernelFile, read_word

from .conftest import Tree


def test_a_second_read_gives_the_text_of_that_moment(tree: Tree) -> None:
    """The file stays open, its text does not."""
    path = tree({"loadavg": "0.10"}) / "loadavg"
    file = KernelFile(path)
    assert file.read() == b"0.10"
    path.write_text("0.2")
    assert file.read() == b"0.2"


def test_a_text_longer_than_one_read_is_read_to_its_end(tree: Tree) -> None:
    """Large machines have a /proc/diskstats of many pages."""
    text = "x" * 200_000
    assert KernelFile(tree({"diskstats": text}) / "diskstats").read() == text.encode()


def test_a_file_of_many_records_is_read_whole() -> None:
    """The kernel hands out /proc/self/smaps a page at a time; the last mapping must be there."""
    assert b"VmFlags" in KernelFile("/proc/self/smaps").read()[-200:]


def test_threads_that_share_a_file_never_see_half_a_text(tree: Tree) -> None:
    """There is no position in the file that they could move under each other."""
    file = KernelFile(tree({"cpu": "0123456789" * 500}) / "cpu")
    seen: set[bytes] = set()
    threads = [
        threading.Thread(target=lambda: seen.update(file.read() for _ in range(200))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {b"0123456789" * 500}


def test_the_file_is_closed_when_nobody_holds_it_any_more(tree: Tree) -> None:
    """A reload makes new samplers, and the old ones must not leak descriptors."""
    path = tree({"stat": "cpu"}) / "stat"
    file = KernelFile(path)
    file.read()
    assert _open_on(path) == 1
    del file
    gc.collect()
    assert _open_on(path) == 0


def test_a_missing_file_raises_when_it_is_read_and_not_before(tmp_path: Path) -> None:
    """Making a sampler touches nothing."""
    file = KernelFile(tmp_path / "none")
    with pytest.raises(FileNotFoundError):
        file.read()


def test_the_table_of_mounts_is_not_changed_while_nobody_mounts() -> None:
    """The kernel tells changes since the call before, the first included."""
    mounts = KernelFile("/proc/self/mounts")
    mounts.changed()
    assert mounts.changed() is False


def test_a_word_is_none_where_there_is_no_file(tree: Tree) -> None:
    """Most attributes of sysfs are optional."""
    root = tree({"type": "Battery\n"})
    assert read_word(root / "type") == "Battery"
    assert read_word(root / "scope") is None


def _open_on(path: Path) -> int:
    return sum(link.exists() and link.samefile(path) for link in Path("/proc/self/fd").iterdir())
