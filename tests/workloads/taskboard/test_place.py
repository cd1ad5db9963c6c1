"""The folder of a bench is gone afterwards, whatever happened."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from collector.errors import CollectorError
from collector.workloads.taskboard.place import folder_in, nearest

KILLED = """
import os, signal, sys
from pathlib import Path
from collector.workloads.taskboard.place import folder_in
with folder_in(Path(sys.argv[1]), 1000) as folder:
    (folder / "taskboard.db").write_text("much")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_folder_goes_with_the_block(tmp_path: Path) -> None:
    """With all that is in it."""
    with folder_in(tmp_path, 1000) as folder:
        assert folder.parent == tmp_path
        (folder / "file").write_text("x", encoding="utf-8")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "error"),
    [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit), (signal.SIGHUP, SystemExit)],
)
def test_a_signal_ends_the_block_and_the_folder(
    tmp_path: Path, number: signal.Signals, error: type[BaseException]
) -> None:
    """And what the signal did before, it does again."""
    before = signal.getsignal(number)
    with pytest.raises(error), folder_in(tmp_path, 1000):
        signal.raise_signal(number)
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(number) == before


def test_what_a_killed_process_left_is_swept_up_by_the_next(tmp_path: Path) -> None:
    """Once it is old: a young one may just be made."""
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False, timeout=30)
    (left,) = tmp_path.iterdir()
    with folder_in(tmp_path, 1000):
        assert left.exists()
    os.utime(left, (0, 0))
    with folder_in(tmp_path, 1000):
        assert not left.exists()


def test_a_folder_in_use_is_not_swept_up(tmp_path: Path) -> None:
    """However old it is."""
    with folder_in(tmp_path, 1000) as first:
        os.utime(first, (0, 0))
        with folder_in(tmp_path, 1000) as second:
            assert first.exists()
            assert second.exists()


def test_too_little_space_is_told_before_anything_is_written(tmp_path: Path) -> None:
    """The disk may be the recorder's own."""
    with (
        pytest.raises(CollectorError, match=r"tasks need .* TB, and .* are free"),
        folder_in(tmp_path, 10**12),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_takes_nothing_is_told(tmp_path: Path) -> None:
    """With what the system says."""
    with pytest.raises(CollectorError, match="No such file or directory"), folder_in(tmp_path / "no", 1000):
        pass


def test_the_nearest_folder_is_one_that_exists(tmp_path: Path) -> None:
    """So that a bench begins no state folder."""
    assert nearest(tmp_path) == tmp_path
    assert nearest(tmp_path / "state" / "collector") == tmp_path
