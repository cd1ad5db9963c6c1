"""``hyperfine --export-json``: one run of a workload for each time that hyperfine took.

Format: https://github.com/sharkdp/hyperfine, `src/benchmark/benchmark_result.rs` (times in seconds).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from collector.errors import UsageError
from collector.importers.base import Entry, Fault, Item, Options, Source, importer
from collector.importers.document import digest, rows
from collector.importers.timing import beginnings, milliseconds, workload
from collector.redact import LONGEST, redacted, shortened

_EXPECTED = "hyperfine --export-json file"
_HINT = "make one with `hyperfine --export-json FILE COMMAND`"


@importer("hyperfine", "`hyperfine --export-json FILE`", takes=("name",))
def read(source: Source, options: Options) -> Iterator[Item]:
    """The runs in the order they were made.

    The file does not say when that was: the last is taken to end when the file was written, and the
    others right before it. User and system time are only there as means, so no run gets them.
    """
    _, results = rows(source, _EXPECTED, "results", _HINT)
    if options.name is not None and len(results) > 1:
        raise UsageError(f"{source.name} has {len(results)} results, which --name cannot tell apart")
    begins = iter(beginnings(source.written_ms, [s for result in results for s in _times(result)]))
    commands = Counter(str(result.get("command")) for result in results if isinstance(result, dict))
    for number, result in enumerate(results):
        where = f"results[{number}]"
        if fault := _fault(result):
            yield Fault(where, fault)
        else:
            name = options.name or _name(result, alone=commands[result["command"]] == 1)
            yield from _runs(where, result, name, begins, options)


def _fault(result: Any) -> str:
    if not isinstance(result, dict):
        return "is not an object"
    if not isinstance(result.get("command"), str) or not result["command"].strip():
        return "`command` is missing, or is not a text"
    if not isinstance(result.get("times"), list):
        return "`times` is missing, or is not a list"
    return ""


def _times(result: Any) -> list[Any]:
    return [] if _fault(result) else list(result["times"])


def _name(result: dict[str, Any], *, alone: bool) -> str:
    """The command; where several results have the same one, their parameters tell them apart."""
    parameters = result.get("parameters")
    if alone or not isinstance(parameters, dict) or not parameters:
        return workload(result["command"])
    told = ", ".join(f"{key} = {value}" for key, value in parameters.items())
    return workload(f"{result['command']} ({told})")


def _runs(
    where: str, result: dict[str, Any], name: str, begins: Iterator[int], options: Options
) -> Iterator[Item]:
    content = digest("hyperfine", result["command"], result.get("parameters"), result["times"], options.name)
    command = shortened(redacted(result["command"]), LONGEST)
    for n, (seconds, begin) in enumerate(zip(result["times"], begins, strict=False)):
        place = f"{where}.times[{n}]"
        if seconds is None:
            yield Fault(place, "is null")
            continue
        run = {"workload": name, "workload_kind": "import", "command": command, "timestamp": begin}
        ended = _ending(result, n)
        memory = _nth(result.get("memory_usage_byte"), n) or None  # 0: it could not be measured
        yield Entry(place, {
            "kind": "run", "id": f"{content}-{n}", **run, "wall_ms": milliseconds(seconds),
            **ended, "max_rss_bytes": memory,
        })  # fmt: skip


def _ending(result: dict[str, Any], n: int) -> dict[str, Any]:
    """How a run ended; null among the exit codes stands for a signal, and early versions had none."""
    codes = result.get("exit_codes")
    if not isinstance(codes, list) or n >= len(codes):
        return {"outcome": "ok"}
    if codes[n] is None:
        return {"outcome": "failed", "detail": "ended by a signal"}
    return {"outcome": "ok" if codes[n] == 0 else "failed", "exit_code": codes[n]}


def _nth(values: Any, n: int) -> Any:
    return values[n] if isinstance(values, list) and n < len(values) else None
