"""What a SQL fingerprint costs, beside one ``re.sub`` of a trivial pattern on the same text."""

from __future__ import annotations

import re
import timeit
from collections.abc import Callable

from benchmarks.report import Row
from collector.fingerprint import Seen, fingerprint

ROUNDS = 7
CALLS = 1_000
TRIVIAL = re.compile("[0-9]+")

SHORT = "SELECT id, title FROM tasks WHERE status = 'open' AND priority > 3 ORDER BY due_at"
COLUMNS = ", ".join(f"t.column_{n} AS t_column_{n}" for n in range(30))
IDS = ", ".join(str(100_000 + 7919 * n) for n in range(80))
WORDS = ", ".join(f"'name{n}'" for n in range(30))
LONG = (
    f"SELECT {COLUMNS} FROM tasks AS t WHERE t.id IN ({IDS}) AND t.name IN ({WORDS}) ORDER BY t.id LIMIT 50"
)
ROWS = "INSERT INTO tasks (a, b, c) VALUES " + ", ".join(f"({n}, 'name{n}', NULL)" for n in range(90))


def run(_seconds: int) -> list[Row]:
    """The best of seven rounds each, in microseconds a call."""
    seen = Seen()
    return [
        row("short query", SHORT, fingerprint, 15),
        row("long query with lists", LONG, fingerprint, 100),
        row("insert of 90 rows", ROWS, fingerprint, None),
        row("short query, just seen", SHORT, seen.of, 1),
        row("long query, just seen", LONG, seen.of, 1),
    ]


def row(what: str, sql: str, make: Callable[[str], object], bar_us: float | None) -> Row:
    """One figure with its ratio to the trivial pattern."""
    ours, bare = best_us(lambda: make(sql)), best_us(lambda: TRIVIAL.sub("", sql))
    note = f"{len(sql):,} characters; {ours / bare:.1f} × re.sub of [0-9]+ ({bare:.1f} µs)"
    return Row(what, ours, "µs", None if bar_us is None else ("<=", bar_us), note)


def best_us(call: Callable[[], object]) -> float:
    """Microseconds a call in the quietest round."""
    return min(timeit.repeat(call, number=CALLS, repeat=ROUNDS)) / CALLS * 1e6
