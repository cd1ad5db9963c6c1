"""What applications use to report, and commands to talk to the daemon. Standard library only.

    from collector.client import record, timed

    with timed("query", name="open orders"):
        rows = orders.fetch()

The functions use one client for the whole process; `Client` makes more of them.
"""

from collector.client.client import Client, DefaultClient
from collector.client.line import Line, Unreachable, short
from collector.client.span import Span, Timed

_default = DefaultClient()
configure = _default.configure
counters = _default.counters
flush = _default.flush
record = _default.record
timed = _default.timed

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
