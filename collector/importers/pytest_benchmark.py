"""``pytest --benchmark-json``: one run of a workload for each round of a benchmark.

Format: https://pytest-benchmark.readthedocs.io; `stats.data` holds seconds for one iteration of each round.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from collector.errors import UsageError
from collector.importers.base import Entry, Fault, Item, Note, Options, Source, importer
from collector.importers.document import digest, rows
from collector.importers.timing import beginnings, milliseconds, workload

# A benchmark of a microsecond has a hundred thousand rounds: so many tell as much, and leave room for others.
MOST_ROUNDS = 1_000
_EXPECTED = "pytest --benchmark-json file"
_HINT = "make one with `pytest --benchmark-json=FILE`"
_UNKNOWN_COMMITS = ("unversioned", "unknown")


@importer("pytest-benchmark", "`pytest --benchmark-json=FILE`", takes=("name",))
def read(source: Source, options: Options) -> Iterator[Item]:
    """The rounds of each benchmark in their order; where the file has no rounds, one run with the median.

    The last round is taken to end at the file's `datetime`. Of more than 1,000 rounds 1,000 are taken,
    evenly spaced.
    """
    document, benchmarks = rows(source, _EXPECTED, "benchmarks", _HINT)
    if options.name is not None and len(benchmarks) > 1:
        raise UsageError(f"{source.name} has {len(benchmarks)} benchmarks, which --name cannot tell apart")
    common = {"kind": "run", "workload_kind": "import", **_commit(document.get("commit_info"))}
    end_ms = _written(document.get("datetime")) or source.written_ms
    lengths = [length for benchmark in benchmarks for length in _lengths(benchmark)]
    begins = iter(beginnings(end_ms, lengths))
    for number, benchmark in enumerate(benchmarks):
        where = f"benchmarks[{number}]"
        if fault := _fault(benchmark):
            yield Fault(where, fault)
            continue
        run = {**common, "workload": options.name or workload(benchmark["fullname"])}
        content = _content(document, benchmark, options)
        starts = [next(begins) for _ in _rounds(benchmark)]
        yield from _runs(where, benchmark, run, content, starts)


def _runs(
    where: str, benchmark: dict[str, Any], run: dict[str, Any], content: str, starts: list[int]
) -> Iterator[Item]:
    rounds = _rounds(benchmark)
    if len(rounds) > MOST_ROUNDS:
        yield Note(f"{run['workload']}: {MOST_ROUNDS:,} of its {len(rounds):,} rounds taken, evenly spaced")
    for n in _spaced(len(rounds)):
        own = {"id": f"{content}-{n}", "timestamp": starts[n], "wall_ms": milliseconds(rounds[n])}
        yield Entry(_place(where, benchmark, n), {**run, **own})


def _content(document: dict[str, Any], benchmark: dict[str, Any], options: Options) -> str:
    stats = benchmark["stats"]
    figures = (stats.get("data"), stats.get("median"))
    moment = document.get("datetime")
    return digest("pytest-benchmark", moment, benchmark["fullname"], *figures, options.name)


def _fault(benchmark: Any) -> str:
    if not isinstance(benchmark, dict):
        return "is not an object"
    if not isinstance(benchmark.get("fullname"), str) or not benchmark["fullname"].strip():
        return "`fullname` is missing, or is not a text"
    stats = benchmark.get("stats")
    if not isinstance(stats, dict) or not (_data(stats) or stats.get("median") is not None):
        return "`stats` has neither `data` nor `median`"
    return "" if None not in _data(stats) else "`stats.data` has null in it"


def _data(stats: dict[str, Any]) -> list[Any]:
    data = stats.get("data")
    return data if isinstance(data, list) else []


def _rounds(benchmark: dict[str, Any]) -> list[Any]:
    stats = benchmark["stats"]
    return _data(stats) or [stats["median"]]


def _lengths(benchmark: Any) -> list[Any]:
    """How long each round took, all of its iterations together."""
    if _fault(benchmark):
        return []
    iterations = benchmark["stats"].get("iterations")
    times = iterations if isinstance(iterations, int) else 1
    return [s * times if isinstance(s, (int, float)) else s for s in _rounds(benchmark)]


def _spaced(count: int) -> Sequence[int]:
    if count <= MOST_ROUNDS:
        return range(count)
    return [i * count // MOST_ROUNDS for i in range(MOST_ROUNDS)]


def _place(where: str, benchmark: dict[str, Any], n: int) -> str:
    return f"{where}.stats." + (f"data[{n}]" if _data(benchmark["stats"]) else "median")


def _written(moment: Any) -> int | None:
    """The file's own moment; early versions wrote UTC without a zone."""
    try:
        when = datetime.fromisoformat(moment)
    except (TypeError, ValueError):
        return None
    return round((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1000)


def _commit(info: Any) -> dict[str, Any]:
    if not isinstance(info, dict) or info.get("id") in (None, *_UNKNOWN_COMMITS):
        return {}
    return {"git_commit": info["id"], "git_dirty": info.get("dirty")}
