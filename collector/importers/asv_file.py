"""The files of airspeed velocity, versions 1 and 2: what they say, and what is wrong with them. Pure.

Format: https://github.com/airspeed-velocity/asv, `asv/results.py` (times in seconds, dates in milliseconds).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from itertools import product, repeat
from typing import Any, NamedTuple

from collector.importers.history import is_number, moment_ms

MOST_COMBINATIONS = 100_000  # of the parameters of one benchmark
_NO_FILE_NAME = re.compile(r'[<>:"/\\^|?*\x00-\x1f]')

Row = dict[str, Any]


class Benchmark(NamedTuple):
    """What benchmarks.json says of one, as far as it matters."""

    unit: str
    version: str | None


class ResultFile(NamedTuple):
    """The results of one commit on one machine in one environment; a row that is no object is a bad one."""

    commit: str
    date_ms: int | None
    machine: str
    environment: str
    rows: dict[str, Row | Any]


def benchmarks(data: bytes) -> dict[str, Benchmark]:
    """What stands in benchmarks.json. Raises ValueError with what is wrong."""
    return {
        name: Benchmark(_text(one.get("unit")), _text(one.get("version")) or None)
        for name, one in _document(data).items()
        if isinstance(one, dict)
    }


def result_file(data: bytes) -> ResultFile:
    """What stands in a file of results. Raises ValueError with what is wrong."""
    document = _document(data)
    commit, results = document.get("commit_hash"), document.get("results")
    if not isinstance(commit, str) or not isinstance(results, dict):
        raise ValueError("it has no `commit_hash`, or no `results`")
    rows = _rows_of_1(document, results) if document["version"] == 1 else _rows_of_2(document, results)
    return ResultFile(
        commit=commit,
        date_ms=moment_ms(document.get("date")),
        machine=_text(_object(document, "params").get("machine")) or "unknown",
        environment=_environment(document),
        rows=rows,
    )


def results(benchmark: str, row: Row | Any) -> list[tuple[str, Any]]:
    """Each result and the name that asv gives it: of a parameterised benchmark ``b(10, 'a')``.

    None is one that failed, NaN one that was skipped. Raises ValueError with what is wrong.
    """
    if not isinstance(row, dict):
        raise ValueError("its results are not a list")
    parameters = row.get("params") or []
    if not isinstance(parameters, list) or not all(map(_is_texts, parameters)):
        raise ValueError("its `params` is not a list of lists of texts")
    count = math.prod(map(len, parameters))
    if count > MOST_COMBINATIONS:
        raise ValueError(f"more than {MOST_COMBINATIONS:,} combinations of parameters")
    values = row.get("result")
    if values is None:  # all of them failed
        values = list(repeat(None, count))
    elif not isinstance(values, list):
        values = [values]
    if len(values) != count:
        raise ValueError(f"{len(values):,} results for {count:,} combinations of parameters")
    if not all(value is None or is_number(value) for value in values):
        raise ValueError("a result that is neither a number nor null")
    return list(zip(_names(benchmark, parameters), values, strict=True))


def _names(benchmark: str, parameters: list[list[str]]) -> Iterator[str]:
    for combination in product(*parameters):
        yield f"{benchmark}({', '.join(combination)})" if combination else benchmark


def _is_texts(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def _document(data: bytes) -> dict[str, Any]:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from None
    if not isinstance(document, dict):
        raise ValueError("it is not an object")
    if document.get("version") not in (1, 2):
        found = document.get("version")
        shown = str(found) if is_number(found) else "missing, or is not a number"
        raise ValueError(f"its `version` is {shown:.40}; 1 and 2 are known")
    return document


def _object(document: dict[str, Any], key: str) -> dict[str, Any]:
    found = document.get(key)
    return found if isinstance(found, dict) else {}


def _rows_of_1(document: dict[str, Any], found: dict[str, Any]) -> dict[str, Row]:
    """The first files had the bare result, and other columns in objects beside `results`."""
    beside = {
        "version": _object(document, "benchmark_version"),
        "started_at": _object(document, "started_at"),
    }
    return {
        name: {
            **(row if isinstance(row, dict) else {"result": row}),
            **{column: values.get(name) for column, values in beside.items()},
        }
        for name, row in found.items()
    }


def _rows_of_2(document: dict[str, Any], found: dict[str, Any]) -> dict[str, Row | Any]:
    """A row is a list that ends with its last value."""
    columns: Any = document.get("result_columns")
    if not _is_texts(columns):
        raise ValueError("its `result_columns` is missing, or is not a list of names")
    return {
        name: dict(zip(columns, row, strict=False)) if isinstance(row, list) else row
        for name, row in found.items()
    }


def _environment(document: dict[str, Any]) -> str:
    """Its name; the first files had only what asv makes it of."""
    if name := _text(document.get("env_name")):
        return name
    needed = sorted(_object(document, "requirements").items())
    parts = [f"py{_text(document.get('python'))}", *(what + _text(version) for what, version in needed)]
    return _NO_FILE_NAME.sub("_", "-".join(parts))


def _text(value: Any) -> str:
    """What asv writes as a text; anything else would be nested as deep as somebody likes."""
    return value if isinstance(value, str) else ""
