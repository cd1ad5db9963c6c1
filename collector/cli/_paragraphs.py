"""Lines that are longer than a terminal is wide."""

from __future__ import annotations

import textwrap

import click

from collector.terminal import printable, terminal_width


def print_paragraph(text: str) -> None:
    """Print a line, or several of the terminal's width; it breaks between words only."""
    width, text = terminal_width(), printable(text)
    lines = [text] if width is None else textwrap.wrap(text, width, subsequent_indent="    ")
    for line in lines:
        click.echo(line)
