"""The unfinished file of a copy: ours alone, whoever else can write in the folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from collector.errors import CollectorError
from collector.store.backup.part import ENDING, beside, part_of


def _as_second_name(part: Path, other: Path) -> None:
    part.hardlink_to(other)


def _as_pipe(part: Path, _: Path) -> None:
    os.mkfifo(part)


def _as_somebody_elses(part: Path, _: Path) -> None:
    part.touch()
    os.chown(part, 65534, -1)


@pytest.mark.parametrize("put", [_as_second_name, _as_pipe, _as_somebody_elses])
def test_what_somebody_put_in_the_way_is_not_written_into(
    tmp_path: Path, put: Callable[[Path, Path], None]
) -> None:
    """He would own the copy, or have us empty a file of ours that he cannot write."""
    if put is _as_somebody_elses and os.geteuid():
        pytest.skip("only root can give a file away")
    other, target = tmp_path / "other", tmp_path / "copy.db"
    other.write_text("mine")
    put(beside(target, ENDING), other)
    with pytest.raises(CollectorError, match="not a file that was made for a copy"), part_of(target):
        pass
    assert other.read_text() == "mine"
