"""A small real record, made through the models and the one writing connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec

import collector.records  # noqa: F401  # announces every kind
from collector.orm import peewee
from collector.records.base import KINDS_BY_STRUCT
from collector.records.cpu import CpuSample
from collector.records.gap import Gap
from collector.records.memory import MemorySample
from collector.records.recorder import RecorderSample
from collector.records.run import Run
from collector.records.session import Session
from collector.records.workload import Workload
from collector.store import schema
from collector.store.database import open_reader, open_writer, raw

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Made:
    """A record as it would be at ``now_ms``; `reader` opens it the way commands do."""

    def __init__(self, path: Path, now_ms: int) -> None:
        self.path = path
        self.now_ms = now_ms
        self._writer = open_writer(path, "normal")
        schema.prepare(self._writer, path)
        self.conn = raw(self._writer)

    def add(self, *records: msgspec.Struct) -> None:
        """Store records at once."""
        for struct, some in groupby(records, type):
            self.conn.executemany(*KINDS_BY_STRUCT[struct].statement(list(some)))

    def workload(self, name: str, **columns: Any) -> None:
        """Register a workload: every 30 minutes unless told otherwise."""
        given = {
            "kind": "command",
            "command": "make test",
            "every_ms": 30 * MINUTE,
            "timeout_ms": 10 * MINUTE,
        }
        self.add(Workload.record(name=name, registered_ms=0, **{**given, **columns}))

    def run(self, workload: str, ago_ms: int, wall_ms: float | None = 10.0, **columns: Any) -> None:
        """A run that began ``ago_ms`` before now and went well unless told otherwise."""
        self.add(Run.record(workload=workload, timestamp=self.now_ms - ago_ms, wall_ms=wall_ms, **columns))

    def cpu(self, ago_ms: int, busy: float) -> None:
        """A processor sample."""
        others = ("user", "system", "iowait", "steal")
        self.add(
            CpuSample.record(
                timestamp=self.now_ms - ago_ms, busy_percent=busy, load_1m=0, load_5m=0, load_15m=0,
                context_switches_per_s=0, **{f"{name}_percent": 0 for name in others},
            )
        )  # fmt: skip

    def memory(self, ago_ms: int, used: float) -> None:
        """A memory sample."""
        names = ("total_bytes", "used_bytes", "available_bytes", "swap_used_bytes")
        self.add(
            MemorySample.record(
                timestamp=self.now_ms - ago_ms, used_percent=used, swap_in_bytes_per_s=0,
                swap_out_bytes_per_s=0, **dict.fromkeys(names, 0),
            )
        )  # fmt: skip

    def recorder(self, ago_ms: int, flush_ms: float | None = 2.0, **columns: Any) -> None:
        """A sample of the recorder itself."""
        zeros = ("cpu_percent", "rss_bytes", "queued", "written_bytes_per_s", "dropped", "late_ms",
                 "database_bytes", "wal_bytes")  # fmt: skip
        given = dict.fromkeys(zeros, 0) | columns
        self.add(RecorderSample.record(timestamp=self.now_ms - ago_ms, flush_ms=flush_ms, **given))

    def session(self, start_ago: int, end_ago: int | None, **counters: int) -> None:
        """A session; without an end it still runs, or was killed."""
        self.add(
            Session.record(
                machine_id="m", boot_id="b", version="0.1.0", pid=4121, start_ms=self.now_ms - start_ago,
                end_ms=None if end_ago is None else self.now_ms - end_ago,
                clean=None if end_ago is None else True, **counters,
            )
        )  # fmt: skip

    def gap(self, from_ago: int, to_ago: int, reason: str) -> None:
        """A hole in the record."""
        self.add(Gap.record(from_ms=self.now_ms - from_ago, to_ms=self.now_ms - to_ago, reason=reason))

    def close(self) -> None:
        """Close the writing connection; twice is fine."""
        self._writer.close()

    @contextmanager
    def reader(self) -> Iterator[peewee.SqliteDatabase]:
        """A connection that only reads."""
        database = open_reader(self.path)
        try:
            yield database
        finally:
            database.close()
