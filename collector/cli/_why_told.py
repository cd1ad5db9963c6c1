"""How the answer of ``collector why`` looks to people."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

import click

from collector import timelines
from collector.answers import gaps
from collector.answers.usual.measures import OF_RUNS, SAMPLED
from collector.answers.usual.normal import ENOUGH, Measure
from collector.figures import figure
from collector.moments import at_second, between
from collector.tables import Cell, Column, print_facts, print_table
from collector.terminal import printable, terminal_width
from collector.timelines import Line, Stretch
from collector.units import duration, percent, size

Row = dict[str, Any]

PROCESSES = 3
RUNS = 5
_MEASURES = {measure.name: measure for measure in OF_RUNS} | {
    f"{sampled.kind}.{measure.name}": measure for sampled in SAMPLED for measure in sampled.measures
}
_FLAGS = ("on_battery", "sensor.on_mains")
_WORSE = "yellow"
_SIDES = {"above": "more than usual", "below": "less than usual"}


def tell(answer: Row, now_ms: int, *, show_all: bool) -> None:
    """Print it: what was, its figures, who else was there, a timeline, and the verdict last."""
    _paragraph(_headline(answer, now_ms))
    for line in _notes(answer, now_ms):
        _paragraph(f"  {line}")
    _figures(answer, show_all=show_all)
    _processes(answer["processes"], show_all=show_all)
    print_facts(_facts(answer, now_ms, show_all=show_all))
    for line in _timeline(answer, now_ms):
        click.echo(printable(line))
    _paragraph(f"  → {answer['verdict']}")


def _paragraph(text: str) -> None:
    """A line, or several of a terminal's width; breaks between words only."""
    width, text = terminal_width(), printable(text)
    lines = [text] if width is None else textwrap.wrap(text, width, subsequent_indent="    ")
    for line in lines:
        click.echo(line)


def _headline(answer: Row, now_ms: int) -> str:
    subject = answer["subject"]
    if subject["kind"] == "moment":
        return f"{at_second(subject['at_ms'], now_ms)} · the minute around it"
    if subject["kind"] == "workload":
        run = answer["run"]
        what = f"run {run['id']} of {subject['name']}"
        return f"{what} · {at_second(run['timestamp'], now_ms)} · {_took(answer, run)}"
    began = at_second(answer["execution"]["timestamp"], now_ms)
    return f"{subject['kind']} {subject['name']} · {began} · {_compared(answer['time'])}"


def _took(answer: Row, run: Row) -> str:
    """How long a run took, or how it ended where it did not go well."""
    if answer["time"] is not None:
        return _compared(answer["time"])
    told = run["outcome"] if run["wall_ms"] is None else f"{run['outcome']} after {duration(run['wall_ms'])}"
    reasons = [run["detail"], _exit(run)]
    return ": ".join([told, *[reason for reason in reasons if reason][:1]])


def _exit(run: Row) -> str:
    if run["exit_code"]:
        return f"exit {run['exit_code']}"
    return f"signal {run['signal']}" if run["signal"] else ""


def _compared(time: Row) -> str:
    took = duration(time["value_ms"])
    if not time["enough"]:
        return f"{took} · too few runs ({time['runs']} of {ENOUGH}) to say what is usual"
    share = time["slower_than"]
    side = (
        f"slower than {percent(100 * share)}" if share >= 0.5 else f"faster than {percent(100 - 100 * share)}"
    )
    left_out = f" ({time['noisy_left_out']} noisy ones left out)" if time["noisy_left_out"] else ""
    usual = f"usually {duration(time['median_ms'])} (p95 {duration(time['p95_ms'])})"
    return f"{took}, {usual}: {side} of the last {time['runs']}{left_out}"


def _notes(answer: Row, now_ms: int) -> Iterator[str]:
    """What has to be known before the figures: a hole, a time before all records, samples that lack."""
    if answer["in_gap"]:
        gap = answer["in_gap"]
        stretch = between(gap["from_ms"], gap["to_ms"], now_ms)
        yield f"the machine was not recorded then: {gap['reason']} {stretch}"
    if answer.get("nearest"):
        near = [at_second(ms, now_ms) for ms in answer["nearest"].values() if ms is not None]
        if near:
            yield f"the nearest samples are of {' and '.join(near)}"
    first = answer.get("first_ms")
    if first is not None and answer["to_ms"] < first:
        yield f"that was before the first record: {at_second(first, now_ms)}"


def _figures(answer: Row, *, show_all: bool) -> None:
    rows = [row for row in answer["figures"] if show_all or row["basic"] or row["stands_out"]]
    cells = [_figure(row) for row in rows]
    if code := answer.get("code"):
        cells += _code(code, show_all=show_all)
    if not cells:
        return
    this = "this run" if "run" in answer else "then"
    columns = [
        Column("  during it" if this == "this run" else "  the machine"),
        Column(this, right=True),
        Column("usually", right=True),
        Column("", cut=12),
    ]
    print_table(columns, cells)


def _figure(row: Row) -> list[str | Cell]:
    measure = _measure(row["name"])
    mark = "" if row["stands_out"] is None else f"← {row['why'] or _SIDES[row['stands_out']]}"
    return [
        f"  {row['label']}",
        _said(measure, row["name"], row["value"]),
        _usual(measure, row),
        Cell(mark, _WORSE if mark else ""),
    ]


def _measure(name: str) -> Measure:
    """Of a figure of the answer, whose name may end with that of a device."""
    return _MEASURES[name] if name in _MEASURES else _MEASURES[".".join(name.split(".")[:2])]


def _said(measure: Measure, name: str, value: float) -> str:
    return figure(measure, bool(round(value)) if name in _FLAGS else value, 0)


def _usual(measure: Measure, row: Row) -> str:
    """``6 % (1 %…12 %)``: the median, and where 8 of 10 lie."""
    if row["median"] is None:
        return "–"
    low, median, high = (_said(measure, row["name"], row[key]) for key in ("low", "median", "high"))
    return median if low == high else f"{median} ({low}…{high})"


def _code(code: Row, *, show_all: bool) -> list[list[str | Cell]]:
    rows: list[list[str | Cell]] = []
    if code["commit"] is not None:
        commit = code["commit"][:7] + ("+" if code["dirty"] else "")
        rows.append(["  git commit", commit, (code["previous_commit"] or "–")[:7], _same(code)])
    if code["command"] and (show_all or code["change"] == "command"):
        mark = Cell("← changed with this run", _WORSE) if code["change"] == "command" else Cell("")
        rows.append(["  command", "", "", Cell(f"{code['command']} {mark.text}".strip(), mark.colour)])
    return rows


def _same(code: Row) -> Cell:
    if code["change"] == "commit":
        return Cell("← changed with this run", _WORSE)
    if code["change"] == "dirty":
        return Cell("← tracked files changed with this run (+)", _WORSE)
    if not code["same_as"]:
        return Cell("")
    before = "run before" if code["same_as"] == 1 else f"{code['same_as']} runs before"
    return Cell(f"(same as the {before})")


def _processes(processes: list[Row], *, show_all: bool) -> None:
    shown = processes if show_all else processes[:PROCESSES]
    if not shown:
        return
    columns = [Column("  processes", cut=12), *(Column(t, right=True) for t in ("cpu", "usually", "memory"))]
    print_table(columns, [_process(row) for row in shown])


def _process(row: Row) -> list[str]:
    return [
        f"  {row['name']}",
        percent(row["cpu_percent"]),
        percent(row["usual_cpu_percent"]),
        size(row["rss_bytes"]),
    ]


def _facts(answer: Row, now_ms: int, *, show_all: bool) -> Iterator[tuple[str, list[str], str]]:
    if answer["missing"]:
        yield "no samples", answer["missing"], ", "
    runs = answer["other_runs"]
    if runs:
        shown = runs if show_all else runs[:RUNS]
        more = [f"{len(runs) - len(shown)} more: --all"] if len(runs) > len(shown) else []
        yield "ran then", [*(_other(run) for run in shown), *more], ", "
    if answer["gaps"]:
        yield "gaps", [gaps.in_words(answer["gaps"], now_ms)], ""


def _other(run: Row) -> str:
    return f"{run['workload']} (run {run['id']}, {run['outcome']}, {duration(run['wall_ms'])})"


def _timeline(answer: Row, now_ms: int) -> Iterator[str]:
    told = answer["timeline"]
    drawn = [_line(row) for row in told["series"]]
    stretch = Stretch(told["from_ms"], told["step_ms"], told["marked_from_ms"], told["marked_to_ms"])
    about = f"run {answer['run']['id']}" if "run" in answer else "then"
    yield from timelines.lines(stretch, drawn, about, now_ms, terminal_width())


def _line(row: Row) -> Line:
    """Shares from nothing on; of pressure a tenth fills the picture, since little of it is a lot."""
    values = row["values"]
    measure = _MEASURES.get(row["name"]) or Measure(row["name"], "", "%", "cpu")
    if measure.unit != "%":
        return Line(row["label"], values, say=lambda value: figure(measure, value, 0))
    most = max(value for value in values if value is not None)
    high = max(10.0, most) if row["name"].startswith("pressure.") else 100.0
    return Line(row["label"], values, 0.0, high, percent)
