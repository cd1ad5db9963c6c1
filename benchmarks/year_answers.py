"""How long every reading command takes on a year of data: in a warm interpreter, and as a process."""

from __future__ import annotations

import io
import statistics
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

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
    bare_ms = statistics.median(_process(nothing) for _ in range(ROUNDS))
    return [*made, Row("collector --version, for comparison", bare_ms, "ms", note="a whole process")]


def _row(path: Path, config: Path, command: str) -> Row:
    print(f"  {command}", file=sys.stderr, flush=True)
    words = [*command.split(), "--config", str(config)]
    times = [_answer(path, words) for _ in range(ROUNDS)]
    if times[0].status not in {0, 1}:
        return Row(f"{command}: fails", 0, "", ("<=", -1), times[0].errors.strip().split("\n")[0][:100])
    whole = statistics.median(
        _process([sys.executable, "-m", "collector", *words]) for _ in range(ROUNDS - 2)
    )
    answers, cpu = sorted(one.ms for one in times), statistics.median(one.cpu_ms for one in times)
    note = f"{answers[0]:.0f} to {answers[-1]:.0f}, CPU {cpu:.0f}; as a whole process {whole:.0f} ms"
    return Row(command, statistics.median(answers), "ms", ("<=", BAR_MS), note)


class Answer(NamedTuple):
    """What a command took in this process, its exit status, and what it said of errors."""

    ms: float
    cpu_ms: float
    status: int
    errors: str


def _answer(path: Path, words: list[str]) -> Answer:
    """Ask once; arguments, config and connection included, Python's start and imports not."""
    forget(path)
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    began, cpu_s = time.perf_counter(), time.process_time()
    with redirect_stdout(out), redirect_stderr(err):
        status = main(words)
    ms, cpu_ms = (time.perf_counter() - began) * 1000, (time.process_time() - cpu_s) * 1000
    err.seek(0)
    return Answer(ms, cpu_ms, status, err.read())


def _process(words: list[str]) -> float:
    """ms of a command from start to end, Python's own start included."""
    began = time.perf_counter()
    subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return (time.perf_counter() - began) * 1000


def forget(path: Path) -> None:
    """Take out the finished answers of the query cache, as if a row had come; the digests stay."""
    conn = sqlite3.connect(path)
    with conn:
        conn.execute("DELETE FROM query_cache WHERE cache_key LIKE '% saw %'")
    conn.close()
