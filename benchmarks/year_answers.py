"""How long every reading command takes on a year of data: in a warm interpreter, and as a process of its own."""

from __future__ import annotations

import io
import statistics
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from benchmarks.report import Row
from collector.commands import main
from collector.orm import sqlite3
from collector.store.topics import TOPICS

ROUNDS = 5
BAR_MS = 200.0
MACHINE = ("cpu", "memory", "disk", "filesystem", "network", "pressure", "process", "sensor", "recorder")
OTHERS = ("run", "operation", "inference", "skill", "pool", "benchmark", "gap", "session", "alert", "query")

COMMANDS = (
    "status",
    "workloads",
    "runs",
    "runs unit-tests",
    "runs unit-tests --since 365d",
    *(f"show {kind}" for kind in (*MACHINE, *OTHERS)),
    "show cpu --since 13d --limit 1000",
    "show operation --since 30d --limit 1000",
    *(f"summary {topic} --since {since}" for topic in TOPICS for since in ("30d", "365d")),
    "summary machine",
    "summary machine --since 30d",
    "summary machine --since 365d",
    "slow",
    "slow --since 30d",
    "slow --since 365d",
    "changes",
    "changes --since 365d",
    "why unit-tests",
    "why open-orders -3",
    "why skill-03",
    "why 30m ago",
    "why 5d ago",
    "why 200d ago",
    "compare window:7d..1d window:1d",
    "compare window:365d..180d window:180d",
    "db stats",
    "export cpu --since 1d",
    "export run --since 1d",
    "export operation --since 1d",
)


def rows(path: Path, config: Path) -> list[Row]:
    """A line a command; and what a process costs that answers nothing."""
    made = [_row(path, config, command) for command in COMMANDS]
    nothing = [sys.executable, "-m", "collector", "--version"]
    bare_ms = statistics.median(_process(nothing)[0] for _ in range(ROUNDS))
    return [*made, Row("collector --version, for comparison", bare_ms, "ms", note="a whole process")]


def _row(path: Path, config: Path, command: str) -> Row:
    print(f"  {command}", file=sys.stderr, flush=True)
    words = [*command.split(), "--config", str(config)]
    times = [_answer(path, words) for _ in range(ROUNDS)]
    if times[0][1] not in {0, 1}:
        return Row(f"{command}: fails", 0, "", ("<=", -1), times[0][2].strip().split("\n")[0][:100])
    whole = statistics.median(
        _process([sys.executable, "-m", "collector", *words])[0] for _ in range(ROUNDS - 2)
    )
    answer = statistics.median(ms for ms, *_ in times)
    low, high = min(ms for ms, *_ in times), max(ms for ms, *_ in times)
    return Row(
        command, answer, "ms", ("<=", BAR_MS), f"{low:.0f} to {high:.0f}; as a whole process {whole:.0f} ms"
    )


def _answer(path: Path, words: list[str]) -> tuple[float, int, str]:
    """ms of the command in this process, its exit status, and what it said of errors."""
    forget(path)
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    began = time.perf_counter()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(words)
    took_ms = (time.perf_counter() - began) * 1000
    err.seek(0)
    return took_ms, code, err.read()


def _process(words: list[str]) -> tuple[float, int]:
    began = time.perf_counter()
    done = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return (time.perf_counter() - began) * 1000, done.returncode


def forget(path: Path) -> None:
    """Take out the finished answers of the query cache, as if a row had come; the digests stay."""
    conn = sqlite3.connect(path)
    with conn:
        conn.execute("DELETE FROM query_cache WHERE cache_key LIKE '% saw %'")
    conn.close()
