"""Plans as SQLite words them: EXPLAIN QUERY PLAN, a line a step. Source: sqlite.org/eqp.html."""

from __future__ import annotations

import re
from collections.abc import Iterator

from collector.plans.masked import redacted_line, without_texts
from collector.plans.words import aliased, full_scan

# Figures of its own in a line: the number of a subquery, how many rows VALUES has.
_NUMBERED = re.compile(
    r"\s*(?:(?:CORRELATED )?(?:LIST|SCALAR) SUBQUERY \d+|SCAN \d+ CONSTANT ROWS"
    r"|USE TEMP B-TREE FOR LAST \d+ TERMS OF (?:ORDER|GROUP) BY)"
)
_SCAN = re.compile(
    r"SCAN (?:TABLE )?(?P<table>.+?)(?: AS (?P<alias>\S+))?(?: USING (?:COVERING )?INDEX (?P<index>.+))?"
)
_MADE = re.compile(r"(?:MATERIALIZE|CO-ROUTINE) (?P<name>.+)")
_SORT = re.compile(r"USE TEMP B-TREE FOR (?P<what>.+)")
_TEMPORARY = re.compile(r"(?P<what>UNION|INTERSECT|EXCEPT) USING TEMP B-TREE")
_AUTOMATIC = re.compile(
    r"SEARCH (?:TABLE )?(?P<table>.+?)(?: AS \S+)? USING AUTOMATIC (?:PARTIAL )?(?:COVERING )?INDEX"
    r" \((?P<columns>[^()]*)\)"
)
_NO_TABLE = re.compile(r"CONSTANT ROW|\d+ CONSTANT ROWS|\(.*|.* VIRTUAL TABLE INDEX .*")


def redacted_plan(text: str) -> str:
    """SQLite shows ``?`` for literals already; what looks like one nevertheless goes, too."""
    lines = (line.rstrip() for line in without_texts(text, "sqlite").splitlines())
    return "\n".join(line if _NUMBERED.fullmatch(line) else redacted_line(line, "sqlite") for line in lines)


def remarks(text: str, sql: str = "") -> Iterator[str]:
    """Full scans of tables and indexes, temporary sorts, and indexes that live for one query."""
    lines = [line.strip() for line in text.splitlines()]
    made = {found["name"] for line in lines if (found := _MADE.fullmatch(line))}
    for line in lines:
        if scan := _SCAN.fullmatch(line):
            if scan["table"] not in made and not _NO_TABLE.fullmatch(scan["table"]):
                yield _scanned(scan, sql)
        elif sort := _SORT.fullmatch(line):
            yield f"temporary sort for {sort['what']}"
        elif joined := _TEMPORARY.fullmatch(line):
            yield f"temporary table for {joined['what']}"
        elif index := _AUTOMATIC.fullmatch(line):
            table, alias = aliased(index["table"], sql)
            columns = ", ".join(re.findall(r"([^\s=<>]+)[=<>]", index["columns"]))
            named = f"{table} (as {alias})" if alias else table
            yield f"an index built for this query alone: on {named} ({columns})"


def _scanned(scan: re.Match[str], sql: str) -> str:
    table, alias = (scan["table"], scan["alias"]) if scan["alias"] else aliased(scan["table"], sql)
    return full_scan(table, alias, scan["index"])
