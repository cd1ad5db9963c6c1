"""``pattern``: any log of which each line tells one operation, by a regular expression from the config.

Its named groups say what is what:

====================================================  ======================================================
``duration_ms``, ``duration_s`` or ``duration_us``    how long it took; exactly one of them
``timestamp``                                         when it *ended*; see `collector.intake.tails.stamps`
``query``                                             a statement
``name``                                              what the operation is called
``endpoint``                                          an address; its query string is cut off
``user``, ``request``                                 for whom, and an id of the request
``rows``                                              how many
``status``                                            of HTTP: from 500 on it did not go well
====================================================  ======================================================

A group that took no part, or holds nothing or ``-``, says nothing. The expression may begin to match
anywhere in a line. Its author answers for its speed: some take for ever, so longer lines than 10,000
bytes are not tried.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

from collector.intake.tails.base import Execution, Options, Unread, log_format
from collector.intake.tails.lines import lines
from collector.intake.tails.stamps import Stamps
from collector.records.columns import LONGEST_MS
from collector.registry import nearest

LONGEST_BYTES = 10_000
_IN_MS = {"duration_ms": 1.0, "duration_s": 1000.0, "duration_us": 0.001}
_COLUMNS = {"name": "metric_name", "endpoint": "endpoint", "user": "user_id", "request": "request_id"}
GROUPS = (*_IN_MS, "timestamp", "query", *_COLUMNS, "rows", "status")


def faults(options: Options) -> Iterator[tuple[str, str]]:
    """What is wrong with the pattern."""
    if options.pattern is None:
        return
    try:
        pattern = re.compile(options.pattern)
    except re.error as error:
        yield "pattern", f"is no regular expression: {error}"
        return
    except (OverflowError, RecursionError) as error:  # .{99999999999}, or a thousand brackets
        yield "pattern", f"is too much of a regular expression: {error}"
        return
    for fault in _wrong_groups(set(pattern.groupindex)):
        yield "pattern", fault
    if pattern.search(""):
        yield "pattern", "fits a line that is empty, so it would fit every line"


def _wrong_groups(groups: set[str]) -> Iterator[str]:
    for name in sorted(groups - {*GROUPS}):
        yield f"unknown group {name!r}{nearest(name, GROUPS) or '; there are ' + ', '.join(GROUPS)}"
    if len(groups & {*_IN_MS}) != 1:
        yield f"needs exactly one group of {', '.join(_IN_MS)}, such as (?P<duration_ms>[0-9.]+)"
    if "timestamp" not in groups:
        yield r"needs the group timestamp, such as ^(?P<timestamp>\S+)"


@log_format(
    "pattern", "lines that fit a regular expression", needs=("pattern",), takes=("timezone",), faults=faults
)
class Pattern:
    """A line is an entry; one that does not fit, or whose figures are none, counts as unread."""

    held_from = None  # a line is an entry

    def __init__(self, options: Options, now: Callable[[], float] = time.time) -> None:
        """``now`` is for stamps without a year only. Raises what `re.compile` does."""
        self.unread = Unread()
        self._search = re.compile(options.pattern or "").search
        self._stamps = Stamps(options.timezone, now)

    def feed(self, chunk: bytes, offset: int) -> list[Execution]:
        """One execution for each line that fits."""
        found = []
        for at, line in lines(chunk, offset):
            execution = self._execution(at, line) if len(line) <= LONGEST_BYTES else None
            if execution is None:
                self.unread.add(line)
            else:
                found.append(execution)
        return found

    def quiet(self) -> list[Execution]:
        """Nothing: none is held back."""
        return []

    def _execution(self, offset: int, line: bytes) -> Execution | None:
        found = self._search(line.decode("utf-8", "replace").replace("\0", ""))
        if found is None:
            return None
        said = {name: text for name, text in found.groupdict().items() if text and text != "-"}
        duration_ms, ended = _duration_ms(said), self._stamps.ms(said.get("timestamp", ""))
        if duration_ms is None or ended is None:
            return None
        status = _whole(said.get("status"))
        return Execution(
            offset=offset,
            timestamp=round(ended - duration_ms),
            duration_ms=duration_ms,
            sql=said.get("query"),
            columns=_columns(said, status) or None,
            metadata=None if status is None else {"status": status},
        )


def _duration_ms(said: dict[str, str]) -> float | None:
    name = next((name for name in _IN_MS if name in said), None)
    if name is None:
        return None
    try:
        found = float(said[name]) * _IN_MS[name]
    except ValueError:
        return None
    return found if 0 <= found <= LONGEST_MS else None


def _columns(said: dict[str, str], status: int | None) -> dict[str, Any]:
    columns: dict[str, Any] = {column: said[group] for group, column in _COLUMNS.items() if group in said}
    if "endpoint" in said:
        columns["endpoint"] = said["endpoint"].partition("?")[0]
    if (rows := _whole(said.get("rows"))) is not None:
        columns["rows"] = rows
    if status is not None:
        columns["success"] = status < 500
    return columns


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) <= 18 else None
