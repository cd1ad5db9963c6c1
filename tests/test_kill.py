"""Promise 1, on a real process: what was answered `committed` is in the database after SIGKILL."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from collector.orm import select
from collector.store import schema
from collector.store.database import open_reader, open_writer

BATCH = 7
ROUNDS = 10

# Prints the number of a batch when it is told that the batch is committed; a pipe takes such a line whole.
RECORDER = """
import itertools, os, sys, threading, time
from pathlib import Path
import collector.records
from collector.records.run import Run
from collector.store import schema
from collector.store.buffer import Batch, Buffer, Limits
from collector.store.database import open_writer, raw
from collector.store.writer import Writer

path, round, size = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
database = open_writer(path)
schema.prepare(database, path)
buffer = Buffer(Limits(age=0.002))
Writer(raw(database), buffer).start()
free = threading.Semaphore(20)

def told(number):
    def done(outcome):
        assert outcome.committed == size, outcome
        os.write(1, f"{number}\\n".encode())
        free.release()
    return done

for number in itertools.count():
    free.acquire()
    records = [Run.record(record_id=f"{round}.{number}.{i}", workload=f"{round}.{number}", timestamp=i,
                          output="x" * 300) for i in range(size)]
    buffer.offer(time.monotonic(), Batch(records, 0, told(number)))
    buffer.put(time.monotonic(), [Run.record(workload="own", timestamp=number)])
"""


def kill_after(path: Path, number: int, lines: int) -> list[str]:
    """Start a recorder, kill it as soon as it has told of ``lines`` batches; all those it told of."""
    with subprocess.Popen(
        [sys.executable, "-c", RECORDER, str(path), str(number), str(BATCH)],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        told = [process.stdout.readline().strip() for _ in range(lines)]
        process.send_signal(signal.SIGKILL)
        told += process.stdout.read().split()
        assert process.wait(10) == -signal.SIGKILL
    assert all(told)
    return [f"{number}.{batch}" for batch in told]


@pytest.mark.long
def test_what_was_told_committed_survives_sigkill_and_batches_are_whole(tmp_path: Path) -> None:
    """Ten times, at whatever moment the signal finds it, each time on the file the last one left behind."""
    path = tmp_path / "c.db"
    told: list[str] = []
    for number in range(ROUNDS):
        told += kill_after(path, number, random.randint(1, 60))
    reader = open_reader(path)
    query = "SELECT workload, count(DISTINCT record_id) FROM workload_runs WHERE workload <> 'own' GROUP BY 1"
    stored = dict(select(reader, query))
    reader.close()
    assert [batch for batch in told if batch not in stored] == []
    assert {batch: count for batch, count in stored.items() if count != BATCH} == {}
    database = open_writer(path)
    assert schema.prepare(database, path) == []
    assert select(database, "PRAGMA quick_check") == [("ok",)]
    database.close()
