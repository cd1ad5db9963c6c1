"""A year of default data, every kind: how large it is, what answers, the start and the upkeep cost on it.

The machine is a laptop that sleeps 8 hours a night. Takes some minutes and 1 GB of disk.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import year_answers, year_data, year_file, year_upkeep, year_work
from benchmarks.footprint import cost
from benchmarks.recorder import recorder
from benchmarks.report import Row
from collector import log
from collector.looking import Looking
from collector.orm import peewee
from collector.records.run import Run
from collector.sections import Recorder
from collector.settings import Settings
from collector.store import summaries
from collector.store.buffer import Buffer
from collector.store.cache import Step
from collector.store.database import open_reader, open_writer, raw, transaction
from collector.store.writer import Writer

STARTS = 5
BAR_START_MS = 1000.0
SETTLE_SECONDS = 10.0
# As in `year_upkeep`.
SETTINGS = f'{year_work.SETTINGS}\n[retention]\ncap = "4GB"\n'


def run(_seconds: int) -> list[Row]:
    """Make the file, then look at it from all sides."""
    log.configure("error")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.db"
        began = time.perf_counter()
        year = year_data.make(path)
        made = [Row("the year was made in", time.perf_counter() - began, "s")]
        os.sync()  # else the first steps that are timed wait for what was written here
        made += year_upkeep.aged(path, year)
        made += year_file.rows(path)
        made += [_refreshed(path), *_looked(path)]
        made += _started(Path(folder))
        made += year_answers.rows(path, Path(folder) / "bench.toml")
        return made + year_upkeep.rows(path, year)


def _started(folder: Path) -> list[Row]:
    """From the start of the process to READY, again and again; and its memory."""
    ready = []
    for at in range(STARTS):
        with recorder(folder, SETTINGS) as daemon:
            ready.append(daemon.ready_ms)
            if at == STARTS - 1:
                time.sleep(SETTLE_SECONDS)
                rss_mb = cost(daemon.process.pid).rss_bytes / 1e6
                status_ms = _status_ms(folder / "bench.toml")
    spread = f"{min(ready):.0f} to {max(ready):.0f}"
    return [
        Row("start to READY", statistics.median(ready), "ms", ("<=", BAR_START_MS), spread),
        Row("resident memory", rss_mb, "MB", note=f"{SETTLE_SECONDS:.0f} s after the start; the aim is 40"),
        Row("status of a running recorder, as a whole process", status_ms, "ms"),
    ]  # fmt: skip


def _status_ms(config: Path) -> float:
    command = [sys.executable, "-m", "collector", "status", "--config", str(config)]
    times = []
    for _ in range(STARTS):
        began = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


def _refreshed(path: Path) -> Row:
    """Summaries and digests, as the daemon makes them every 15 minutes; here of a whole year at once."""
    reader, database = open_reader(path), open_writer(path, "normal")

    def ask(_name: str, step: Step) -> Any:
        with transaction(raw(database)):
            return step(raw(database))

    began, now_ms = time.perf_counter(), int(time.time() * 1000)
    done = summaries.refresh(reader, ask, lambda: False, now_ms=now_ms, slow=summaries.Slow({"query": 100.0}))
    took_s = time.perf_counter() - began
    reader.close()
    database.close()
    note = ", ".join(f"{count} {name}" for name, count in done.items())
    return Row("first summaries and digests, in the background", took_s, "s", note=note)


class _Quiet:
    """Stands where alerts are told."""

    def changed(self, *_: Any) -> None:
        """Nobody is told."""


def _looked(path: Path) -> list[Row]:
    """The first look for changes sees a whole year; the next one a single run."""
    with _writer(path) as (database, writer):
        settings = Settings(path=None, collector=Recorder(database=path))
        looking = Looking(writer, settings, _Quiet())  # type: ignore[arg-type]  # all that it asks of alerts
        first_s, again_ms = _look(looking), []
        for _ in range(STARTS):
            writer.ask("benchmark", _one_run).wait(30)
            looking.stored([Run.record(workload="unit-tests", timestamp=0)])
            again_ms.append(1000 * _look(looking))
        ((found,),) = raw(database).execute("SELECT count(*) FROM changes WHERE state != 'gone'").fetchall()
    return [
        Row("first look for changes, in the background", first_s, "s", note=f"found {found}"),
        Row("a look for changes after a new run", statistics.median(again_ms), "ms",
            note=f"{min(again_ms):.0f} to {max(again_ms):.0f}"),
    ]  # fmt: skip


def _look(looking: Looking) -> float:
    """Seconds."""
    began = time.perf_counter()
    looking.step()
    return time.perf_counter() - began


def _one_run(conn: Any) -> None:
    conn.execute(
        "INSERT INTO workload_runs (workload, workload_kind, timestamp, outcome, wall_ms, noisy)"
        " SELECT workload, workload_kind, max(timestamp) + 1000, outcome, 41800.5, 0 FROM workload_runs"
        " WHERE workload = 'unit-tests' AND outcome = 'ok'"
    )


@contextmanager
def _writer(path: Path) -> Iterator[tuple[peewee.SqliteDatabase, Writer]]:
    database = open_writer(path)
    writer = Writer(raw(database), Buffer())
    writer.start()
    try:
        yield database, writer
    finally:
        writer.close(10)
        database.close()
