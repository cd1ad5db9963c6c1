"""A run or a moment against its own normal: what `collector why` shows, as one document."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from collector.answers import gaps
from collector.answers.timed import Row, ask_sql
from collector.answers.usual import around, code, reasons, verdict
from collector.answers.usual.during import DAY_MS, DAYS, Window, figure_row, figures
from collector.answers.usual.history import Before, before
from collector.answers.usual.measures import OF_RUNS, TOLD_BY_RUNS
from collector.answers.usual.normal import ENOUGH, of_values, place

if TYPE_CHECKING:
    from collector.orm import peewee

# Of a moment the half minute before and after it are looked at; the timeline shows ten minutes.
MOMENT_MS = 30_000
SPAN_MS = 600_000
# Where no sample lies as near as this, the answer tells how far they are.
NEAR_MS = 10_000
# A longer run takes up a third of its timeline.
SPANS = 3
# So many other runs tell what their processes usually take.
RUNS_OF_PROCESSES = 8
LEAST_RUNS = 3


def of_run(database: peewee.SqliteDatabase, run: Row, now_ms: int) -> Row:
    """A run of a workload beside up to 60 that went well before it, since the newest accepted change."""
    earlier = before(database, run)
    window = _window(run["timestamp"], run["wall_ms"])
    own = _own_figures(run, earlier.usual)
    told = {name for name, column in TOLD_BY_RUNS.items() if run[column] is not None}
    answer = _around(
        database, window, _windows_of(earlier.usual, window), now_ms, own=own, told=told, number=run["id"]
    )
    is_timed = run["outcome"] == "ok" and run["wall_ms"] is not None
    answer |= {
        "subject": {"kind": "workload", "name": run["workload"]},
        "run": run,
        "time": _time(run["wall_ms"], earlier, "wall_ms") if is_timed else None,
        "code": code.of_run(run, earlier.recent, earlier.usual),
    }
    return answer | {"verdict": verdict.of_run(answer, run)}


def of_execution(database: peewee.SqliteDatabase, execution: Row, earlier: Before, now_ms: int) -> Row:
    """An execution of an operation, a model or a skill beside those before it of the same name."""
    window = _window(execution["timestamp"], execution["value_ms"])
    answer = _around(database, window, _days_before(window), now_ms)
    answer |= {
        "subject": {"kind": execution["kind"], "name": execution["name"]},
        "execution": execution,
        "time": _time(execution["value_ms"], earlier, "value_ms"),
    }
    return answer | {"verdict": verdict.of_execution(answer)}


def of_moment(database: peewee.SqliteDatabase, at_ms: int, now_ms: int) -> Row:
    """A moment: the half minute before and after it, beside this hour of other days."""
    window = Window(at_ms - MOMENT_MS, min(now_ms, at_ms + MOMENT_MS))
    answer = _around(database, window, _days_before(window), now_ms, at_ms=at_ms)
    answer |= {
        "subject": {"kind": "moment", "at_ms": at_ms},
        "nearest": _nearest(database, at_ms) if _is_far(database, answer, at_ms) else None,
        "first_ms": _first(database),
    }
    return answer | {"verdict": verdict.of_moment(answer)}


def _around(
    database: peewee.SqliteDatabase,
    window: Window,
    usual: Sequence[Window],
    now_ms: int,
    *,
    at_ms: int | None = None,
    own: Sequence[Row] = (),
    told: Collection[str] = (),
    number: int | None = None,
) -> Row:
    """What is told of every stretch of time. Where a gap hides all of it, no sample near it counts."""
    hole = _hole(database, window, at_ms)
    sampled, missing = ([], []) if hole else figures(database, window, told)
    processes = [] if hole else around.processes(database, window, usual)
    rows = [*own, *sampled]
    reasons.add(rows, processes)
    span = _span(window, now_ms)
    return {
        "from_ms": window.from_ms,
        "to_ms": window.to_ms,
        "in_gap": hole,
        "figures": rows,
        "missing": missing,
        "processes": processes,
        "other_runs": around.other_runs(database, window, number),
        "gaps": gaps.within(database, span.from_ms, span.to_ms),
        "timeline": around.timeline(database, window, span, now_ms),
    }


def _hole(database: peewee.SqliteDatabase, window: Window, at_ms: int | None) -> Row | None:
    """The gap that all of a stretch lies in; or the moment ``at_ms`` where nothing around it is sampled."""
    found = gaps.within(database, window.from_ms, window.to_ms + 1)
    if at_ms is not None and not around.is_sampled(database, window):
        window = Window(at_ms, at_ms)
    return next((g for g in found if g["from_ms"] <= window.from_ms and window.to_ms <= g["to_ms"]), None)


def _window(start_ms: int, took_ms: float | None) -> Window:
    return Window(start_ms, start_ms + round(took_ms or 0))


def _windows_of(runs: Sequence[Row], own: Window) -> list[Window]:
    """When else the processes of a run are looked at: during the runs before it, else on the days before."""
    windows = [_window(run["timestamp"], run["wall_ms"]) for run in runs[:RUNS_OF_PROCESSES]]
    return windows if len(windows) >= LEAST_RUNS else _days_before(own)


def _days_before(window: Window) -> list[Window]:
    """Ten minutes at the same time of the last days."""
    start = (window.from_ms + window.to_ms - SPAN_MS) // 2
    return [Window(start - day * DAY_MS, start - day * DAY_MS + SPAN_MS) for day in range(1, DAYS + 1)]


def _span(window: Window, now_ms: int) -> Window:
    """What the timeline shows: the window in the middle, nothing that lies ahead."""
    length = max(SPAN_MS, SPANS * (window.to_ms - window.from_ms))
    end = min(now_ms, (window.from_ms + window.to_ms + length) // 2)
    return Window(end - length, end)


def _time(took_ms: float, earlier: Before, column: str) -> Row:
    """How long it took beside what is usual; ``slower_than`` is the share of those that took less."""
    values = [row[column] for row in earlier.usual]
    found = place(took_ms, values)
    return {
        "value_ms": took_ms,
        "median_ms": found.median,
        "p95_ms": found.p95,
        "slower_than": found.slower_than,
        "faster_than": found.faster_than,
        "runs": len(values),
        "noisy_left_out": earlier.noisy,
        "noisy_included": earlier.with_noisy,
        "since_ms": earlier.since_ms,
        "enough": len(values) >= ENOUGH,
        "beyond": found.beyond,
        "stands_out": found.stands_out,
    }


def _own_figures(run: Row, usual: Sequence[Row]) -> list[Row]:
    """The figures that the run has itself, beside those of the runs before."""
    return [
        figure_row(measure, value, of_values(_value(row, measure.name) for row in usual))
        for measure in OF_RUNS
        if (value := _value(run, measure.name)) is not None
    ]


def _value(run: Row, name: str) -> float | None:
    if name == "cpu_ms":
        used = [run[part] for part in ("user_ms", "system_ms")]
        return None if None in used else sum(used)
    value: float | None = run[name]
    return value


def _is_far(database: peewee.SqliteDatabase, answer: Row, at_ms: int) -> bool:
    """Whether a moment has no figures, or those of samples that were not taken then."""
    return not (answer["figures"] and around.is_sampled(database, Window(at_ms - NEAR_MS, at_ms + NEAR_MS)))


def _nearest(database: peewee.SqliteDatabase, at_ms: int) -> Row:
    """When the samples before and after a moment were taken."""
    sql = """
        SELECT (SELECT max(timestamp) FROM cpu_samples WHERE timestamp <= ?1) AS before_ms,
               (SELECT min(timestamp) FROM cpu_samples WHERE timestamp > ?1) AS after_ms
        """
    return ask_sql(database, "why.nearest", sql, at_ms)[0]


def _first(database: peewee.SqliteDatabase) -> int | None:
    """When the first session began."""
    sql = "SELECT min(start_ms) AS first FROM recorder_sessions"
    found: int | None = ask_sql(database, "why.first", sql)[0]["first"]
    return found
