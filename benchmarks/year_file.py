"""What the file of a year is made of: bytes and stored values, by what is kept for how long."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.report import Row
from benchmarks.year_data import MACHINE, REPORTED
from collector import sketch
from collector.orm import sqlite3
from collector.records.base import KINDS

CAP_BYTES = 500e6
BAR_BYTES_A_VALUE = 12.0
TIERS = {300: "5 minutes", 3600: "hours", 86_400: "days"}
# One in so many sketches is opened to count its buckets.
SAMPLED = 50
# Of a row of rollups beside its floating-point numbers and its sketch: key, count, header.
KEY_BYTES = 21
HOW = "a value: what is not null in any row, keys too; a sketch: two a bucket"
# Rows, and how many of them have a smallest, a largest value and a sketch; and the bytes of these.
Lengths = tuple[int, int, int, int, float]
HOW_STRICT = "the same, a sketch as one"


def rows(path: Path) -> list[Row]:
    """The whole file, then its parts."""
    conn = sqlite3.connect(path, isolation_level=None)
    bytes_ = _bytes(conn)
    tiers = _tiers(conn, bytes_.pop("rollups"))
    parts = [*_tables(conn, bytes_), *tiers]
    ((page_bytes,),) = conn.execute("PRAGMA page_size").fetchall()
    ((pages,),) = conn.execute("PRAGMA page_count").fetchall()
    conn.close()
    size = pages * page_bytes
    values = sum(part.values for part in parts)
    strict = values - sum(part.in_sketches for part in parts)
    return [
        Row("file after a year", size / 1e6, "MB", ("<=", CAP_BYTES / 1e6), f"{values / 1e6:.1f} M values"),
        Row("bytes a stored value", size / values, "B", ("<=", BAR_BYTES_A_VALUE), HOW),
        Row("bytes a stored value, strictly", size / strict, "B", ("<=", BAR_BYTES_A_VALUE), HOW_STRICT),
        *(part.row() for part in parts),
    ]


@dataclass(frozen=True)
class Part:
    """Bytes of some rows, and values in them: so many are numbers in sketches, beyond one a sketch."""

    name: str
    bytes_: float
    values: int
    in_sketches: int = 0
    note: str = ""

    def row(self) -> Row:
        """As it is told."""
        a_value = self.bytes_ / max(self.values, 1)
        return Row(
            f"of it {self.name}", self.bytes_ / 1e6, "MB", note=f"{a_value:.1f} B a value, {self.note}"
        )


def _tables(conn: Any, sizes: dict[str, int]) -> list[Part]:
    """Raw samples, runs and what is reported, and the rest."""
    found: Counter[str] = Counter()
    values: Counter[str] = Counter()
    shares: dict[str, Counter[str]] = {}
    for table, bytes_ in sizes.items():
        group = _group(table)
        found[group] += bytes_
        values[group] += _values(conn, table)
        shares.setdefault(group, Counter())[table] += bytes_
    return [
        Part(group, found[group], values[group], note=_largest(shares[group], found[group]))
        for group in ("raw samples", "runs and what is reported", "the rest")
    ]


def _group(table: str) -> str:
    if table in {KINDS[kind].table for kind in MACHINE}:
        return "raw samples"
    return "runs and what is reported" if table in {KINDS[kind].table for kind in REPORTED} else "the rest"


def _bytes(conn: Any) -> dict[str, int]:
    """Bytes of each table with its indexes: pages that become free without it; nothing is left changed."""
    ((page_bytes,),) = conn.execute("PRAGMA page_size").fetchall()
    tables = conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    conn.execute("PRAGMA foreign_keys = 0")
    conn.execute("BEGIN IMMEDIATE")
    found, before = {}, _free(conn)
    for (table,) in tables:
        conn.execute(f'DELETE FROM "{table}"')
        free = _free(conn)
        found[table], before = (free - before) * page_bytes, free
    conn.execute("ROLLBACK")
    return found


def _free(conn: Any) -> int:
    ((count,),) = conn.execute("PRAGMA freelist_count").fetchall()
    return int(count)


def _values(conn: Any, table: str) -> int:
    columns = [name for _, name, *_ in conn.execute(f'PRAGMA table_info("{table}")')]
    ((count,),) = conn.execute(
        f'SELECT {" + ".join(f"count({chr(34)}{c}{chr(34)})" for c in columns)} FROM "{table}"'
    ).fetchall()
    return int(count)


def _tiers(conn: Any, bytes_: int) -> list[Part]:
    """The tiers of rollups; the table's bytes are shared among them by the length of their rows."""
    lengths: dict[tuple[int, str], Lengths] = {
        (tier_s, subject): tuple(rest)
        for tier_s, subject, *rest in conn.execute(
            "SELECT tier_s, subject, count(*), count(min), count(max), count(sketch), total(length(sketch))"
            " FROM rollups JOIN series ON id = series_id GROUP BY 1, 2"
        )
    }
    whole = sum(map(_length, lengths.values()))
    return [_tier(conn, tier_s, lengths, bytes_ / whole) for tier_s in TIERS]


def _tier(conn: Any, tier_s: int, lengths: dict[tuple[int, str], Lengths], scale: float) -> Part:
    own = {subject: row for (tier, subject), row in lengths.items() if tier == tier_s}
    sizes = Counter({subject: scale * _length(row) for subject, row in own.items()})
    count = sum(row[0] for row in own.values())
    filled = sum(5 * row[0] + sum(row[1:4]) for row in own.values())
    inside = round(2 * _buckets(conn, tier_s)) - sum(row[3] for row in own.values())
    bytes_ = sum(sizes.values())
    how = f"{count:,} rows of {bytes_ / count:.0f} B; {_largest(sizes, bytes_)}"
    return Part(f"rollups of {TIERS[tier_s]}", bytes_, filled + inside, inside, how)


def _length(row: Lengths) -> float:
    count, lows, highs, _, packed = row
    return (KEY_BYTES + 8) * count + 8 * (lows + highs) + packed


def _buckets(conn: Any, tier_s: int) -> float:
    count = 0
    for (packed,) in conn.execute(
        "SELECT sketch FROM rollups WHERE tier_s = ? AND sketch IS NOT NULL"
        " AND (timestamp / 300000 + series_id) % ? = 0", (tier_s, SAMPLED)
    ):  # fmt: skip
        buckets: dict[int, int] = {}
        sketch.merge_packed(buckets, packed)
        count += len(buckets)
    return count * SAMPLED


def _largest(sizes: Counter[str], whole: float) -> str:
    return ", ".join(f"{name} {100 * size / whole:.0f} %" for name, size in sizes.most_common(4))
