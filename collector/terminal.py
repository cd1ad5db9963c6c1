"""What goes to a terminal: one JSON document, colour as a second signal only, progress after two seconds.

Nothing is cut where it is piped, and no stored text can send the terminal a control character.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from collector.colour import wants_colour

if TYPE_CHECKING:
    from rich.progress import Progress

T = TypeVar("T")

# Whatever takes longer than this shows how far it is.
PROGRESS_SECONDS = 2.0


def print_json(document: Any) -> None:
    """Print one JSON document; a list goes one row a line, so that it can be read and grepped."""
    if isinstance(document, list) and document:
        rows = ",\n ".join(json.dumps(row, default=str) for row in document)
        text = f"[{rows}]"
    else:
        text = json.dumps(document, default=str, indent=2)
    click.echo(text.replace("\x7f", "\\u007f"))  # the one control character that JSON leaves raw


def paint(text: str, colour: str) -> str:
    """``text`` in a colour, on a terminal that wants one."""
    return click.style(text, fg=colour) if colour and text and wants_colour(sys.stdout) else text


def printable(text: str) -> str:
    """``text`` with control, bidirectional and invisible characters written out: it steers no terminal."""
    if text.isprintable():
        return text
    from collector import log  # noqa: PLC0415  # rarely needed, and dear to load

    return log.printable(text)


def display_width(text: str) -> int:
    """How many columns a terminal gives ``text``."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # noqa: PLC0415  # knows the wide characters

    return cell_len(text)


def cut(text: str, width: int) -> str:
    """``text`` in at most ``width`` columns, with … where something is missing."""
    if display_width(text) <= width:
        return text
    while text and display_width(text) > width - 1:
        text = text[:-1]
    return text + "…"


def terminal_width() -> int | None:
    """Columns of the terminal; None when stdout is none, and nothing needs to be cut."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def with_progress(items: Sequence[T], doing: str) -> Iterator[T]:
    """The items one by one; after two seconds a bar on stderr tells how many of them are done."""
    start, bar = time.monotonic(), None
    try:
        for done, item in enumerate(items):
            if bar is None and time.monotonic() - start > PROGRESS_SECONDS and sys.stderr.isatty():
                bar = _progress_bar(doing, len(items))
            if bar is not None:
                bar.update(bar.task_ids[0], completed=done)
            yield item
    finally:
        if bar is not None:
            bar.stop()


def _progress_bar(doing: str, total: int) -> Progress:
    from rich.console import Console  # noqa: PLC0415  # dear to load, and mostly not needed
    from rich.progress import Progress  # noqa: PLC0415

    bar = Progress(console=Console(stderr=True), transient=True)
    bar.add_task(doing, total=total)
    bar.start()
    return bar
