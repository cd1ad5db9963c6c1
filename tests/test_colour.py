"""Colours: only on a terminal, only where they are wanted, and by one rule everywhere."""

from __future__ import annotations

import io
import os
import pty
import tty
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from typing import Any, TextIO

import pytest

from collector import log, terminal
from collector.colour import wants_colour
from collector.errors import CollectorError
from collector.tell import tell


class Screen:
    """A terminal that can show colours, and what it was sent."""

    def __init__(self, out: TextIO, mine: int) -> None:
        self._out, self._mine = out, mine

    def sent(self, say: Callable[[TextIO], object]) -> bytes:
        """What comes when ``say`` writes to it; it is standard output, too."""
        with redirect_stdout(self._out):
            say(self._out)
        self._out.flush()
        return os.read(self._mine, 1 << 16)


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    """One whose user wants colours."""
    mine, theirs = pty.openpty()
    tty.setraw(theirs)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    with open(theirs, "w", encoding="utf-8") as out:
        yield Screen(out, mine)
    log.configure("debug", style="json", stream=io.StringIO())
    os.close(mine)


def tell_an_error(out: TextIO) -> None:
    """As a command does that fails."""
    tell(CollectorError("it is broken", hint="mend it"), out)


def log_a_line(out: TextIO) -> None:
    """As a recorder does that runs in a terminal."""
    log.configure("info", style="console", stream=out)
    log.get_logger("daemon").warning("disk.full", reason="it is full")


def print_a_word(out: TextIO) -> None:
    """As a table does."""
    print(terminal.paint("failed", "red"), file=out)


SAYING: list[Any] = [tell_an_error, log_a_line, print_a_word]


@pytest.mark.parametrize("say", SAYING)
def test_a_terminal_has_colours(screen: Screen, say: Callable[[TextIO], object]) -> None:
    """Beside the words."""
    assert b"\x1b[" in screen.sent(say)


@pytest.mark.parametrize("say", SAYING)
@pytest.mark.parametrize(("name", "value"), [("TERM", "dumb"), ("NO_COLOR", "1")])
def test_a_dumb_terminal_has_none_and_who_wants_none(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, say: Callable[[TextIO], object], name: str, value: str
) -> None:
    """The shell inside an editor is a dumb one; for NO_COLOR see https://no-color.org."""
    monkeypatch.setenv(name, value)
    assert b"\x1b" not in screen.sent(say)


def test_what_is_no_terminal_has_none() -> None:
    """A pipe, a file."""
    assert wants_colour(io.StringIO()) is False
