"""What a command says of the gaps in the window that its answer is about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from collector import clock
from collector.answers import gaps

if TYPE_CHECKING:
    from collector.orm import peewee


def holes(
    database: peewee.SqliteDatabase, since_ms: int, until_ms: int | None, moments: Iterable[int] = ()
) -> str:
    """The gaps from ``since_ms`` to ``until_ms`` (now where there is none) in words; empty for none.

    Without a beginning it is the first of ``moments``, those of the rows that are shown.
    """
    now_ms = clock.now().wall_ms
    end_ms = now_ms if until_ms is None else until_ms
    start_ms = since_ms or min(moments, default=since_ms)
    return gaps.in_words(gaps.within(database, start_ms, end_ms), now_ms)


def say(found: str, *, to_program: bool = False) -> None:
    """Under a table as its last line; beside JSON or CSV on stderr."""
    if found:
        click.echo(f"note: {found}" if to_program else found, err=to_program)
