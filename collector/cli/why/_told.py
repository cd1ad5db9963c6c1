"""How the answer of ``collector why`` looks to people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from collector import timelines
from collector.answers import gaps
from collector.answers.usual.measures import OF_RUNS, SAMPLED
from collector.answers.usual.normal import Measure
from collector.answers.usual.verdict import too_few
from collector.cli.why._notes import notes
from collector.figures import figure
from collector.moments import at_second
from collector.tables import Cell, Column, print_facts, print_paragraph, print_table
from collector.terminal import printable, terminal_width
from collector.timelines import Line, Stretch
from collector.units import duration, percent, size

Row = dict[str, Any]

_INDENT = "    "
PROCESSES = 3
RUNS = 5
_MEASURES = {measure.name: measure for measure in OF_RUNS} | {
    f"{sampled.kind}.{measure.name}": measure for sampled in SAMPLED for measure in sampled.measures
}
_FLAGS = ("on_battery", "sensor.on_mains")
_WORSE = "yellow"
# As many others took just as long.
MOSTLY = 0.5
# On a narrower terminal than this a median stands without where 8 of 10 lie.
RANGES_FROM = 76
_SIDES = {"above": "more than usual", "below": "less than usual"}


def tell(answer: Row, now_ms: int, *, show_all: bool) -> None:
    """Print it: what was, its figures, who else was there, a timeline, and the verdict last."""
    print_paragraph(_headline(answer, now_ms), _INDENT)
    for line in notes(answer, now_ms):
        print_paragraph(f"  {line}", _INDENT)
    _figures(answer, show_all=show_all)
    _processes(answer["processes"], show_all=show_all)
    print_facts(_facts(answer, now_ms, show_all=show_all))
    for line in _timeline(answer, now_ms):
        click.echo(printable(line))
    print_paragraph(f"  → {answer['verdict']}", _INDENT)


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
        return f"{took} · {too_few(time)}"
    usual = f"usually {duration(time['median_ms'])} (p95 {duration(time['p95_ms'])})"
    since = " since the accepted change" if time["since_ms"] is not None else ""
    return f"{took}, {usual}: {_among(time)} the last {time['runs']}{since}{_noisy(time)}"


def _among(time: Row) -> str:
    """How many took less, or longer; what took just as long is neither."""
    slower, faster = time["slower_than"], time["faster_than"]
    if slower == faster == 0:
        return "as always in"
    if (alike := 1 - slower - faster) >= MOSTLY:
        return f"like {percent(100 * alike)} of"
    word, share = ("slower", slower) if slower >= faster else ("faster", faster)
    return f"{word} than {percent(100 * share)} of"


def _noisy(time: Row) -> str:
    if time["noisy_left_out"]:
        return f" ({time['noisy_left_out']} noisy ones left out)"
    return ", noisy ones included" if time["noisy_included"] else ""


def _figures(answer: Row, *, show_all: bool) -> None:
    rows = [row for row in answer["figures"] if show_all or row["basic"] or row["stands_out"]]
    cells = [_figure(row) for row in rows]
    if code := answer.get("code"):
        cells += _code(code, show_all=show_all)
    if not cells:
        return
    this = "this run" if "run" in answer else "then"
    columns = [
        Column("  during it" if this == "this run" else "  the machine", cut=12),
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
    is_narrow = (terminal_width() or RANGES_FROM) < RANGES_FROM
    return median if low == high or is_narrow else f"{median} ({low}…{high})"


def _code(code: Row, *, show_all: bool) -> list[list[str | Cell]]:
    rows: list[list[str | Cell]] = []
    if code["commit"] is not None:
        usual = _commit(code["usual_commit"], is_dirty=code["usual_dirty"])
        rows.append(["  git commit", _commit(code["commit"], is_dirty=code["dirty"]), usual, _same(code)])
    if code["command"] and (show_all or code["change"] == "command"):
        mark = Cell("← changed with this run", _WORSE) if code["change"] == "command" else Cell("")
        rows.append(["  command", "", "", Cell(f"{code['command']} {mark.text}".strip(), mark.colour)])
    return rows


def _commit(commit: str | None, *, is_dirty: bool | None) -> str:
    return "–" if commit is None else commit[:7] + ("+" if is_dirty else "")


def _same(code: Row) -> Cell:
    """Whether the runs that the time stands beside are of the same code."""
    if code["change"] == "commit":
        return Cell("← changed with this run", _WORSE)
    if code["change"] == "dirty":
        return Cell("← tracked files changed with this run (+)", _WORSE)
    if not code["usual_runs"]:
        return Cell("")
    alike, runs = code["usual_same"], code["usual_runs"]
    told = "all" if alike == runs else alike or "none"
    return Cell(f"(same as {told} of the last {runs})")


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
