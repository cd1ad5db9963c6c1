"""``data.js`` of github-action-benchmark: one run of a workload for each figure of a commit that is a time.

Format: https://github.com/benchmark-action/github-action-benchmark, `src/write.ts` and `src/extract.ts`.
"""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from collector.importers.base import Entry, Fault, Item, NotThis, Options, Source, importer
from collector.importers.document import digest, whole
from collector.importers.history import NO_TIME, Asides, is_number, moment_ms, scale

_EXPECTED = "data of github-action-benchmark"
_HINT = "give the data.js of the branch gh-pages, by default dev/bench/data.js, or the JSON in it"
_SCRIPT = re.compile(rb"\Awindow\.BENCHMARK_DATA\s*=")
_TWICE = "in the file twice, as the action writes the columns of Go"


@importer(
    "github-action-benchmark", "`data.js` of github-action-benchmark, or the JSON in it", takes=("name",)
)
def read(source: Source, options: Options) -> Iterator[Item]:
    """The figures of each suite in their order; each run at the date of its commit.

    A history is asked along its commits: the moment at which the action ran counts only where the commit
    has no date.
    """
    asides = Asides()
    suites = _suites(source)
    for suite, entries in suites.items():
        begins = (options.name, suite if len(suites) > 1 else None)
        begin = "".join(f"{text}: " for text in begins if text)
        if not isinstance(entries, list):
            yield Fault(f"entries.{suite}", "is not a list")
            continue
        for number, entry in enumerate(entries):
            where = f"entries.{suite}[{number}]"
            if fault := _fault(entry):
                yield Fault(where, fault)
            else:
                yield from _runs(suite, where, entry, begin, options, asides)
    yield from asides.notes()


def _suites(source: Source) -> dict[str, Any]:
    """The lists of entries by their suites; raises NotThis."""
    script = whole(source).removeprefix(BOM_UTF8).strip()
    try:
        document = json.loads(_SCRIPT.sub(b"", script).removesuffix(b";"))
    except (ValueError, RecursionError) as error:
        raise NotThis(source, _EXPECTED, f"not JSON: {error}", hint=_HINT) from None
    suites = document.get("entries") if isinstance(document, dict) else None
    if not isinstance(suites, dict):
        raise NotThis(source, _EXPECTED, "it has no `entries`, or they are not an object", hint=_HINT)
    return suites


def _fault(entry: Any) -> str:
    if not isinstance(entry, dict):
        return "is not an object"
    if not isinstance(entry.get("commit"), dict) or not isinstance(entry["commit"].get("id"), str):
        return "`commit.id` is missing, or is not a text"
    if not isinstance(entry.get("benches"), list):
        return "`benches` is missing, or is not a list"
    if _moment(entry) is None:
        return "neither `commit.timestamp` nor `date` is a moment"
    return ""


def _moment(entry: dict[str, Any]) -> int | None:
    """When the commit was made, else when the action ran."""
    try:
        when = datetime.fromisoformat(entry["commit"].get("timestamp"))
        made_ms = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1000
    except (TypeError, ValueError, OverflowError):
        made_ms = None
    return moment_ms(made_ms) or moment_ms(entry.get("date"))


def _runs(
    suite: str, where: str, entry: dict[str, Any], begin: str, options: Options, asides: Asides
) -> Iterator[Item]:
    commit = entry["commit"]["id"]
    common = {"kind": "run", "workload_kind": "import", "timestamp": _moment(entry), "git_commit": commit}
    measured = (suite, commit, moment_ms(entry.get("date")), options.name)
    numbers: Counter[str] = Counter()
    twice = _twice(entry["benches"])
    for n, bench in enumerate(entry["benches"]):
        if fault := _bench_fault(bench):
            yield Fault(f"{where}.benches[{n}]", fault)
            continue
        name, value, unit = bench["name"], bench["value"], bench["unit"]
        timed = scale(unit)
        if timed is None:
            asides.leave_out(NO_TIME, unit.partition("\t")[0].strip()[:40])
        elif (name, value) in twice:
            asides.leave_out(_TWICE)
        else:
            numbers[name] += 1
            name = f"{name} ({numbers[name]})" if numbers[name] > 1 else name
            own = {"workload": asides.name(begin + name), "wall_ms": timed.ms(value)}
            identity = {"id": digest("github-action-benchmark", *measured, name, value, unit)}
            yield Entry(f"{where}.benches[{n}]", {**common, **own, **identity})


def _bench_fault(bench: Any) -> str:
    if not isinstance(bench, dict):
        return "is not an object"
    if not isinstance(bench.get("name"), str) or not bench["name"].strip():
        return "`name` is missing, or is not a text"
    if not isinstance(bench.get("unit"), str):
        return "`unit` is missing, or is not a text"
    return "" if is_number(bench.get("value")) else "`value` is missing, or is not a number"


def _twice(benches: list[Any]) -> set[tuple[str, Any]]:
    """What stands there again: of Go's ``ns/op<TAB>8 B/op`` the action also writes each column by itself."""
    good = (bench for bench in benches if not _bench_fault(bench))
    columns = ((bench, bench["unit"].partition("\t")) for bench in good)
    return {(f"{bench['name']} - {unit.strip()}", bench["value"]) for bench, (unit, tab, _) in columns if tab}
