"""What is in a database file, read without the help of its indexes, for the checker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from collector.sqlite import sqlite3

# kind → the SELECT of number, id, sequence and position; NOT INDEXED, since an index may lie about its table.
_ROWS = {
    "skill": "SELECT rowid, record_id, tokens_in, tokens_out FROM skill_metrics NOT INDEXED",
    "run": "SELECT rowid, record_id, rows, output_bytes FROM workload_runs NOT INDEXED"
    " WHERE record_id IS NOT NULL OR workload_kind = 'reported'",
    "inference": "SELECT rowid, record_id, input_tokens, output_tokens FROM inference_metrics NOT INDEXED",
    "benchmark": "SELECT r.rowid, r.run_id, p.token_usage_total, p.api_calls_count FROM benchmark_runs r"
    " NOT INDEXED LEFT JOIN benchmark_performance p USING (run_id)",
}
_PARTS = ("performance", "autonomy", "quality", "workflow")
_SESSIONS = "SELECT received, committed, duplicate, rejected, dropped FROM recorder_sessions WHERE clean = 1"


@dataclass(slots=True)
class Stored:
    """The records of one file, by kind and id, and what is wrong with the file by itself."""

    figures: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    numbers: dict[tuple[str, str], int] = field(default_factory=dict)  # in which order rows came
    twice: list[str] = field(default_factory=list)
    nameless: list[str] = field(default_factory=list)
    torn: list[str] = field(default_factory=list)
    unsound: list[str] = field(default_factory=list)
    sessions: list[dict[str, int]] = field(default_factory=list)


def read(path: Path, *, damaged: bool = False) -> Stored:
    """Read all of a file; none, or one without a table, holds nothing.

    Where it cannot be read it is unsound; of a ``damaged`` one, what can be read counts.
    """
    found = Stored()
    if not path.exists():
        return found
    with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=10)) as conn:
        if list(_select(conn, "SELECT count(*) FROM sqlite_master", found)) == [(0,)]:
            return found
        for kind, sql in _ROWS.items():
            for number, name, *figures in _select(conn, sql, found):
                _add(found, kind, name, number, figures)
        found.torn += [] if damaged else _in_part(conn, found)
        found.sessions += [
            dict(zip(("received", "committed", "duplicate", "rejected", "dropped"), row, strict=True))
            for row in _select(conn, _SESSIONS, found)
        ]
        found.unsound += [line for (line,) in _select(conn, "PRAGMA integrity_check", found) if line != "ok"]
        found.unsound += [
            f"{row} breaks a reference" for row in _select(conn, "PRAGMA foreign_key_check", found)
        ]
    return found


def _select(conn: sqlite3.Connection, sql: str, found: Stored) -> Iterator[tuple[Any, ...]]:
    """The rows of one query, up to where the file cannot be read."""
    try:
        yield from conn.execute(sql)
    except sqlite3.DatabaseError as error:
        found.unsound.append(f"{error}: {sql.partition(' NOT INDEXED')[0]}")


def _add(found: Stored, kind: str, name: str | None, number: int, figures: list[int]) -> None:
    if name is None:
        found.nameless.append(f"{kind} row {number} without an id")
        return
    if (kind, name) in found.figures:
        found.twice.append(f"{kind} {name}")
    found.figures[kind, name] = (figures[0], figures[1])
    found.numbers[kind, name] = number


def _in_part(conn: sqlite3.Connection, found: Stored) -> list[str]:
    """Benchmarks that lack one of their families."""
    torn = []
    for part in _PARTS:
        sql = f"SELECT run_id FROM benchmark_runs EXCEPT SELECT run_id FROM benchmark_{part} NOT INDEXED"
        torn += [f"benchmark {name} without {part}" for (name,) in _select(conn, sql, found)]
    return torn
