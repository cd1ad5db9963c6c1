"""Plans of MySQL and MariaDB: EXPLAIN's table, a line a row, as ``id=1 select_type=SIMPLE table=orders …``.

Source: mariadb.com/kb/en/explain, dev.mysql.com/doc/refman/8.4/en/explain-output.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from collector.plans.masked import redacted_line, without_texts
from collector.plans.words import aliased, full_scan

COLUMNS = (
    *("id", "select_type", "table", "partitions", "type", "possible_keys", "key", "key_len", "ref"),
    *("rows", "r_rows", "filtered", "r_filtered", "Extra"),
)
_SLOW_LOG = re.compile(r"^\s*#\s*explain:\s*", re.MULTILINE)
# Figures, and tables that the server made up; the rest of a line are names and words.
_FIGURE = re.compile(
    r"((?:^|(?<= ))(?:id|rows|r_rows|filtered|r_filtered|key_len)=[\d.,]+(?= |$)"
    r"|(?<=table=)<(?:derived|subquery|union)[\d,.]+>(?= |$))"
)
_EXTRA = {"Using temporary": "temporary table", "Using filesort": "temporary sort"}


def redacted_plan(text: str) -> str:
    """A line a table, of EXPLAIN's rows as `workloads.sql_child` words them or of a slow log's."""
    lines = without_texts(_SLOW_LOG.sub("", text), "mysql").splitlines()
    return "\n".join(_line(line) for line in _worded(lines) if line.strip())


def remarks(text: str, sql: str = "") -> Iterator[str]:
    """Full scans of tables and indexes, and what is sorted or kept aside."""
    for line in redacted_plan(text).splitlines():
        row = _row(line)
        if row.get("type") in ("ALL", "index") and _is_read(row):
            yield full_scan(*aliased(row["table"], sql), row.get("key") if row["type"] == "index" else None)
        for word, said in _EXTRA.items():
            if word in row["Extra"]:
                yield said


def _is_read(row: dict[str, str]) -> bool:
    """Whether it is a table of the database; one that is filled is listed as if it were scanned."""
    made = row.get("table", "<").startswith("<")
    return not made and row.get("select_type") not in ("INSERT", "REPLACE")


def _worded(lines: list[str]) -> Iterator[str]:
    """The rows of a slow log, whose columns stand between tabs below a line of titles, as ours."""
    titles: list[str] = []
    for line in lines:
        cells = line.strip().split("\t")
        if cells[0] == "id" and len(cells) > 1:
            titles = [cell for cell in cells if cell in COLUMNS]
        elif titles and len(cells) > 1:
            pairs = zip(titles, cells, strict=False)
            yield " ".join(f"{title}={cell}" for title, cell in pairs if cell not in ("", "NULL"))
        else:
            yield line


def _line(line: str) -> str:
    known, mark, extra = line.partition(" Extra=")
    pieces = _FIGURE.split(known)
    pieces[::2] = [redacted_line(piece, "mysql") for piece in pieces[::2]]
    return "".join(pieces) + mark + redacted_line(extra, "mysql")


def _row(line: str) -> dict[str, str]:
    known, _, extra = line.partition(" Extra=")
    found = dict(re.findall(r"(?:^|(?<= ))(\w+)=(\S+)", known))
    return {**found, "Extra": extra}
