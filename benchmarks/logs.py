"""A pgbench log read whole beside ``pgbadger -j 1`` in one run, and what it costs to follow one.

Needs a PostgreSQL of the system, which writes the log; pgBadger, where missing: ``apt-get install pgbadger``.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.footprint import cost, watch
from benchmarks.recorder import recorder
from benchmarks.report import Row
from collector.orm import select
from collector.store.database import open_reader

LINES = 300_000
COPIES = 3  # the larger file is the log so many times: the same lines at other places
ROUNDS = 3
QUIET_SECONDS = 30
DEADLINE_SECONDS = 300
BAR = 4.0
BAR_CPU_PERCENT = 0.05
PREFIX = "%m [%p] "
TAIL = '[[tails]]\nname = "{name}"\npath = "{path}"\nformat = "postgresql"\n'
OPERATIONS = "SELECT count(*) FROM operation_metrics"
LATEST = "SELECT max(late_ms), count(*) FROM recorder_samples WHERE timestamp >= ?"


@dataclass(frozen=True)
class Ran:
    """One run of a program: how long, and the most memory it held."""

    seconds: float
    peak_bytes: int


def run(_seconds: int) -> list[Row]:
    """Import beside pgBadger, its memory, the cost of a quiet tail, and a burst."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = _log(folder / "all.log")
        if log is None:
            return [Row("PostgreSQL is not installed: see the head of benchmarks/logs.py", 0, "")]
        large = folder / "large.log"
        with large.open("wb") as file:
            for _ in range(COPIES):
                file.write(log.read_bytes())
        return [*_speed(folder, log), *_memory(folder, log, large), *_quiet(folder), *_burst(folder, large)]


def _log(path: Path) -> Path | None:
    """What a real server writes of so many statements of pgbench; None where there is no server."""
    from tests.servers.postgresql import BINARIES, PostgreSQL  # noqa: PLC0415  # it needs pytest

    if not BINARIES:
        return None
    print("  a server writes the log", file=sys.stderr, flush=True)
    server = PostgreSQL({"log_destination": "stderr", "log_line_prefix": PREFIX})
    try:
        server.start()
        server.pgbench("-i", "-q")
        server.pgbench("-n", "-c", "4", "-j", "2", "-t", str(LINES // 7 // 4))
        shutil.copy(server.log_files["stderr"], path)
    finally:
        server.remove()
    return path


# The whole file. -----------------------------------------------------------------------------------


def _speed(folder: Path, log: Path) -> Iterator[Row]:
    """Medians of rounds taken in turns; each import goes into a fresh database."""
    lines = log.read_bytes().count(b"\n")
    ways: dict[str, Callable[[], Ran]] = {
        "without a daemon": lambda: _imported(folder, log),
        "through a daemon": lambda: _imported_through(folder, log),
    }
    if shutil.which("pgbadger"):
        ways["pgbadger -j 1"] = lambda: _badger(folder, log)
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(ROUNDS):
        print(f"  log of {lines:,} lines, round {turn + 1}", file=sys.stderr, flush=True)
        for name, way in ways.items():
            taken[name].append(way().seconds)
    for name, seconds in taken.items():
        note = (
            f"{min(seconds):.1f} to {max(seconds):.1f} s, {lines:,} lines, {log.stat().st_size / 1e6:.0f} MB"
        )
        yield Row(f"{name}: speed", lines / statistics.median(seconds), "lines/s", None, note)
    for name in [*ways][:2] if "pgbadger -j 1" in ways else []:
        ratio = statistics.median(
            theirs / ours for ours, theirs in zip(taken[name], taken["pgbadger -j 1"], strict=True)
        )
        yield Row(f"{name}: to pgbadger -j 1", ratio, "×", (">=", BAR), "medians of rounds in turns")


def _memory(folder: Path, log: Path, large: Path) -> Iterator[Row]:
    """Of each on the file and on one that is ``COPIES`` times as long, and what a row takes on disk."""
    programs: dict[str, Callable[[Path], Ran]] = {"import": lambda path: _imported(folder, path)}
    if shutil.which("pgbadger"):
        programs["pgbadger -j 1"] = lambda path: _badger(folder, path)
    for name, program in programs.items():
        for path in (log, large):
            print(f"  memory, {name}", file=sys.stderr, flush=True)
            peak = program(path).peak_bytes / 1e6
            yield Row(f"{name}: peak memory, {path.stat().st_size / 1e6:.0f} MB", peak, "MB")
    database = folder / "import" / "bench.db"  # of the import of ``large``
    ((count,),) = _asked(database, OPERATIONS)
    yield Row(
        "database, an execution", database.stat().st_size / count, "bytes", None, f"{count:,} executions"
    )


def _imported(folder: Path, log: Path) -> Ran:
    """Into a fresh database, without a daemon."""
    place = _fresh(folder / "import")
    config = place / "bench.toml"
    config.write_text(f'[collector]\ndatabase = "{place}/bench.db"\n', encoding="utf-8")
    return _run(_import(log, config))


def _imported_through(folder: Path, log: Path) -> Ran:
    """By a daemon that samples meanwhile."""
    place = _fresh(folder / "daemon")
    with recorder(place):
        return _run(_import(log, place / "bench.toml"))


def _badger(folder: Path, log: Path) -> Ran:
    words = ["-q", "-j", "1", "-f", "stderr", "--prefix", PREFIX, "-o", f"{folder}/badger.txt"]
    return _run(["pgbadger", *words, str(log)])


def _import(log: Path, config: Path) -> list[str]:
    words = ["import", "postgresql", str(log), "--prefix", PREFIX, "--config", str(config)]
    return [sys.executable, "-m", "collector", *words]


def _fresh(place: Path) -> Path:
    if place.exists():
        shutil.rmtree(place)
    place.mkdir()
    return place


def _run(argv: list[str]) -> Ran:
    start = time.perf_counter()
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    peak = 0
    while process.poll() is None:
        peak = max(peak, _peak_bytes(process.pid))
        time.sleep(0.02)
    seconds = time.perf_counter() - start
    if process.returncode:
        raise SystemExit(f"{argv[0]} failed: {process.stderr.read().decode() if process.stderr else ''}")
    return Ran(seconds, peak)


def _peak_bytes(pid: int) -> int:
    """Since it began; 0 when it has just ended. The peak that wait4 tells is never below our own."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return 1024 * next((int(line.split()[1]) for line in status.splitlines() if "VmHWM" in line), 0)


# Following. ----------------------------------------------------------------------------------------


def _quiet(folder: Path) -> Iterator[Row]:
    """Two daemons in the same seconds, one with two logs in which nothing happens."""
    tails = ""
    for name in ("one", "two"):
        path = folder / f"{name}.log"
        path.write_text("2026-11-22 12:00:00.000 UTC [1] LOG:  starting\n", encoding="utf-8")
        tails += TAIL.format(name=name, path=path)
    with ExitStack() as stack:
        pids = []
        for name, settings in (("with", tails), ("without", "")):
            place = _fresh(folder / f"quiet-{name}")
            pids.append(stack.enter_context(recorder(place, settings)).process.pid)
        watch(5)
        before = [cost(pid) for pid in pids]
        watch(QUIET_SECONDS)
        after = [cost(pid) for pid in pids]
    percent = [
        100 * (b.cpu_seconds - a.cpu_seconds) / QUIET_SECONDS for a, b in zip(before, after, strict=True)
    ]
    wakeups = [(b.wakeups - a.wakeups) / QUIET_SECONDS for a, b in zip(before, after, strict=True)]
    note = f"{percent[0]:.3f} % with, {percent[1]:.3f} % without"
    yield Row("two quiet tails: CPU", percent[0] - percent[1], "% of a core", ("<=", BAR_CPU_PERCENT), note)
    note = f"{wakeups[0]:.1f} with, {wakeups[1]:.1f} without"
    yield Row("two quiet tails: wake-ups", wakeups[0] - wakeups[1], "/s", None, note)


def _burst(folder: Path, large: Path) -> Iterator[Row]:
    """All of a large log at once, into one that is followed."""
    print("  burst", file=sys.stderr, flush=True)
    ((count,),) = _asked(folder / "import" / "bench.db", OPERATIONS)  # of the import of ``large``
    followed = folder / "followed.log"
    followed.touch()
    settings = '[sampling]\nevery = "1s"\n' + TAIL.format(name="burst", path=followed)
    with recorder(_fresh(folder / "burst"), settings) as daemon:
        watch(3)
        before, began_ms, start = _peak_bytes(daemon.process.pid), time.time() * 1000, time.perf_counter()
        with followed.open("ab") as file:
            file.write(large.read_bytes())
        _wait_for(daemon.database, count)
        seconds = time.perf_counter() - start
        peak = _peak_bytes(daemon.process.pid)
        ((late_ms, samples),) = _asked(daemon.database, LATEST, int(began_ms))
    note = f"{count:,} executions, {large.stat().st_size / 1e6:.0f} MB in {seconds:.0f} s"
    yield Row("burst into a followed log", count / seconds, "executions/s", None, note)
    yield Row("burst: peak memory of the daemon", peak / 1e6, "MB", None, f"{before / 1e6:.1f} MB before")
    yield Row(
        "burst: samples came late by at most", late_ms or 0, "ms", None, f"{samples} samples, 1 a second"
    )


def _wait_for(database: Path, count: int) -> None:
    """Until so many executions are stored."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while (found := _asked(database, OPERATIONS)[0][0]) < count:
        if time.monotonic() > deadline:
            raise SystemExit(f"only {found:,} of {count:,} executions came in")
        time.sleep(0.2)


def _asked(database: Path, sql: str, *values: int) -> list[tuple[int, ...]]:
    reader = open_reader(database)
    try:
        return select(reader, sql, *values)
    finally:
        reader.close()
