"""Who could have changed a config: judged by the file, its folders, and the links on the way to it."""

from __future__ import annotations

import os
import stat
import struct
from pathlib import Path

import pytest

from collector import config_file, ownership
from collector.errors import ConfigError
from tests.security.others import SOMEBODY, as_root, given_away, opened_to_all


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A config that only its owner can change, two folders down."""
    folder = tmp_path / "etc/collector"
    folder.mkdir(parents=True, mode=0o755)
    path = folder / "c.toml"
    path.write_text("[sampling]\n")
    path.chmod(0o644)
    return path


def refusal(path: Path) -> list[str]:
    """What is said of a config that is not taken."""
    with pytest.raises(ConfigError) as caught:
        config_file.read(path)
    return [str(problem) for problem in caught.value.problems]


def test_what_was_judged_is_what_is_read(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever stands under that name a moment later: here right after the look at it."""
    evil = config.with_name("evil.toml")
    evil.write_text("[[workloads]]\n")
    look = os.fstat

    def look_and_replace(fd: int) -> os.stat_result:
        info = look(fd)
        if stat.S_ISREG(info.st_mode) and evil.exists():
            evil.replace(config)
        return info

    monkeypatch.setattr(os, "fstat", look_and_replace)
    assert config_file.read(config)[0] == {"sampling": {}}
    assert not evil.exists()


def test_a_link_in_a_folder_that_everybody_can_write_is_refused(config: Path, tmp_path: Path) -> None:
    """It may lead elsewhere tomorrow, however safe the file is that it leads to today."""
    folder = tmp_path / "open"
    folder.mkdir()
    (folder / "link.toml").symlink_to(config)
    assert config_file.read(folder / "link.toml")[0] == {"sampling": {}}
    said = opened_to_all(folder)
    assert refusal(folder / "link.toml") == [said]


def test_a_link_further_up_counts_as_well(config: Path, tmp_path: Path) -> None:
    """A folder may be one."""
    folder = tmp_path / "open"
    folder.mkdir()
    (folder / "current").symlink_to(config.parent.parent)
    said = opened_to_all(folder)
    assert refusal(folder / "current/collector/c.toml") == [said]


@as_root
def test_a_link_of_somebody_else_is_refused_even_in_a_sticky_folder(config: Path, tmp_path: Path) -> None:
    """There its owner can replace it."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    folder.chmod(0o1777)
    link = folder / "link.toml"
    link.symlink_to(config)
    assert config_file.read(link)[0] == {"sampling": {}}
    said = given_away(link)
    assert refusal(link) == [said]


def test_a_way_up_and_down_again_is_judged_where_it_leads(config: Path, tmp_path: Path) -> None:
    """By what stands there, not by how it is written."""
    said = opened_to_all(config.parent)
    assert refusal(tmp_path / "etc/../etc/collector/../collector/c.toml") == [said]


def test_a_circle_of_links_is_a_sentence(tmp_path: Path) -> None:
    """And no endless loop."""
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert refusal(tmp_path / "a") == ["cannot read it: Too many levels of symbolic links"]
    assert ownership.faults(tmp_path / "a") == []


def test_a_pipe_is_no_config(tmp_path: Path) -> None:
    """To read it would wait for ever."""
    os.mkfifo(tmp_path / "c.toml")
    assert refusal(tmp_path / "c.toml") == ["cannot read it: it is not a regular file"]


@as_root
def test_a_group_further_up_is_trusted_only_with_folders_of_roots(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever shares their own folder lets that group put another below it."""
    shared = config.parent.parent
    os.chown(shared, -1, SOMEBODY)
    shared.chmod(0o775)
    assert config_file.read(config)[0] == {"sampling": {}}
    os.chown(shared, SOMEBODY, SOMEBODY)
    monkeypatch.setattr(os, "geteuid", lambda: SOMEBODY)
    assert refusal(config) == [f"{shared}: others in its group can write it; run `chmod g-w {shared}`"]


def test_an_access_list_that_lets_others_write_is_refused(config: Path) -> None:
    """What it allows shows as a right of the group, which may be one of our own."""
    entries = [(0x01, 6, 0xFFFFFFFF), (0x02, 6, SOMEBODY), (0x04, 4, 0xFFFFFFFF), (0x10, 6, 0xFFFFFFFF),
               (0x20, 4, 0xFFFFFFFF)]  # fmt: skip
    packed = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
    try:
        os.setxattr(config, "system.posix_acl_access", packed)
    except OSError as error:
        pytest.skip(f"no access lists on this file system: {error.strerror}")
    assert refusal(config) == [f"{config}: an access list lets others write it; run `setfacl -b {config}`"]


def test_what_is_not_there_is_judged_by_who_could_make_it(tmp_path: Path) -> None:
    """A sticky folder keeps what stands in it, but not its gaps."""
    assert ownership.faults(tmp_path / "gone/file") == []
    tmp_path.chmod(0o1777)
    gone = tmp_path / "gone"
    assert ownership.faults(gone / "file") == [
        f"{gone}: is not there, and everybody could put something there"
    ]


def open_descriptors() -> set[str]:
    """Those of this process; one of them is that of the listing."""
    return {path.name for path in Path("/proc/self/fd").iterdir()}


def test_nothing_stays_open(config: Path) -> None:
    """A look opens each folder on the way, in each run of a daemon that lives for months."""
    before = open_descriptors()
    link = config.with_name("link.toml")
    link.symlink_to(config)
    for path in (config, link, config / "below", config.parent / "gone"):
        ownership.faults(path)
    config_file.read(config)
    assert open_descriptors() == before
