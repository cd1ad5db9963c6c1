"""Results of airspeed velocity: one run of a workload for each result of a commit."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from math import isnan
from pathlib import Path
from typing import Any, NamedTuple

from collector.errors import CollectorError
from collector.importers.asv_file import Benchmark, ResultFile, Row, benchmarks, result_file, results
from collector.importers.base import Entry, Fault, Item, Note, NotThis, Options, Source, importer
from collector.importers.document import digest, whole
from collector.importers.history import NO_TIME, Asides, Scale, moment_ms, scale

_HINT = "give the folder that `results_dir` in asv.conf.json names, or MACHINE/COMMIT-ENVIRONMENT.json in it"
_NOT_RESULTS = ("machine.json", "benchmarks.json")
_RESULT_NAME = re.compile(r"[0-9a-f]{6,40}-.+\.json")
_TIMING = re.compile(r"(?:time|timeraw)_.|Time(?:raw)?[A-Z_].")  # how asv knows a benchmark of time
_SKIPPED = "skipped when it was run"
_EARLIER = "from an earlier version of its benchmark, which asv does not compare either"
_GONE = "its benchmark is no longer in benchmarks.json"
_FAILED = {"outcome": "failed", "detail": "asv has no result: the benchmark failed"}
_NO_BENCHMARKS = (
    "no benchmarks.json to tell units and versions: what is named time_… is taken as seconds, "
    "and versions of a benchmark are not told apart"
)

Benchmarks = dict[str, Benchmark] | None


class _Around(NamedTuple):
    """What the files around a result say: of units, and of what its name has to tell apart."""

    benchmarks: Benchmarks = None
    tells_machine: bool = False
    tells_environment: bool = False


@importer("asv", "`results` folder of airspeed velocity, or a file of it", takes=("name", "folder"))
def read(source: Source, options: Options) -> Iterator[Item]:
    """The results of all machines, file by file; each run at the date of its commit.

    A history is asked along its commits, and `asv run ALL` measures old ones today: so the start of the
    benchmark is the run's moment only where the commit has no date.
    """
    asides = Asides()
    given = Path(source.name)
    if _is_folder(given):
        root, paths = _found(given, source)
        around = yield from _around(root)
        for path in paths:
            yield from _one_of_several(path, around, options, asides)
    else:
        # The whole folder decides about names, so that one file of it goes on with the same series.
        folder = given.absolute().parent
        around = yield from _around(folder.parent if given.is_file() and _is_machine(folder) else None)
        try:
            file = result_file(whole(source))
        except ValueError as error:
            raise NotThis(source, "result file of asv", str(error), hint=_HINT) from None
        yield from _runs(file, "", around, options, asides)
    yield from asides.notes()


def _found(given: Path, source: Source) -> tuple[Path, list[Path]]:
    """The results folder and the files to read; raises CollectorError when there are none."""
    given = given.resolve()
    roots = [root for root in (given, given / "results", given / ".asv" / "results") if _is_folder(root)]
    found = [(root, [path for machine in _machines(root) for path in _results(machine)]) for root in roots]
    if _is_machine(given):
        found.append((given.parent, _results(given)))
    # A project may have folders that cannot be looked into and are none of asv's.
    found.sort(key=lambda one: not any(map(_is_result, one[1])))
    for root, paths in found:
        if paths:
            return root, paths
    why = "there is no MACHINE/COMMIT-ENVIRONMENT.json in it, in results or in .asv/results"
    raise NotThis(source, "folder with results of asv", why, hint=_HINT)


def _machines(root: Path) -> list[Path]:
    """The folders of machines: one level down, as asv has them; each once, however many links lead to it."""
    folders = {child.resolve() for child in _children(root) if _is_folder(child)}
    return [folder for folder in sorted(folders) if _is_machine(folder)]


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


def _is_machine(folder: Path) -> bool:
    """Also what cannot be looked into, for then it has to be told."""
    try:
        names = [path.name for path in folder.iterdir()]
    except OSError as error:
        return isinstance(error, PermissionError)
    return "machine.json" in names or any(map(_RESULT_NAME.fullmatch, names))


def _results(machine: Path) -> list[Path]:
    """The result files; the folder itself where it cannot be looked into, for the reader to say so."""
    try:
        found = _children(machine)
    except CollectorError:
        return [machine]
    return sorted(filter(_is_result, found))


def _is_result(path: Path) -> bool:
    return path.suffix == ".json" and path.name not in _NOT_RESULTS


def _children(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise CollectorError(f"{folder}: {error.strerror or error}", hint=_HINT) from error


def _around(root: Path | None) -> Generator[Item, None, _Around]:
    """Says so when benchmarks.json is missing or broken, and goes on without it."""
    known: Benchmarks = None
    try:
        if root is not None and (path := root / "benchmarks.json").exists():
            known = benchmarks(_content(path))
    except (CollectorError, OSError, ValueError) as error:
        yield Fault("benchmarks.json", _reason(error))
    if known is None:
        yield Note(_NO_BENCHMARKS)
    return _Around(known, *_apart(root)) if root else _Around()


def _apart(root: Path) -> tuple[bool, bool]:
    """Whether there are several machines, and several environments; the names of the files tell."""
    try:
        paths = [path for machine in _machines(root) for path in _results(machine) if _is_result(path)]
    except CollectorError:  # only one folder below it was asked for, and that one can be read
        return False, False
    environments = {path.stem.partition("-")[2] or path.stem for path in paths}
    return len({path.parent for path in paths}) > 1, len(environments) > 1


def _one_of_several(path: Path, around: _Around, options: Options, asides: Asides) -> Iterator[Item]:
    """What is wrong with a file does not stop the next."""
    where = "/".join(path.parts[-2:])
    try:
        file = result_file(_content(path))
    except (CollectorError, OSError, ValueError) as error:
        yield Fault(where, _reason(error))
    else:
        yield from _runs(file, f"{where}: ", around, options, asides)


def _content(path: Path) -> bytes:
    with path.open("rb") as stream:
        return whole(Source("it", stream, 0))


def _reason(error: Exception) -> str:
    if isinstance(error, CollectorError):
        return error.message
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _runs(file: ResultFile, where: str, around: _Around, options: Options, asides: Asides) -> Iterator[Item]:
    told = ((around.tells_machine, file.machine), (around.tells_environment, file.environment))
    label = "/".join(text for is_told, text in told if is_told)
    begin, end = f"{options.name}: " if options.name else "", f" [{label}]" if label else ""
    for benchmark, row in file.rows.items():
        try:
            found = results(benchmark, row)
        except ValueError as error:
            yield Fault(where + benchmark, str(error))
            continue
        timed, why, unit = _timed(benchmark, row, around.benchmarks)
        if timed is None:
            asides.leave_out(why, unit, len(found))
            continue
        common = _common(file, row)
        for name, value in found:
            if isinstance(value, float) and isnan(value):
                asides.leave_out(_SKIPPED)
                continue
            own = {"workload": asides.name(begin + name + end), "id": _id(file, name, value, options)}
            ended = _FAILED if value is None else {"outcome": "ok", "wall_ms": timed.ms(value)}
            yield Entry(where + name, {**common, **own, **ended})


def _timed(benchmark: str, row: Row, known: Benchmarks) -> tuple[Scale | None, str, str]:
    """How its results become milliseconds; where they do not, why they are left out, and the unit."""
    if known is None:
        is_time = _TIMING.match(benchmark.rpartition(".")[2])
        return (scale("seconds"), "", "") if is_time else (None, NO_TIME, "")
    if benchmark not in known:
        return None, _GONE, ""
    unit, version = known[benchmark]
    if None not in (row.get("version"), version) and row["version"] != version:
        return None, _EARLIER, ""
    return scale(unit), NO_TIME, unit[:40]


def _common(file: ResultFile, row: Row) -> dict[str, Any]:
    moment = file.date_ms if file.date_ms is not None else moment_ms(row.get("started_at"))
    return {"kind": "run", "workload_kind": "import", "timestamp": moment, "git_commit": file.commit}


def _id(file: ResultFile, name: str, value: Any, options: Options) -> str:
    """From what was measured, where and of which commit: a later measurement is another run."""
    return digest("asv", file.machine, file.environment, file.commit, name, value, options.name)
