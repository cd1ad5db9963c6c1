"""What ends the wait of the socket's thread, from another."""

from __future__ import annotations

import os
import select

from collector.intake.waking import Waking


def readable(waking: Waking) -> bool:
    """Whether whoever waits for it is woken."""
    return bool(select.select([waking], [], [], 0)[0])


def test_it_wakes_until_it_is_heard() -> None:
    """However often somebody wakes, and though nobody listens for long."""
    waking = Waking()
    before = readable(waking)
    for _ in range(100_000):  # more than a pipe holds
        waking.wake()
    woken = readable(waking)
    while readable(waking):
        waking.heard()
    assert (before, woken) == (False, True)
    waking.close()


def test_after_its_end_nothing_is_written_anywhere() -> None:
    """The writer may still have an answer; the pipe's numbers are other files' by then."""
    waking = Waking()
    waking.close()
    reading, writing = os.pipe2(os.O_NONBLOCK)
    waking.wake()
    waking.close()
    os.close(writing)
    assert os.read(reading, 10) == b""
    os.close(reading)
