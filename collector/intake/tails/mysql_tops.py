"""Entries of a slow query log: what stands before each statement, and where it begins.

    # Time: 261122 13:01:02
    # User@Host: app[app] @ localhost []
    # Thread_id: 3  Schema: shop  QC_hit: No
    # Query_time: 0.000862  Lock_time: 0.000102  Rows_sent: 0  Rows_examined: 3000
    # Rows_affected: 0  Bytes_sent: 121
    # Full_scan: Yes  Full_join: No  Tmp_table: No  Tmp_table_on_disk: No
    # explain: 1	SIMPLE	orders	ALL	NULL	NULL	…
    use `shop`;
    SET timestamp=1795352462;
    SELECT * FROM orders;

An entry begins at a line ``# User@Host: …[…] @ …`` (at the ``# Time: …`` above it, where there is one) that
has at most three other ``#`` lines between itself and ``# Query_time: … Lock_time: … Rows_sent: …
Rows_examined: …``, and ``SET timestamp=…;`` before the next such line, where the line before is a server's
banner or the end of a statement. The log does not escape statements, so a literal that holds all of these
lines behind a ``;`` is taken for an entry: nothing in the log tells it from one. What is told of the
statement's two parts then, `mysql_statements` says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_LONGEST_TOP_BYTES = 1 << 16
_USER, _TIME = b"\n# User@Host: ", b"\n# Time: "
_LINES = rb"((?:# (?!User@Host:|Time:|Query_time:)[^\n]*\n){0,3})"
_HEAD = re.compile(
    rb"\n# User@Host: ([^\[\n]*)\[([^\]\n]*)\] @ ([^\n]*\n)" + _LINES + rb"# Query_time: (\d{1,8}\.?\d*)"
    rb" +Lock_time: (\d{1,8}\.?\d*) +Rows_sent: (\d{1,18}) +Rows_examined: (\d{1,18})"
)
_BANNER = (b"Time\t", b"Time ", b"Tcp port: ")
# What may become that with the next lines.
_HEAD_BEGINS = re.compile(rb"\n# User@Host: [^\n]*\n" + _LINES + rb"\Z")
_SET = re.compile(rb"\nSET (?:[a-z_]+=\d+,)*timestamp=(\d{1,11}(?:\.\d+)?);\n")


class Top(NamedTuple):
    """What stands before a statement, as bytes of the log.

    Where it ``begins`` and ``ends`` in the text, the first being the end of the line before. ``time`` is
    empty where there is none; ``host`` is all that stands after the account; ``lines`` are those before
    Query_time, ``details`` what follows it.
    """

    begins: int
    ends: int
    time: bytes
    details: bytes
    timestamp: bytes
    account: bytes
    user: bytes
    host: bytes
    lines: bytes
    query_s: bytes
    lock_s: bytes
    rows_sent: bytes
    rows_examined: bytes


def tops(text: bytes) -> Iterator[Top]:
    """Each top that is complete; ``text`` begins with a line's end."""
    end, at = 0, text.find(_USER)
    while at >= 0:
        following = text.find(_USER, at + 1)
        if head := _HEAD.match(text, at):
            last = at + _LONGEST_TOP_BYTES if following < 0 else min(following + 1, at + _LONGEST_TOP_BYTES)
            when = _SET.search(text, head.end(), last)
            begins = _with_time(text, end, at)
            if when and _may_begin(text, begins):
                yield _top(begins, head, when)
                end = when.end() - 1
        at = following


def _top(begins: int, head: re.Match[bytes], when: re.Match[bytes]) -> Top:
    text = head.string
    time, details = text[begins + len(_TIME) : head.start()], text[head.end() : when.start()]
    return Top(begins, when.end(), time, details, when[1], *head.groups())


def _may_begin(text: bytes, at: int) -> bool:
    """Whether what stands before is the end of a statement, a banner, or not known."""
    if at == 0 or text.startswith(b";", at - 1):
        return True
    return text.startswith(_BANNER, text.rfind(b"\n", 0, at) + 1)


def _with_time(text: bytes, start: int, at: int) -> int:
    """``at``, or where the line before begins when that is a time; all of it from ``start`` on."""
    before = text.rfind(b"\n", start, at)
    return before if before >= 0 and text.startswith(_TIME, before) else at


def unsure_from(text: bytes, taken: int) -> int:
    """Where the last lines begin, if they may become a top with the next ones; else the end."""
    start = taken - 1
    at = text.rfind(_USER, start)
    may_grow = at >= 0 and len(text) - at < _LONGEST_TOP_BYTES
    if may_grow and (_HEAD_BEGINS.match(text, at) or _HEAD.match(text, at)):
        return _with_time(text, start, at) + 1
    last = text.rfind(b"\n", start, -1)
    return last + 1 if text.startswith(_TIME, last) else len(text)
