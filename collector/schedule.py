"""When things run: settings and registries become APScheduler jobs, their defaults said once.

What APScheduler 3.11 does badly is answered here: a misfire grace of one second, one pool for all,
triggers that enumerate every run missed since the last, and jobs that wait for a clock set back.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from apscheduler.events import (
    EVENT_JOB_ERROR,
    EVENT_JOB_MAX_INSTANCES,
    EVENT_JOB_MISSED,
    JobExecutionEvent,
    JobSubmissionEvent,
)
from apscheduler.executors.debug import DebugExecutor
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger

from collector import weekdays
from collector.log import Folded, get_logger
from collector.settings import PoolSettings, WorkloadSettings

if TYPE_CHECKING:
    from apscheduler.job import Job

log = get_logger("schedule")

# So many samplers of devices may hang before the others of that kind would wait; see Seat.turn.
DEVICE_THREADS = 3
# The scheduler looks at the clock at every wake-up, and wakes up this often at least.
LONGEST_SLEEP = 5.0
# Its thread may be in the middle of a turn, which takes milliseconds.
STOP_SECONDS = 0.5
_WORKLOAD = "workload:"
_POOL = "pool:"
ALIASES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
}

Late = Callable[[str, int, str], None]


class Grid(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """Fires at whole multiples of ``every()`` seconds since the epoch, and never counts what it missed.

    ``every`` is asked anew each time, so that the pace can change (on battery) without a new job.
    """

    def __init__(self, every: Callable[[], float]) -> None:
        self.every = every

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        """The next moment on the grid after ``now``, in one step however long nobody asked."""
        every = self.every()
        count = math.floor(now.timestamp() / every) + 1
        if previous is not None and count * every <= previous.timestamp() < (count + 1) * every:
            count += 1  # the timer woke a little early: this one has run
        found = datetime.fromtimestamp(count * every, UTC)
        # Microseconds are rounded: a time that is not after now would fire for ever.
        return found if found > now else datetime.fromtimestamp((count + 1) * every, UTC)


class Cron(BaseTrigger):  # type: ignore[misc]
    """A cron expression in local time, which never counts what it missed.

    As crontab(5) has it: where both day and weekday are given either one is enough, and a job of a fixed
    hour runs once in the night in which that hour comes twice.
    """

    def __init__(self, expression: str) -> None:
        plain = weekdays.named(ALIASES.get(expression.strip(), expression))
        self._inner = [CronTrigger.from_crontab(either) for either in weekdays.either_day(plain)]
        self._fixed_hour = plain.split()[1] != "*"

    def get_next_fire_time(self, _previous: datetime | None, now: datetime) -> datetime | None:
        """The next match strictly after ``now``; None when there is none left."""
        times = [found for trigger in self._inner if (found := self._after(trigger, now))]
        return min(times, default=None)

    def _after(self, trigger: CronTrigger, now: datetime) -> datetime | None:
        found: datetime | None = trigger.get_next_fire_time(None, now + timedelta(microseconds=1))
        if found is not None and found.fold and self._fixed_hour:
            # From UTC, where the hour that came twice is over when it is over.
            past = found.astimezone(UTC).replace(minute=0, second=0) + timedelta(hours=1)
            found = trigger.get_next_fire_time(None, past)
        return found


def trigger_of(workload: WorkloadSettings) -> BaseTrigger:
    """When a workload runs."""
    every = workload.every
    if every is not None:
        return Grid(lambda: every)
    return Cron(workload.cron or "")


def cron_fault(expression: str) -> str | None:
    """What is wrong with a cron expression, or None."""
    try:
        trigger = Cron(expression)
    except LookupError as error:  # also what zoneinfo raises for a zone it does not know
        return f"the local time zone cannot be told: {error}; set TZ to a name such as Europe/Berlin"
    except ValueError as error:
        return f"must be a cron expression of five fields, such as '0 3 * * *': {error}"
    never = trigger.get_next_fire_time(None, datetime.now(UTC)) is None
    return "there is no such day in any year" if never else None


def next_times(workload: WorkloadSettings, now_ms: int, count: int) -> list[int]:
    """The next ``count`` times a workload would run, in milliseconds since the epoch."""
    trigger, at = trigger_of(workload), datetime.fromtimestamp(now_ms / 1000, UTC)
    times: list[int] = []
    for _ in range(count):
        found = trigger.get_next_fire_time(None, at)
        if found is None:
            break
        at = found.astimezone(UTC)
        times.append(round(at.timestamp() * 1000))
    return times


def grace(every: float | None) -> int:
    """How late a run may begin, in whole seconds: half its interval, at most a minute."""
    return 60 if every is None else max(1, min(60, int(every / 2)))


class Clockwork(BackgroundScheduler):  # type: ignore[misc]
    """APScheduler's thread, which calls ``look`` each time it wakes, before it reckons what is due.

    So a jump of the clock is answered before it is acted upon, without a thread that only watches.
    """

    def __init__(self, look: Callable[[], object], **options: Any) -> None:
        self._look = look
        self._failed = Folded(log, "schedule.look_failed", level="error")
        self.progress = time.monotonic()
        self.due: dict[str, datetime | None] = {}
        super().__init__(**options)

    def _process_jobs(self) -> float:
        self.progress = time.monotonic()
        try:
            self._look()
        except Exception as error:  # noqa: BLE001  # the edge of this thread: it must go on
            self._failed.happened(self.progress, error=repr(error))
        wait: float | None = super()._process_jobs()
        self.note_due()
        return LONGEST_SLEEP if wait is None else min(wait, LONGEST_SLEEP)

    def note_due(self) -> None:
        """Copy when each job is due, for those who may not wait for this thread."""
        self.due = {job.id: getattr(job, "next_run_time", None) for job in self.get_jobs()}


class Schedule:
    """The scheduler and its executors: sampling, devices, workloads and upkeep never wait for each other.

    ``missed`` and ``overlapped`` are called with (workload name, due ms, detail) and record it;
    ``look`` is called at every wake-up of the scheduler's thread.
    """

    def __init__(
        self, parallel: int, missed: Late, overlapped: Late, look: Callable[[], object] = lambda: None
    ) -> None:
        self._missed = missed
        self._overlapped = overlapped
        self._said_missed: dict[str, int] = {}
        self._late = Folded(log, "schedule.late")
        self._error = Folded(log, "schedule.error", level="error")
        self._scheduler = Clockwork(
            look,
            timezone=UTC,
            executors={
                # Readings of /proc cannot block and take half a millisecond: handing them to another
                # thread would cost as much again, and two more wake-ups a tick.
                "sampling": DebugExecutor(),
                "devices": ThreadPoolExecutor(DEVICE_THREADS),
                "workloads": ThreadPoolExecutor(parallel),
                "upkeep": ThreadPoolExecutor(1),
            },
            job_defaults={"coalesce": True, "max_instances": 1},
        )
        self._scheduler.add_listener(self._on_missed, EVENT_JOB_MISSED)
        self._scheduler.add_listener(self._on_overlapped, EVENT_JOB_MAX_INSTANCES)
        self._scheduler.add_listener(self._on_error, EVENT_JOB_ERROR)

    @property
    def progress(self) -> float:
        """When the scheduler's thread last moved (monotonic seconds)."""
        return float(self._scheduler.progress)

    def sample(
        self, name: str, every: Callable[[], float], turn: Callable[[], None], *, may_block: bool = False
    ) -> None:
        """Run a group of samplers. A late reading is still a true one, so there is no grace to miss."""
        self._scheduler.add_job(
            turn,
            Grid(every),
            id=f"samplers:{name}",
            executor="devices" if may_block else "sampling",
            replace_existing=True,
            max_instances=DEVICE_THREADS if may_block else 1,
            misfire_grace_time=None,
        )

    def upkeep(self, name: str, every: float, step: Callable[[], object]) -> None:
        """Run something short of our own."""
        self._scheduler.add_job(
            step,
            Grid(lambda: every),
            id=f"upkeep:{name}",
            executor="upkeep",
            replace_existing=True,
            misfire_grace_time=None,
        )

    def workload(self, workload: WorkloadSettings, run: Callable[[], object]) -> None:
        """Run a workload; replaces an older one of its name."""
        self._scheduler.add_job(
            run,
            trigger_of(workload),
            id=_WORKLOAD + workload.name,
            executor="workloads",
            replace_existing=True,
            misfire_grace_time=grace(workload.every),
        )

    def pool(self, pool: PoolSettings, look: Callable[[], None]) -> None:
        """Look at a pool; replaces an older one of its name. A late look is still a true one."""
        every = float(pool.every)
        self._scheduler.add_job(
            look,
            Grid(lambda: every),
            id=_POOL + pool.name,
            executor="workloads",
            replace_existing=True,
            misfire_grace_time=None,
        )

    def drop_pool(self, name: str) -> None:
        """Take a pool out; a look under way goes on to its end."""
        if self._scheduler.get_job(_POOL + name):
            self._scheduler.remove_job(_POOL + name)

    def drop_samplers(self) -> None:
        """Take all groups of samplers out."""
        for job in self._scheduler.get_jobs():
            if job.id.startswith("samplers:"):
                job.remove()

    def drop_workload(self, name: str) -> None:
        """Take a workload out; a run under way goes on to its end."""
        if self._scheduler.get_job(_WORKLOAD + name):
            self._scheduler.remove_job(_WORKLOAD + name)
        self._scheduler.note_due()

    def start(self) -> None:
        """Begin."""
        self._scheduler.start()

    def stop(self) -> None:
        """Start nothing more; what runs is not waited for. Stopping twice is fine."""
        if self._scheduler.running:
            # It waits for its own thread all the same: for ever, where a sampler hangs in that.
            ending = threading.Thread(target=self._scheduler.shutdown, args=(False,), daemon=True)
            ending.start()
            ending.join(STOP_SECONDS)
            if ending.is_alive():
                log.error("schedule.hung", waited_s=STOP_SECONDS)

    def next_runs(self) -> dict[str, int]:
        """When each workload runs next, in milliseconds since the epoch, as of the latest wake-up.

        A copy: asking the scheduler itself would wait for a sampler that hangs in its thread.
        """
        return {
            name.removeprefix(_WORKLOAD): round(due.timestamp() * 1000)
            for name, due in self._scheduler.due.items()
            if due is not None and name.startswith(_WORKLOAD)
        }

    def after_jump(self, now_ms: int) -> None:
        """Time jumped or stood still: note the runs that were missed, and reckon every job from now."""
        now = datetime.fromtimestamp(now_ms / 1000, UTC)
        for job in self._workload_jobs():
            due = job.next_run_time
            if due is not None and (now - due).total_seconds() > job.misfire_grace_time:
                self._say_missed(job, due, now)
        for job in self._scheduler.get_jobs():
            job.modify(next_run_time=job.trigger.get_next_fire_time(None, now))
        self._scheduler.note_due()
        self._scheduler.wakeup()

    def _workload_jobs(self) -> Iterator[Job]:
        return (job for job in self._scheduler.get_jobs() if job.id.startswith(_WORKLOAD))

    def _on_missed(self, event: JobExecutionEvent) -> None:
        job = self._scheduler.get_job(event.job_id)
        if job is not None and event.job_id.startswith(_WORKLOAD):
            self._say_missed(job, event.scheduled_run_time, datetime.now(UTC))

    def _say_missed(self, job: Job, due: datetime, now: datetime) -> None:
        """Once per due time: both the clock guard and APScheduler may notice the same one."""
        name, due_ms = job.id.removeprefix(_WORKLOAD), round(due.timestamp() * 1000)
        if self._said_missed.get(name) == due_ms:
            return
        self._said_missed[name] = due_ms
        late = (now - due).total_seconds()
        more = int(late // job.trigger.every()) if isinstance(job.trigger, Grid) else 0
        also = f", and {more} more since" if more else ""
        self._missed(name, due_ms, f"it was due {late:.0f} s before it could begin{also}")

    def _on_overlapped(self, event: JobSubmissionEvent) -> None:
        due_ms = round(event.scheduled_run_times[0].timestamp() * 1000)
        if event.job_id.startswith(_WORKLOAD):
            name = event.job_id.removeprefix(_WORKLOAD)
            self._overlapped(name, due_ms, "the run before was still going on or waiting for a free place")
        else:
            self._late.happened(time.monotonic(), job=event.job_id)

    def _on_error(self, event: JobExecutionEvent) -> None:
        fields: dict[str, Any] = {"job": event.job_id, "error": repr(event.exception)}
        self._error.happened(time.monotonic(), **fields)
