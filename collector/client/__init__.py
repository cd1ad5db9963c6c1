"""What applications use to report, and commands to talk to the daemon. Standard library only.

    from collector.client import record, timed

    with timed("query", name="open orders"):
        rows = orders.fetch()

The functions use one client for the whole process; `Client` makes more of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector.client.client import Client, DefaultClient
from collector.client.span import Span, Timed

if TYPE_CHECKING:
    from collector.client.line import Line, Unreachable, short

_default = DefaultClient()
configure = _default.configure
counters = _default.counters
flush = _default.flush
record = _default.record
timed = _default.timed


def __getattr__(name: str) -> object:
    """Load what talks to the daemon for whoever asks for it: applications that only report need none."""
    if name not in ("Line", "Unreachable", "short"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from collector.client import line  # noqa: PLC0415  # 15 ms, for json and socket

    return getattr(line, name)


__all__ = [
    "Client",
    "Line",
    "Span",
    "Timed",
    "Unreachable",
    "configure",
    "counters",
    "flush",
    "record",
    "short",
    "timed",
]
