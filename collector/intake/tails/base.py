"""What a log format is: a parser that turns the lines of a log into executions of statements.

A format is one file in `collector/intake/tails/formats/`. Its parser is pure: it is given whole lines
and where they stand, and opens no file and reads no clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from collector.fingerprint import Dialect
from collector.registry import Registry

EXAMPLE_CHARACTERS = 200


class Execution(NamedTuple):
    """One statement that ran, or whatever else the log timed.

    ``offset`` is where in the file the entry begins that tells of it; it tells equal ones apart.
    ``timestamp`` is when it *began*, in milliseconds since the epoch. ``columns`` are further columns of
    an operation (``rows``, ``success``, ``endpoint``, …), ``metadata`` whatever else belongs to it.
    """

    offset: int
    timestamp: int
    duration_ms: float
    sql: str | None
    columns: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None
    plan: str | None = None


@dataclass
class Unread:
    """Lines that could not be understood: how many, and the latest of them for a person to look at."""

    lines: int = 0
    example: str = ""

    def add(self, text: bytes, lines: int = 1) -> None:
        """Count some."""
        self.lines += lines
        self.example = text[: EXAMPLE_CHARACTERS * 4].decode("utf-8", "replace")[:EXAMPLE_CHARACTERS]


class Parser(Protocol):
    """Reads one file from its top to its bottom, or from some entry on."""

    unread: Unread

    def feed(self, chunk: bytes, offset: int) -> list[Execution]:
        """Executions that are complete by now. ``chunk`` holds whole lines and begins at ``offset``.

        Chunks follow one another without holes. An entry is complete only when the next one begins.
        """
        ...

    def quiet(self) -> list[Execution]:
        """Nothing more came for a second, or the file ends here: what is held back is complete."""
        ...

    @property
    def held_from(self) -> int | None:
        """Where the first entry begins that was fed and not yet given away; None when there is none.

        Whoever begins to read there with a new parser loses nothing.
        """
        ...


@dataclass(frozen=True)
class Options:
    """What the config says of a log: ``prefix`` is the server's log_line_prefix, ``timezone`` a name as
    in the tz database for logs whose own zone is missing or only an abbreviation, ``pattern`` a regular
    expression.
    """

    prefix: str | None = None
    timezone: str | None = None
    pattern: str | None = None


@dataclass(frozen=True)
class LogFormat:
    """A format by its name. ``takes`` are the fields of `Options` that it understands."""

    name: str
    about: str
    dialect: Dialect
    parser: Callable[[Options], Parser]
    takes: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    faults: Callable[[Options], Iterator[tuple[str, str]]] = field(default=lambda _: iter(()))


FORMATS: Registry[LogFormat] = Registry("log format")

MakesParser = Callable[[Options], Parser]


def log_format(
    name: str,
    about: str,
    *,
    dialect: Dialect = "generic",
    takes: tuple[str, ...] = (),
    needs: tuple[str, ...] = (),
    faults: Callable[[Options], Iterator[tuple[str, str]]] = lambda _: iter(()),
) -> Callable[[MakesParser], MakesParser]:
    """Announce what makes a parser as the format ``name``; ``about`` says in a few words what it reads.

    ``takes`` are the `Options` it understands, ``needs`` those it cannot do without; ``faults`` gives
    (option, what is wrong with it) for options that cannot be used.
    """

    def announce(parser: MakesParser) -> MakesParser:
        FORMATS.add(name, LogFormat(name, about, dialect, parser, (*takes, *needs), needs, faults))
        return parser

    return announce
