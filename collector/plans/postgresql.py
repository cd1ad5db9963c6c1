"""Plans as PostgreSQL prints them in its text format.

Source: postgresql.org/docs/current/using-explain.html, and ``explain.c`` for the names of the lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from collector.plans.masked import redacted_line, without_texts
from collector.plans.words import full_scan
from collector.units import size

_PART = r'(?:"(?:[^"]|"")*"|[^\s".]+)'
_NAME = rf"{_PART}(?:\.{_PART})*"
_COST = r"cost=[\d.]+ rows=\d+ width=\d+"
_ACTUAL = r"actual (?:time=[\d.]+ )?rows=[\d.]+ loops=\d+"
_FIGURES = re.compile(rf"  \((?:{_COST}|{_ACTUAL}|never executed)\)(?: \((?:{_ACTUAL}|never executed)\))?$")
# Lines that hold nothing but what the server counted, clocked or chose.
_COUNTED = re.compile(
    r"\s*(?:Worker \d+: +)?(?:(?:"
    r"Rows Removed by (?:Filter|Join Filter|Index Recheck|Conflict Filter)|Heap (?:Fetches|Blocks)"
    r"|Index Searches|Buffers|I/O Timings|WAL|Planning(?: Time)?|Execution Time|JIT|Functions"
    r"|Options|Timing|Memory|Sort Method|(?:Full-sort|Pre-sorted) Groups|Workers (?:Planned|Launched)"
    r"|Buckets|Batches|Planned Partitions|Hits|Disk Usage|Memory Usage|Storage|Subplans Removed"
    r"|Query Identifier|Single Copy|Tuples Inserted|Conflicting Tuples|Cache Mode|Conflict Resolution"
    r"):.*|(?:InitPlan|SubPlan) \d+(?: \(returns [$\d, ]+\))?)\s*"
)
# What stands at the margin below the first node; a node or a part of one is indented.
_AT_MARGIN = re.compile(
    r"(?:Planning|Execution|JIT|Query Identifier|Settings|Trigger|Serialization|Memory)\b[^:]*:"
)
_NODE = r"^\s*(?:->\s+)?(?:Parallel )?"
_FULL = re.compile(rf"{_NODE}Seq Scan on (?P<table>{_NAME})(?: (?P<alias>{_PART}))?(?=  \(|$)")
_SORT = re.compile(rf"{_NODE}Sort(?=  \(|$)")
_KEY = re.compile(r"^\s*Sort Key: (?P<key>.+)$")
_ON_DISK = re.compile(r"^\s*(?:Worker \d+: +)?Sort Method: external \w+\s+Disk: (?P<kb>\d+)kB")
_HASHED = re.compile(r"^\s*Buckets: .*?Batches: (?P<batches>\d+)")


def redacted_plan(text: str) -> str:
    """The plan below the statement that auto_explain puts first; every condition without its literals."""
    lines = without_texts(text, "postgresql").splitlines()
    first = next((i for i, line in enumerate(lines) if _FIGURES.search(line)), 0)
    return "\n".join(_line(line.rstrip()) if _is_of_a_plan(line) else "?" for line in lines[first:])


def _is_of_a_plan(line: str) -> bool:
    """Whether it is worded as one; another may be what a statement holds."""
    return line[:1] in {"", " ", "\t"} or bool(_FIGURES.search(line.rstrip()) or _AT_MARGIN.match(line))


def _line(line: str) -> str:
    if _COUNTED.fullmatch(line):
        return line
    figures = _FIGURES.search(line)
    if figures is None:
        return redacted_line(line, "postgresql")
    return redacted_line(line[: figures.start()], "postgresql") + figures[0]


def remarks(text: str, _sql: str = "") -> Iterator[str]:
    """Full scans, sorts, and what did not fit into the memory that one step may take."""
    lines = redacted_plan(text).splitlines()
    for number, line in enumerate(lines):
        if scan := _FULL.match(line):
            yield full_scan(scan["table"], scan["alias"])
        elif _SORT.match(line):
            yield _sort(lines[number + 1 : number + 5])
        elif (hashed := _HASHED.match(line)) and int(hashed["batches"]) > 1:
            yield f"hash table on disk, in {hashed['batches']} batches"


def _sort(below: list[str]) -> str:
    """A sort, from the lines below its node, up to the next one."""
    key = next((found["key"] for line in below if (found := _KEY.match(line))), "")
    by = f" by {key}" if key else ""
    for line in below:
        if "->" in line:
            break
        if on_disk := _ON_DISK.match(line):
            return f"sort on disk ({size(int(on_disk['kb']) * 1024)}){by}"
    return f"sort{by}"
