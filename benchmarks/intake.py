"""The socket: batches from one client beside a bare sqlite3 loop, and single records at 5,000 a second."""

from __future__ import annotations

import json
import random
import socket
import statistics
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.recorder import recorder
from benchmarks.report import Row
from collector import records  # noqa: F401  # announces the record kinds
from collector.orm import sqlite3
from collector.records.base import KINDS
from collector.store import schema
from collector.store.database import open_writer, raw

ROUNDS = 5
BATCH = 1_000
RECORDS = 200_000
SINGLES_PER_S = 5_000
SINGLES_SECONDS = 6
QUIET = (
    '[sampling]\noff = ["cpu", "memory", "disk", "filesystem", "network", "pressure", "process", "sensor"]\n'
)

Item = dict[str, Any]
_random = random.Random(1)


def skill(n: int) -> Item:
    """A skill execution, as an agent reports it."""
    return {
        "kind": "skill",
        "skill_id": f"skill-{n % 20}",
        "execution_ms": round(_random.lognormvariate(5, 1), 3),
        "tokens_in": 120,
        "tokens_out": 450,
        "success": n % 20 > 0,
        "timestamp": 1_795_000_000_000 + n,
    }


def operation(n: int) -> Item:
    """A timed query with a hash of the sender's own and its user: four indexes take it in."""
    return {
        "kind": "operation", "metric_type": "query", "metric_name": f"query-{n % 50}",
        "duration_ms": round(_random.lognormvariate(1, 1), 3), "user_id": f"user-{n % 100}",
        "query_hash": f"hash-{n % 50}", "timestamp": 1_795_000_000_000 + n, "rows": n % 9,
    }  # fmt: skip


def inference(n: int) -> Item:
    """An inference with the three columns left out that are filled in."""
    return {
        "kind": "inference", "model_name": "llama3.1:8b", "task_type": "chat", "inference_time": 1.5,
        "input_tokens": 20, "output_tokens": 51, "query_length": 80, "response_length": 210,
        "timestamp": 1_795_000_000_000 + n,
    }  # fmt: skip


def run(_seconds: int) -> list[Row]:
    """Medians of five rounds of each kind, ours and bare in turns; then the latency of single records."""
    rows: list[Row] = []
    for make in (skill, operation, inference):
        rows += list(_batches(make, 100_000))
    return [*rows, *_singles()]


def _batches(make: Callable[[int], Item], bar: int) -> Iterator[Row]:
    made = [[make(n + i) for i in range(BATCH)] for n in range(0, RECORDS, BATCH)]
    lines = [json.dumps(batch).encode() + b"\n" for batch in made]
    ours, bare = [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder, recorder(Path(folder), QUIET) as daemon:
            ours.append(RECORDS / _sent(daemon.database, lines))
        with tempfile.TemporaryDirectory() as folder:
            bare.append(RECORDS / _bare(Path(folder) / "bare.db", made))
    name = make.__name__
    ratio = statistics.median(a / b for a, b in zip(ours, bare, strict=True))
    yield Row(
        f"{name}: sent to committed, one client",
        statistics.median(ours),
        "records/s",
        (">=", bar),
        f"{min(ours):,.0f} to {max(ours):,.0f}; lines of {BATCH:,}",
    )
    yield Row(f"{name}: bare sqlite3 loop, rows at hand, same table", statistics.median(bare), "records/s")
    yield Row(f"{name}: ratio to the bare loop", ratio, "×", None, "ours reads and checks JSON besides")


def _address(database: Path) -> str:
    return str(database.parent / "run" / f"{database.stem}.sock")


def _sent(database: Path, lines: list[bytes]) -> float:
    """Seconds until the answer to the last line; whatever was busy is sent again."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(_address(database))
        start = time.perf_counter()
        sender = threading.Thread(target=lambda: [sock.sendall(line) for line in lines])
        sender.start()
        answers, committed, busy = sock.makefile("rb"), 0, 0
        for _ in lines:
            answer = json.loads(answers.readline())
            committed += answer.get("committed", 0)
            busy += answer["result"] == "busy"
        sender.join()
        seconds = time.perf_counter() - start
    if committed != RECORDS:
        raise SystemExit(f"only {committed:,} of {RECORDS:,} were committed, {busy} lines were busy")
    return seconds


def _bare(path: Path, made: list[list[Item]]) -> float:
    """Seconds for the same rows by `executemany`, one transaction a batch; nothing is read or checked."""
    database = open_writer(path)
    schema.prepare(database, path)
    conn: sqlite3.Connection = raw(database)
    kind = KINDS[made[0][0]["kind"]]
    names = [name for name in made[0][0] if name != "kind"]
    filled = {"tokens_per_second": 34.0, "created_at": 1_795_000_000_000} if kind.name == "inference" else {}
    columns = [*names, *filled]
    sql = f"INSERT INTO {kind.table} ({', '.join(columns)}) VALUES ({', '.join('?' for _ in columns)})"
    batches = [[(*(item[name] for name in names), *filled.values()) for item in batch] for batch in made]
    start = time.perf_counter()
    for batch in batches:
        conn.execute("BEGIN IMMEDIATE")
        conn.executemany(sql, batch)
        conn.execute("COMMIT")
    seconds = time.perf_counter() - start
    database.close()
    return seconds


def _singles() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder, recorder(Path(folder)) as daemon:
        waits = _waited_ms(daemon.database)
    cuts = statistics.quantiles(waits, n=1000)
    note = f"{len(waits):,} records, p50 {cuts[499]:.2f} ms, p99.9 {cuts[998]:.1f} ms"
    return [
        Row(f"single records at {SINGLES_PER_S:,}/s: p99 of the answer", cuts[989], "ms", ("<=", 10), note)
    ]


def _waited_ms(database: Path) -> list[float]:
    """Milliseconds from each record's sending to its answer, at a steady rate."""
    line = json.dumps(skill(1)).encode() + b"\n"
    sent: deque[float] = deque()
    waits: list[float] = []
    total = SINGLES_PER_S * SINGLES_SECONDS
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(_address(database))

        def send() -> None:
            start = time.perf_counter()
            for n in range(total):
                due = start + n / SINGLES_PER_S
                while (rest := due - time.perf_counter()) > 0:
                    time.sleep(rest)
                sent.append(time.perf_counter())
                sock.sendall(line)

        sender = threading.Thread(target=send)
        sender.start()
        answers = sock.makefile("rb")
        for _ in range(total):
            assert b'"committed"' in answers.readline()
            waits.append((time.perf_counter() - sent.popleft()) * 1000)
        sender.join()
    return waits
