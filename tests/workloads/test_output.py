"""Output is bounded: its first and last 32 KiB are kept, all of it is counted."""

from __future__ import annotations

import pytest

from collector.workloads.runner.kept import Kept
from tests.workloads.conftest import Run

HALF = 32 << 10


def test_output_up_to_64_kib_is_kept_whole(shell: Run) -> None:
    """To the last byte."""
    report = shell("head -c 65536 /dev/zero | tr '\\0' x")
    assert report["output"] == b"x" * 65536


def test_of_a_flood_the_beginning_and_the_end_are_kept(shell: Run) -> None:
    """With a line between that says how much is missing, and an exact count."""
    report = shell("echo begin; head -c 20000000 /dev/zero; echo end")
    assert report["output_bytes"] == 20_000_010
    assert len(report["output"]) < (64 << 10) + 100
    assert report["output"].startswith(b"begin\n")
    assert report["output"].endswith(b"end\n")
    assert b"\n[... 19934474 bytes left out ...]\n" in report["output"]


def test_a_background_child_that_holds_the_pipe_delays_nothing(shell: Run) -> None:
    """The end of the child is the end of the run, whoever else could still write."""
    report = shell("sleep 60 & echo done")
    assert report["output"] == b"done\n"
    assert report["wall_ms"] < 2000


def test_output_of_a_run_that_took_too_long_is_kept(shell: Run) -> None:
    """It tells where it hung."""
    report = shell("echo step one; sleep 60", timeout=0.2)
    assert (report["ended"], report["output"]) == ("timeout", b"step one\n")


@pytest.mark.parametrize(
    "sizes", [[1] * 10, [HALF, HALF], [HALF - 1, 2, HALF], [3 * HALF], [HALF, 1, HALF, 5]]
)
def test_what_is_kept_does_not_depend_on_how_it_arrives(sizes: list[int]) -> None:
    """Chunks of any size give the same text."""
    data = bytes(i % 251 for i in range(sum(sizes)))
    kept, at = Kept(HALF, HALF), 0
    for size in sizes:
        kept.add(data[at : at + size])
        at += size
    whole = Kept(HALF, HALF)
    whole.add(data)
    assert kept.text() == whole.text()
    assert kept.total == len(data)
