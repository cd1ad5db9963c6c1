"""The daemon: build, start, READY, wait, and stop in reverse."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from signal import SIGHUP
from typing import Any

import msgspec

from collector import __version__, clock, log, systemd
from collector.clock import Instant, Watch
from collector.errors import ConfigError
from collector.following import Following
from collector.hearing import Hearing
from collector.intake.changes import Changes
from collector.intake.server import Server, Tasks
from collector.intake.statements import Statements
from collector.keeping import Keeping
from collector.pace import Pace
from collector.pools.pools import Pools
from collector.readings.power import on_battery
from collector.readings.state import Meter
from collector.recording import Recording
from collector.records.gap import Gap
from collector.sampling import Sampled
from collector.schedule import LONGEST_SLEEP, Schedule
from collector.settings import PoolSettings, Settings, WorkloadSettings
from collector.signals import Signals
from collector.store.buffer import Buffer
from collector.store.writer import Writer
from collector.watchdog import Watchdog
from collector.workloads.execute import Runs
from collector.workloads.spawn import Children
from collector.workloads.stamp import boot_id

logger = log.get_logger("daemon")

# Together less than the ten seconds of promise 9.
RUNS_STOP_SECONDS = 4.0
# When the scheduler's thread did not wake for two intervals, and at least so long, ticks were lost.
STALL_SECONDS = 2.0
PING_SECONDS = 10.0

NEEDS_RESTART = {
    "collector": ("database", "socket", "durability", "minimum_free", "ballast"),
    "runs": ("parallel",),
}

Reload = Callable[[], Settings]


class Daemon:
    """One run of the recorder with ``settings``; ``reload`` reads the config again on SIGHUP.

    ``umask`` is the one workloads run with: ours is stricter, and their files are not ours.
    """

    def __init__(self, settings: Settings, reload: Reload, umask: int = -1) -> None:
        self.settings = settings
        self._reload = reload
        self._started = clock.now()
        self.buffer = Buffer()
        self.hearing = Hearing(settings, self.buffer, umask)
        self.meter = Meter()
        self.children = Children(umask)
        self.pace = Pace(settings.sampling, on_battery)
        self.runs = Runs(self.buffer.put, self.children, self.meter, boot_id(), settings.slow.query)
        self.schedule = Schedule(settings.runs.parallel, self._missed, self._overlapped, self._look)
        self.pools = Pools(self.buffer.put, self.children)
        self.sampled = Sampled(
            settings, self.buffer, self.pace, lambda: self.writer.last_flush_ms, self._note
        )
        self.watch = Watch(self._started, STALL_SECONDS)
        self.recording = Recording(settings, self.buffer, self.hearing, self._started)
        self.watchdog: Watchdog | None = None

    def run(self) -> None:
        """Record until SIGTERM or SIGINT. Raises CollectorError when it cannot begin."""
        signals = Signals()
        with ExitStack() as stop:  # its steps run in reverse: each part ends before what it feeds
            stop.enter_context(self.recording.locked())
            stop.enter_context(self._writing())
            stop.enter_context(self.recording.session())
            stop.enter_context(self._listening())
            stop.enter_context(self._scheduling())
            self._ready()
            self._wait(signals)
            self._stopping()
        counts = self.buffer.counts()
        logger.info("recorder.stopped", committed=counts.committed, dropped=counts.dropped)

    @property
    def drained(self) -> bool:
        """Whether all that was recorded is written, after the end."""
        return self.recording.drained

    # The parts, each with its own end. ---------------------------------------------------------

    @contextmanager
    def _writing(self) -> Iterator[Writer]:
        """With the writer goes what keeps its file."""
        recording = self.recording
        try:
            with recording.writing() as self.writer:
                self.keeping = Keeping(
                    self.settings,
                    self.writer,
                    recording.place,
                    self.buffer,
                    self.hearing,
                    self.sampled.own_cost,
                )
                self.tails = Following(self.settings, self.buffer, self.keeping.refresher.known_statements)
                yield self.writer
        finally:
            self.hearing.close()

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """Ends before the writer, so that a client is never told `committed` for what is not."""
        statements = Statements(self.keeping.refresher.known_statements())
        asks = {
            "status": lambda _: self.status(),
            "suspect": lambda _: self._suspect(),
            **self.hearing.asks(),
        }
        changes = Changes(self.writer, self.buffer, statements)
        tasks: Tasks = {"change": changes, **self.keeping.tasks()}
        self.server = Server(self.settings.socket, self.buffer, asks, tasks, statements)
        self.server.start()
        self.tails.start()
        try:
            yield
        finally:
            self.tails.close()
            self.server.close()

    @contextmanager
    def _scheduling(self) -> Iterator[None]:
        """First to end: nothing new begins, and what runs is ended and still recorded."""
        self.sampled.schedule(self.schedule)
        for workload in self.settings.workloads:
            self._schedule(workload)
        for pool in self.settings.pools:
            self._look_at(pool)
        self.keeping.schedule(self.schedule, self.settings)
        self.watch = Watch(clock.now(), STALL_SECONDS)
        self.schedule.start()
        try:
            yield
        finally:
            self.keeping.stop()
            self.schedule.stop()
            self.children.stop_all()
            self.runs.wait_idle(RUNS_STOP_SECONDS)
            self.runs.abandon()  # what goes on even now is a row all the same

    # What happens while it runs. ----------------------------------------------------------------

    def _ready(self) -> None:
        """The first commit is done, and everything that feeds it moves."""
        logger.info(
            "recorder.ready",
            database=str(self.settings.database),
            pid=os.getpid(),
            config=str(self.settings.path or "defaults"),
            workloads=len(self.settings.workloads),
        )
        systemd.notify("READY=1", f"STATUS=recording into {self.settings.database}")

    def _wait(self, signals: Signals) -> None:
        period = systemd.watchdog_seconds()
        parts = {
            "writer": lambda: self.writer.progress,
            "scheduler": lambda: self.schedule.progress,
            "intake": lambda: self.server.progress,
            "tails": lambda: self.tails.progress,
        }
        self.watchdog = watchdog = Watchdog(parts, period)
        while True:
            came = signals.wait(min(PING_SECONDS, period / 4) if period else PING_SECONDS)
            if came - {SIGHUP}:
                return
            if SIGHUP in came:
                self.reload()
            watchdog.step(time.monotonic())
            self.hearing.slow.step(time.monotonic())
            self.server.look()

    def _stopping(self) -> None:
        logger.info("recorder.stopping", queued=self.buffer.counts().queued)
        systemd.notify("STOPPING=1")

    def step(self, now: Instant) -> bool:
        """The scheduler's look at the clock: did time jump or stand still? True when it did."""
        self.pace.look(now.monotonic)
        self.watch.patience = max(STALL_SECONDS, 2 * min(self.pace.every(), LONGEST_SLEEP))
        hole = self.watch.step(now)
        if hole is None:
            return False
        logger.warning("time.jumped", reason=hole.reason, seconds=(hole.to_ms - hole.from_ms) / 1000)
        self.sampled.forget()
        self.buffer.put(now.monotonic, [Gap.record(**hole._asdict())])
        self.schedule.after_jump(now.wall_ms)
        return True

    def reload(self) -> None:
        """Read the config again; a broken one is refused and the old one goes on."""
        systemd.notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
        try:
            new = self._reload()
        except ConfigError as error:
            for problem in error.problems:
                logger.error("config.refused", path=error.path, fault=str(problem))
        except Exception as error:  # noqa: BLE001  # whatever is wrong with a new config, the old one goes on
            logger.error("config.refused", fault=f"{type(error).__name__}: {error}")
        else:
            self._apply(new)
        systemd.notify("READY=1")

    def _apply(self, new: Settings) -> None:
        old = self.settings
        for section, keys in NEEDS_RESTART.items():
            for key in keys:
                if getattr(getattr(new, section), key) != getattr(getattr(old, section), key):
                    logger.warning("config.needs_restart", key=f"{section}.{key}")
        # What only a restart can change stays as it was, so that every later reload says so again.
        self.settings = new = msgspec.structs.replace(new, collector=old.collector, runs=old.runs)
        log.configure(new.log.level)
        self.hearing.apply(new)
        self.runs.slow_query = new.slow.query
        self.pace.sampling = new.sampling
        self.sampled.apply(new, self.schedule)
        before = {workload.name: workload for workload in old.workloads}
        for workload in new.workloads:
            if before.pop(workload.name, None) != workload:
                self._schedule(workload)
        for name in before:
            self.schedule.drop_workload(name)
        self._apply_pools(old.pools, new.pools)
        self.tails.apply(new.tails)
        self.keeping.apply(new, self.schedule)
        self.recording.register(new.workloads)
        logger.info("config.reloaded", path=str(new.path), workloads=len(new.workloads))

    def status(self) -> dict[str, Any]:
        """What `collector status` asks."""
        counts = self.buffer.counts()
        return {
            "recording": True,
            "pid": os.getpid(),
            "version": __version__,
            "uptime_s": round(time.monotonic() - self._started.monotonic, 1),
            "counters": {
                name: getattr(counts, name)
                for name in ("received", "committed", "duplicate", "rejected", "dropped", "queued")
            },
            "dropped_reasons": counts.reasons,
            **self.sampled.own_cost(),
            "last_commit": self.writer.last_commit_ms,
            "flush_ms": self.writer.last_flush_ms,
            "late_ms": self.sampled.late_ms,
            "stuck": self.writer.stuck,
            "stalled": self.watchdog.stalled if self.watchdog else [],
            "samplers": self.sampled.health(),
            "next_runs": self.schedule.next_runs(),
            "tails": self.tails.health(),
            "pools": self.pools.health(self.settings.pools, self.hearing.waiting.health(clock.now().wall_ms)),
            "config": str(self.settings.path) if self.settings.path else None,
        }

    # Small wires between the parts. -------------------------------------------------------------

    def _suspect(self) -> dict[str, Any]:
        """A command found the file damaged."""
        self.writer.suspect()
        return {"result": "looking"}

    def _look(self) -> None:
        self.step(clock.now())

    def _schedule(self, workload: WorkloadSettings) -> None:
        self.schedule.workload(workload, partial(self.runs.run, workload))

    def _look_at(self, pool: PoolSettings) -> None:
        self.schedule.pool(pool, partial(self.pools.look, pool))

    def _apply_pools(self, old: tuple[PoolSettings, ...], new: tuple[PoolSettings, ...]) -> None:
        for gone in {pool.name for pool in old} - {pool.name for pool in new}:
            self.schedule.drop_pool(gone)
        for pool in new:
            if pool not in old:
                self._look_at(pool)
        self.pools.keep(new)

    def _missed(self, name: str, due_ms: int, detail: str) -> None:
        if workload := self._named(name):
            self.runs.missed(workload, due_ms, detail)

    def _overlapped(self, name: str, due_ms: int, detail: str) -> None:
        if workload := self._named(name):
            self.runs.overlapped(workload, due_ms, detail)

    def _named(self, name: str) -> WorkloadSettings | None:
        return next((workload for workload in self.settings.workloads if workload.name == name), None)

    def _note(self) -> None:
        """A look at the machine a tick, so that a short run has a window to be judged in."""
        if self.settings.workloads:
            self.meter.note(self.meter.look())
