"""Which files a tail's path stands for."""

from __future__ import annotations

import os
from pathlib import Path

from collector.intake.tails.paths import closed_folder, files, is_pattern


def test_a_path_with_a_star_stands_for_the_files_written_last(tmp_path: Path) -> None:
    """Those written last are the last; folders are no logs."""
    for n in range(5):
        path = tmp_path / f"pg-{n:02}.log"
        path.touch()
        os.utime(path, (n, n))
    (tmp_path / "pg-x.log").mkdir()
    found = files(tmp_path / "pg-*.log")
    assert [path.name for path in found] == [f"pg-{n:02}.log" for n in range(5)]


def test_a_folder_that_is_not_there_or_closed_is_told(tmp_path: Path) -> None:
    """A pattern that fits nothing may be in the wrong place."""
    assert closed_folder(tmp_path / "*.log") is None
    assert closed_folder(tmp_path / "no/*/x-*.log") == f"{tmp_path}/no: No such file or directory"


def test_a_plain_path_stands_for_itself(tmp_path: Path) -> None:
    """If there is such a file."""
    path = tmp_path / "a.log"
    assert files(path) == []
    path.touch()
    assert files(path) == [path]
    assert not is_pattern(path)
