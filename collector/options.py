"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from collector import clock, moments

F = TypeVar("F", bound=Callable[..., Any])


class Since(click.ParamType[int]):
    """``7d``, ``12h`` or an ISO date and time; the command gets milliseconds since the epoch."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read what was typed, or say what is allowed."""
        if isinstance(value, int):
            return value
        try:
            return moments.parse_since(value, clock.now().wall_ms)
        except ValueError as error:
            return self.fail(f"{value!r}: {error}", param, ctx)


def since_option(command: F) -> F:
    """``--since MOMENT``."""
    return click.option(
        "--since",
        type=Since(),
        default=0,
        metavar="WHEN",
        help="Only what began after: 7d, 12h, 2026-03-01, '2026-03-01 14:05'.",
    )(command)


def until_option(command: F) -> F:
    """``--until MOMENT``; the command gets milliseconds, or None."""
    return click.option(
        "--until", type=Since(), metavar="WHEN", help="Only what began before; written as for --since."
    )(command)


def limit_option(default: int) -> Callable[[F], F]:
    """``--limit N``."""
    return click.option(
        "--limit", type=click.IntRange(1, 1_000_000), default=default, show_default=True, metavar="N",
        help="At most so many rows.",
    )  # fmt: skip
