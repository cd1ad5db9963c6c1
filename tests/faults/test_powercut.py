"""What a power cut may leave: everything that was synced, and any part of the rest."""

from __future__ import annotations

import random
from pathlib import Path

from tests.faults.powercut import SECTOR_BYTES, Disk
from tests.faults.shim import Calls, Entry

TRIES = 60
PAGE = 4 * SECTOR_BYTES


def left(tmp_path: Path, before: dict[str, bytes], *entries: Entry) -> set[tuple[tuple[str, bytes], ...]]:
    """All the folders that came of many cuts at the end of ``entries``."""
    disk = Disk(tmp_path, before).replay(entries)
    found = set()
    for number in range(TRIES):
        into = tmp_path / f"cut{number}"
        into.mkdir()
        disk.cut(into, random.Random(number))
        found.add(tuple((path.name, path.read_bytes()) for path in sorted(into.iterdir())))
    return found


def call(tmp_path: Path, kind: Calls, name: str = "", at: int = 0, data: bytes = b"", to: str = "") -> Entry:
    """An entry of the journal; without a name it is about the folder."""
    return Entry(kind, tmp_path / name, tmp_path / to if to else None, at, data, 0)


def test_what_was_synced_is_there(tmp_path: Path) -> None:
    """Once the file and the folder are, there is one outcome."""
    write = call(tmp_path, Calls.WRITE, "a", 0, b"new")
    synced = left(tmp_path, {}, write, call(tmp_path, Calls.SYNC, "a"), call(tmp_path, Calls.SYNC))
    assert synced == {(("a", b"new"),)}


def test_a_later_write_is_there_missing_or_torn_between_sectors(tmp_path: Path) -> None:
    """Each sector is the old one or the new one, and no third."""
    found = left(tmp_path, {"a": b"o" * PAGE}, call(tmp_path, Calls.WRITE, "a", 0, b"n" * PAGE))
    images = {data for ((_, data),) in found}
    sectors = {image[at : at + SECTOR_BYTES] for image in images for at in range(0, PAGE, SECTOR_BYTES)}
    assert sectors == {b"o" * SECTOR_BYTES, b"n" * SECTOR_BYTES}
    assert {b"o" * PAGE, b"n" * PAGE} < images


def test_a_name_may_come_back_until_the_folder_is_synced(tmp_path: Path) -> None:
    """A removed file is there or not, a renamed one has the old name or the new."""
    unlink = call(tmp_path, Calls.UNLINK, "a")
    rename = call(tmp_path, Calls.RENAME, "b", to="c")
    found = left(tmp_path, {"a": b"1", "b": b"2"}, unlink, rename)
    assert found == {(("a", b"1"), ("b", b"2")), (("b", b"2"),), (("c", b"2"),)}


def test_a_second_name_is_the_same_file(tmp_path: Path) -> None:
    """What is written by one name is read by the other; until the folder is synced it may be missing."""
    linked = call(tmp_path, Calls.LINK, "a", to="b")
    written = call(tmp_path, Calls.WRITE, "b", 0, b"2"), call(tmp_path, Calls.SYNC, "b")
    found = left(tmp_path, {"a": b"1"}, linked, *written)
    assert found == {(("a", b"2"),), (("a", b"2"), ("b", b"2"))}
    both = next(path for path in tmp_path.iterdir() if (path / "b").exists())
    assert (both / "a").samefile(both / "b")


def test_a_truncation_may_be_missing(tmp_path: Path) -> None:
    """A file that grows by it grows by zeros."""
    shorter = left(tmp_path, {"a": b"12345"}, call(tmp_path, Calls.TRUNCATE, "a", 2))
    assert shorter == {(("a", b"12345"),), (("a", b"12"),)}
