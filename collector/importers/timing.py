"""Timings that another program took, as runs of a workload. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from math import isfinite
from typing import Any

from collector.importers.document import digest
from collector.records.columns import LONGEST_MS
from collector.redact import redacted, shortened

LONGEST_NAME = 200
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def workload(text: str) -> str:
    """A name for a workload: on one line, without secrets; long ones that differ stay different."""
    name = redacted(text).strip()
    if _UNPRINTABLE.search(name):
        name = " ".join(_UNPRINTABLE.sub(" ", name).split())
    if len(name) <= LONGEST_NAME:
        return name
    return shortened(name, LONGEST_NAME - 9) + "#" + digest(text)[:8]


def milliseconds(seconds: Any) -> Any:
    """Seconds as milliseconds; what is no number stays, for the check of records to say so."""
    return seconds * 1000 if _is_number(seconds) else seconds


def beginnings(end_ms: int, seconds: Iterable[Any]) -> list[int]:
    """When each of several runs began that followed one another and ended at ``end_ms``."""
    found: list[int] = []
    begin = float(end_ms)
    for lasted in reversed(list(seconds)):
        ms = milliseconds(lasted)
        if _is_number(ms) and isfinite(ms) and 0 <= ms <= LONGEST_MS:
            begin -= ms
        found.append(max(0, round(begin)))
    return found[::-1]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
