"""Statistics of a database as people read them."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import click

from collector import clock
from collector.charts import bar
from collector.moments import at_minute
from collector.tables import Cell, Column, print_facts, print_table
from collector.units import duration, percent, size

Document = dict[str, Any]

_SIZES = (
    Column("table or index", cut=16),
    Column("rows", right=True),
    Column("size", right=True),
    Column("share", right=True, spare=2),
    Column("bytes a row", right=True, spare=3),
    Column("", spare=4),
)
_USE = (
    Column("table or index", cut=16),
    Column("rows", right=True),
    Column("size", right=True),
    Column("share", right=True, spare=3),
    Column("index scans", right=True),
    Column("full scans", right=True, spare=1),
    Column("dead rows", right=True, spare=2),
    Column("", spare=4),
)
_TIMINGS = (
    Column("operation", cut=16),
    Column("count", right=True),
    Column("avg", right=True),
    Column("min", right=True, spare=1),
    Column("max", right=True),
    Column("p95", right=True),
)


def print_document(document: Document) -> None:
    """The facts of a database, then its tables, the largest first, each above its indexes."""
    print_facts([fact for fact in _facts(document) if fact[1]])
    objects = document["objects"]
    click.echo()
    if not objects:
        click.echo("it holds no tables")
        return
    # Pages that stand in the write-ahead log only are counted, and are not in the file's size.
    file_bytes = (document["pages"] or 0) * (document["page_bytes"] or 0) or document["bytes"] or 0
    whole = max(file_bytes, sum(row["bytes"] or 0 for row in objects))
    used = any(row["scans"] is not None for row in objects)
    lines = [_size_line(row, whole, used=used) for row in _largest_first(objects)]
    print_table(_USE if used else _SIZES, lines)


def print_timings(document: Document) -> None:
    """How long the recorder's own statements took, or why that is not known."""
    click.echo()
    if document["operations"] is None:
        print_facts([("statements", [document["no_operations"]], "")])
    elif not document["operations"]:
        print_facts([("statements", ["the recorder has run none yet"], "")])
    else:
        print_table(_TIMINGS, [_timing_line(row) for row in document["operations"]])


def _facts(document: Document) -> list[tuple[str, list[str], str]]:
    now_ms = clock.now().wall_ms
    version = str(document["version"]).partition(" ")[0]  # without the name of the distribution
    kind = "" if document["kind"] == "collector" else f"{document['kind']} {version}"
    since = document["counted_since"]
    return [
        ("database", [document["database"], *([kind] if kind else [])], " · "),
        ("size", _sizes(document), " · "),
        ("pages", _pages(document), " · "),
        ("cache", _cache(document), " · "),
        ("connections", _connections(document), " of "),
        ("rows", ["estimated by the server"] if document["rows_are"] == "estimated" else [], ""),
        ("counted", [f"since {at_minute(since, now_ms)}"] if since else [], ""),
        (
            "time",
            ["was up before all rows were counted; give more with --timeout"] if document["late"] else [],
            "",
        ),
        (
            "migrations",
            [f"{row['name']} ({str(row['applied'])[:16]})" for row in document.get("migrations", [])],
            ", ",
        ),
    ]


def _sizes(document: Document) -> list[str]:
    wal, journal = document["wal_bytes"], document["journal_mode"]
    return [
        size(document["bytes"]),
        *([] if wal is None else [f"WAL {size(wal)}"]),
        *([] if journal is None else [f"journal {journal}"]),
    ]


def _pages(document: Document) -> list[str]:
    if document["pages"] is None:
        return []
    free = f"{document['free_pages']:,} free ({size(document['free_bytes'])})"
    return [f"{document['pages']:,} of {size(document['page_bytes'])}", free]


def _cache(document: Document) -> list[str]:
    if document["kind"] in ("collector", "sqlite"):
        return ["SQLite counts neither its hits nor the use of indexes"]
    hit = document["cache_hit_percent"]
    return ["nothing read yet"] if hit is None else [f"{percent(hit)} of reads hit it"]


def _connections(document: Document) -> list[str]:
    now, most = document["connections"], document["max_connections"]
    return [] if now is None else [f"{now:,}", f"{most:,}"]


def _largest_first(objects: list[Document]) -> list[Document]:
    """Tables by what they take with their indexes, each followed by these."""
    whole: dict[str, int] = defaultdict(int)
    for row in objects:
        whole[row["table"]] += row["bytes"] or 0
    return sorted(objects, key=lambda row: (-whole[row["table"]], row["table"], row["type"] == "index"))


def _size_line(row: Document, whole: int, *, used: bool) -> list[str | Cell]:
    share = None if row["bytes"] is None or not whole else row["bytes"] / whole
    drawn = "" if share is None else bar(share)
    common: list[str | Cell] = [
        row["name"] if row["type"] == "table" else f"  {row['name']}",
        _count(row["rows"]),
        size(row["bytes"]),
        percent(None if share is None else 100 * share),
    ]
    if not used:
        each = row["bytes_per_row"]
        return [*common, "" if each is None else f"{each:,.0f}", drawn]
    scans = Cell("never used", "yellow") if row["unused"] else Cell(_count(row["scans"]))
    return [*common, scans, _count(row["sequential_scans"]), _count(row["dead_rows"]), drawn]


def _timing_line(row: Document) -> list[str | Cell]:
    times = [duration(row[key]) for key in ("avg_ms", "min_ms", "max_ms", "p95_ms")]
    return [str(row["operation"]), f"{row['count']:,}", *times]


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"
