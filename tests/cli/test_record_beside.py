"""``collector record -`` while a recorder begins, as real processes."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.test_record import SKILL
from tests.daemon.conftest import Recorder, recorder

pytestmark = pytest.mark.long

__all__ = ["recorder"]


@contextmanager
def recording(config: Path) -> Iterator[tuple[subprocess.Popen[bytes], Callable[[int], None]]]:
    """``collector record skill -`` as a real process, and what gives it so many lines."""
    with subprocess.Popen(
        [sys.executable, "-m", "collector", "record", "skill", "-", "--config", str(config)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdin is not None

        def give(lines: int) -> None:
            assert process.stdin is not None
            process.stdin.write((json.dumps(SKILL) + "\n").encode() * lines)
            process.stdin.flush()

        yield process, give
        process.kill()


@pytest.mark.parametrize("lines", [1, 400])
def test_a_recorder_begins_while_lines_trickle_in(recorder: Recorder, lines: int) -> None:
    """It takes those that come from then on; ``tail -F`` never ends."""
    with recording(recorder.config) as (process, give):
        give(lines)
        recorder.start()
        give(lines)
        assert process.communicate(timeout=30)[0] == f"{2 * lines} recorded\n".encode()
    assert recorder.rows("SELECT count(*) FROM skill_metrics") == [(2 * lines,)]
    assert recorder.stop() == 0


def test_a_recorder_begins_while_lines_stream_in(recorder: Recorder) -> None:
    """However many there are, none is lost and none is stored twice."""
    ready = threading.Event()
    with recording(recorder.config) as (process, give), ThreadPoolExecutor(1) as pool:

        def stream() -> int:
            given = 0
            while not ready.is_set():
                give(500)
                given += 500
            give(500)
            return given + 500

        streaming = pool.submit(stream)
        try:
            recorder.start()
        finally:
            ready.set()
        given = streaming.result(30)
        assert process.communicate(timeout=30)[0] == f"{given:,} recorded\n".encode()
    assert recorder.rows("SELECT count(*) FROM skill_metrics") == [(given,)]
    assert recorder.stop() == 0
