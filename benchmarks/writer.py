"""The writer against bare sqlite3: the same rows into the same table, in turns, in one run."""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from pathlib import Path

import msgspec

from benchmarks.report import Row
from collector import records  # noqa: F401  # announces the record kinds
from collector.orm import sqlite3
from collector.records.base import KINDS_BY_MODEL
from collector.records.cpu import CpuSample
from collector.store import schema
from collector.store.buffer import Batch, Buffer, Limits
from collector.store.database import open_writer, raw
from collector.store.writer import Writer

ROUNDS = 7
RECORDS = 100_000
BATCH = 1_000

KIND = KINDS_BY_MODEL[CpuSample]


def run(_seconds: int) -> list[Row]:
    """Medians of seven rounds, ours and bare in turns."""
    ours, bare = [], []
    with tempfile.TemporaryDirectory() as folder:
        for n in range(ROUNDS):
            ours.append(RECORDS / through_put(Path(folder) / f"ours{n}.db"))
            bare.append(RECORDS / executemany(Path(folder) / f"bare{n}.db"))
    ratios = [a / b for a, b in zip(ours, bare, strict=True)]
    return [
        Row("offered to committed", statistics.median(ours), "records/s"),
        Row("bare executemany, same table and batches", statistics.median(bare), "records/s"),
        Row("ratio", statistics.median(ratios), "×", (">=", 0.75), f"{min(ratios):.2f} to {max(ratios):.2f}"),
    ]


def samples() -> list[object]:
    """Records as a sampler makes them."""
    return [
        CpuSample.record(
            timestamp=n, busy_percent=12.5, user_percent=10.25, system_percent=2.25, iowait_percent=0.125,
            steal_percent=0.0, load_1m=0.5, load_5m=0.25, load_15m=0.125, context_switches_per_s=1234.5,
        )
        for n in range(RECORDS)
    ]  # fmt: skip


def through_put(path: Path) -> float:
    """Seconds from the first offer to the last commit, through buffer and writer thread."""
    database = open_writer(path)
    schema.prepare(database, path)
    buffer = Buffer(Limits(records=4 * RECORDS, size=1 << 30, flush=BATCH))
    writer = Writer(raw(database), buffer)
    made = samples()
    committed = threading.Semaphore(0)
    writer.start()
    start = time.perf_counter()
    for n in range(0, RECORDS, BATCH):
        batch = Batch(made[n : n + BATCH], 100 * BATCH, lambda _: committed.release())
        assert buffer.offer(time.monotonic(), batch)
        committed.acquire()  # one batch a transaction, as in the bare loop
    seconds = time.perf_counter() - start
    writer.close(10)
    database.close()
    return seconds


def executemany(path: Path) -> float:
    """Seconds for the same rows by sqlite3 alone: same schema, pragmas and transactions."""
    database = open_writer(path)
    schema.prepare(database, path)
    conn: sqlite3.Connection = raw(database)
    rows = list(map(msgspec.structs.astuple, samples()))
    sql = KIND.insertion.sql.removesuffix(" ON CONFLICT DO NOTHING")
    start = time.perf_counter()
    for n in range(0, RECORDS, BATCH):
        conn.execute("BEGIN IMMEDIATE")
        conn.executemany(sql, rows[n : n + BATCH])
        conn.execute("COMMIT")
    seconds = time.perf_counter() - start
    database.close()
    return seconds
