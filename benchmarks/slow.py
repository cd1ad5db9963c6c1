"""`collector slow` on a million queries of 200 fingerprints in 30 days, beside a bare GROUP BY in one run."""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import collector.records  # noqa: F401  # announces the record kinds
from benchmarks.made import START_MS, insert, one_of
from benchmarks.report import Row
from collector.answers import slow
from collector.answers.summary import Window
from collector.orm import peewee, sqlite3
from collector.records.base import KINDS
from collector.records.operation import Operation
from collector.slow import SlowWarnings, Thresholds
from collector.store import schema, summaries
from collector.store.cache import Step
from collector.store.database import open_reader, open_writer, raw, transaction

RECORDS = 1_000_000
FINGERPRINTS = 200
DAY_MS = 86_400_000
END_MS = START_MS + 30 * DAY_MS
ROUNDS = 5
BAR_MS = 200.0
BAR_US = 0.3

WINDOWS = {
    "all 30 days": (Window(START_MS), Window(0, START_MS)),
    "15 of 30 days": (Window(END_MS - 15 * DAY_MS), Window(START_MS, END_MS - 15 * DAY_MS)),
    "24 h of 30 days": (Window(END_MS - DAY_MS), Window(END_MS - 2 * DAY_MS, END_MS - DAY_MS)),
}


def run(_seconds: int) -> list[Row]:
    """Each window with digests and without, the command, and what the writer's hook costs a record."""
    with tempfile.TemporaryDirectory() as folder:
        path, config = Path(folder) / "c.db", Path(folder) / "c.toml"
        config.write_text(f'[collector]\ndatabase = "{path}"\n', encoding="utf-8")
        database = _fill(path)
        cold = {name: _ms(partial(_answer, path, *windows)) for name, windows in WINDOWS.items()}
        _digests(database, path)
        rows = [row for name in WINDOWS for row in _window(path, name, cold[name])]
        rows.append(_source(path))
        command = [
            sys.executable,
            "-m",
            "collector",
            "slow",
            "--json",
            "--since",
            "24h",
            "--config",
            str(config),
        ]
        rows.append(Row("as a command, nothing in the window", _median(partial(_run, command)), "ms"))
        version = _median(partial(_run, [sys.executable, "-m", "collector", "--version"]))
        rows.append(Row("collector --version, for comparison", version, "ms"))
        database.close()
    return [*rows, *_hook()]


def _fill(path: Path) -> peewee.SqliteDatabase:
    database = open_writer(path, "normal")
    schema.prepare(database, path)
    insert(database, KINDS["operation"].table, _rows(random.Random(7)), RECORDS)
    return database


def _rows(chance: random.Random) -> Iterator[dict[str, Any]]:
    for n in range(RECORDS):
        query_hash = one_of(chance, "3f9c2ab0", FINGERPRINTS)
        # Mostly a statement is that of one program; now and then somebody else runs it too.
        source = int(query_hash[-2:]) % 12 if chance.random() < 0.99 else 12
        yield {
            "metric_type": "query", "metric_name": f"source-{source:02d}",
            "duration_ms": chance.lognormvariate(1.5, 1.3),
            "query_hash": query_hash, "rows": chance.randrange(100),
            "success": 1, "timestamp": START_MS + n * 30 * DAY_MS // RECORDS,
        }  # fmt: skip


def _window(path: Path, name: str, cold_ms: float) -> list[Row]:
    now, before = WINDOWS[name]
    print(f"  slow, {name}", file=sys.stderr, flush=True)
    times = [_ms(partial(_answer, path, now, before)) for _ in range(ROUNDS)]
    answer_ms, bare_ms = statistics.median(times), _median(partial(_bare, path, now))
    return [
        Row(f"{name}: the answer", answer_ms, "ms", ("<=", BAR_MS), f"{min(times):.0f} to {max(times):.0f}"),
        Row(f"{name}: without digests", cold_ms, "ms", note="once, no daemon was there to make them"),
        Row(
            f"{name}: bare GROUP BY to the answer", bare_ms / answer_ms, "×",
            note=f"{bare_ms:.0f} ms for one window, no percentiles",
        ),
    ]  # fmt: skip


def _source(path: Path) -> Row:
    one = partial(_answer, path, *WINDOWS["15 of 30 days"], source="source-01")
    return Row("15 of 30 days, of one source: the answer", _median(one), "ms", ("<=", BAR_MS))


def _hook() -> list[Row]:
    """What the writer's hook costs when nothing is slow."""
    warnings = SlowWarnings(Thresholds({"query": 100.0}))
    record = Operation.record(
        metric_type="query", metric_name="q", duration_ms=5.0, timestamp=START_MS, query_hash="h"
    )
    records = [record] * 100_000
    best_ms = min(_ms(partial(warnings.stored, records)) for _ in range(ROUNDS))
    return [Row("the writer's hook, a record", best_ms * 1000 / len(records), "µs", ("<=", BAR_US))]


def _median(call: Callable[[], Any]) -> float:
    return statistics.median(_ms(call) for _ in range(ROUNDS))


def _ms(call: Callable[[], Any]) -> float:
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


def _run(command: list[str]) -> None:
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)


def _answer(path: Path, window: Window, before: Window, source: str | None = None) -> None:
    database = open_reader(path)
    assert slow.digest(database, window, before, source=source).rows
    database.close()


def _digests(database: peewee.SqliteDatabase, path: Path) -> None:
    """Made as the daemon makes them."""
    reader = open_reader(path)

    def ask(_name: str, step: Step) -> Any:
        with transaction(raw(database)):
            return step(raw(database))

    summaries.digest_all(reader, ask, lambda: False, START_MS)
    reader.close()


def _bare(path: Path, window: Window) -> None:
    """What somebody would write for this table, without percentiles and without the window before."""
    conn = sqlite3.connect(path)
    conn.execute(
        "SELECT query_hash, count(*), sum(duration_ms), avg(duration_ms), min(duration_ms), max(duration_ms)"
        " FROM operation_metrics WHERE metric_type = 'query' AND timestamp >= ? GROUP BY query_hash",
        (window.since_ms,),
    ).fetchall()
    conn.close()
