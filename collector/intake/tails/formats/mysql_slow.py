"""``mysql-slow``: the slow query log of MySQL, MariaDB and Percona Server; `mysql_tops` shows an entry.

Sources: what MariaDB 10.11 writes, ``LOGGER::slow_log_print`` and ``MYSQL_QUERY_LOG::write`` of its
``sql/log.cc``, and "The Slow Query Log" in the manuals of MySQL 8.0 and MariaDB.

**When a statement began.** MySQL since 5.7 writes the end, to the microsecond, as ``# Time: 2026-11-22T…``:
the beginning is that less the duration. MariaDB writes the second of the beginning: as
``# Time: 261122 13:01:02``, in the server's zone and not again within the same second, and with every entry
as ``SET timestamp``, which needs no zone and is what is taken. A client that sets its own ``timestamp``,
and a replica that applies another server's changes, falsify both. MySQL up to 5.6 writes the end to both:
there a statement is told as later than it was, by its duration.

**What is not an execution:** ``# administrator command: …`` (Ping, Quit, Prepare: what is prepared has an
entry of its own each time it is executed). With ``log_slow_disabled_statements=''`` MariaDB logs the
statements inside a procedure (``routine`` in their metadata) and the CALL as well, whose time holds theirs.

**What is told of a text that was cut.** A literal that holds a whole entry behind a ``;`` cuts its statement
in two (see `mysql_tops`), and quotes behind the cut would be read the wrong way round. So a text that does
not begin as a statement does is counted without its text, and one whose quotes do not come out is told up to
its first quote; see `mysql_statements`.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from collector.intake.tails.base import Execution, Options, Unread, log_format
from collector.intake.tails.line_ends import LineEnds
from collector.intake.tails.mysql_statements import told
from collector.intake.tails.mysql_tops import Top, tops, unsure_from

LONGEST_BYTES = 1 << 20  # of a statement; what is beyond is left out

_THREAD = re.compile(rb"(?:Id|Thread_id): +(\d+)")
_SCHEMA = re.compile(rb" Schema: ([^\n]*?)  (?:QC_hit|Last_errno): ")
_AFFECTED = re.compile(rb"Rows_affected: (\d{1,18})")
_EXPLAIN = re.compile(rb"\n# explain: ([^\n]*)")
_ROUTINE = re.compile(rb"\n# Stored_routine: ([^\n]*)")
_USE = re.compile(rb"\nuse `?([^\n]*?)`?;\Z")
# Written at the top of a file, and wherever the server starts or flushes its logs.
_BANNER = (
    rb"[^\n]*, Version: [^\n]*started with:\n",
    rb"Tcp port: [^\n]*\n",
    rb"Time[ \t]+Id[ \t]+Command[ \t]+Argument\n",
)
_BANNER_LINE = re.compile(rb"(?m:^)(?:" + b"|".join(_BANNER) + b")")
_BANNERS_AT_END = re.compile(rb"(?m:^)(?:" + b"".join(_BANNER) + rb")+\Z")


@log_format("mysql-slow", "slow query log of MySQL and MariaDB", dialect="mysql")
class MysqlSlow:
    """Each entry is an execution. Only what it says of itself is used, so that reading may begin at any.

    So the database is told only where the entry names it: by ``Schema:``, as MariaDB and Percona do in
    each, or by ``use``, which MySQL writes when it is another than that of the entry before.
    """

    def __init__(self, _: Options) -> None:
        self.unread = Unread()
        self._top: Top | None = None
        self._top_from = 0
        self._statement: list[bytes] = []  # in pieces
        self._statement_bytes = 0
        self._rest = b""  # lines that may be a part of the next top
        self._rest_from = 0

    def feed(self, chunk: bytes, offset: int) -> list[Execution]:
        """The executions whose next entry begins in ``chunk``."""
        raw = b"\n" + self._rest + chunk
        base = offset - len(self._rest) - 1
        ends = LineEnds(raw)
        text = ends.text
        done: list[Execution] = []
        taken = 1
        for top in tops(text):
            self._more(text[taken : top.begins + 1])
            done += self._close()
            self._top, self._top_from, taken = top, base + ends.place(top.begins + 1), top.ends
        rest = unsure_from(text, taken)
        self._more(text[taken:rest])
        rest = ends.place(rest)
        self._rest, self._rest_from = raw[rest:], base + rest
        return done

    def quiet(self) -> list[Execution]:
        """The last one; the top of an entry that has no more than that counts as unread."""
        rest, self._rest = LineEnds(self._rest).text, b""
        if rest.endswith(b";\n"):  # the last line of a statement, whatever it looks like
            self._more(rest)
            rest = b""
        done = self._close()
        self._stray(rest)
        return done

    @property
    def held_from(self) -> int | None:
        """Where the entry begins whose end is not yet known."""
        if self._top:
            return self._top_from
        return self._rest_from if self._rest else None

    def _more(self, piece: bytes) -> None:
        if self._top is None:
            self._stray(piece)
        elif self._statement_bytes < LONGEST_BYTES:
            self._statement.append(piece[: LONGEST_BYTES - self._statement_bytes])
            self._statement_bytes += len(piece)

    def _stray(self, piece: bytes) -> None:
        if piece and (left := _BANNER_LINE.sub(b"", piece).strip()):
            self.unread.add(left, left.count(b"\n") + 1)

    def _close(self) -> list[Execution]:
        if self._top is None:
            return []
        top, statement = self._top, b"".join(self._statement)
        self._top, self._statement, self._statement_bytes = None, [], 0
        if statement.startswith(b"# administrator command: "):
            return []
        return [_execution(self._top_from, top, _sql(statement))]


def _execution(offset: int, top: Top, sql: str | None) -> Execution:
    duration_ms = round(float(top.query_s) * 1000, 3)
    thread = _THREAD.search(top.host) or _THREAD.search(top.lines)
    rows = int(top.rows_sent)
    if rows == 0 and (affected := _AFFECTED.search(top.details)):
        rows = int(affected[1])
    return Execution(
        offset=offset,
        timestamp=_began(top, duration_ms),
        duration_ms=duration_ms,
        sql=sql,
        columns={"rows": rows, "session_id": thread[1].decode()} if thread else {"rows": rows},
        metadata=_metadata(top),
        plan=_text(b"\n".join(_EXPLAIN.findall(top.details))) or None,
    )


def _began(top: Top, duration_ms: float) -> int:
    """In ms since the epoch; see the head of this file."""
    try:
        ended = datetime.fromisoformat(top.time.decode()).timestamp() if b"T" in top.time else None
    except (ValueError, OverflowError, OSError):  # no such day or hour
        ended = None
    return int(float(top.timestamp) * 1000) if ended is None else round(ended * 1000 - duration_ms)


def _metadata(top: Top) -> dict[str, Any]:
    made: dict[str, Any] = {}
    details = top.details
    database = _SCHEMA.search(top.lines) or _USE.search(details)
    if database and database[1]:
        made["database"] = _text(database[1])
    made["user"] = _text(top.user or top.account)
    made["lock_ms"] = round(float(top.lock_s) * 1000, 3)
    made["rows_examined"] = int(top.rows_examined)
    if b"Full_scan: " in details:
        made["full_scan"] = b"Full_scan: Yes" in details
    if routine := _ROUTINE.search(details):
        made["routine"] = _text(routine[1])
    return made


def _sql(statement: bytes) -> str | None:
    if statement.endswith(b"Argument\n") and (banner := _BANNERS_AT_END.search(statement)):
        statement = statement[: banner.start()]
    return told(_text(statement.removesuffix(b"\n").removesuffix(b";")))


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace").replace("\0", "")
