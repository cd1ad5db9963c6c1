"""What histories of benchmarks have in common: units of time, moments, names, and what is left out. Pure."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from collector.importers.base import Note
from collector.importers.timing import LONGEST_NAME, workload
from collector.records.columns import LAST_MS

NO_TIME = "not a time"
_MOST_EXAMPLES = 5
_UNITS_MS = {
    name: ms
    for ms, names in (
        (1e-6, "ns nsec nanosecond nanoseconds"),
        (1e-3, "us µs μs usec microsecond microseconds"),  # micro has two letters that look the same
        (1.0, "ms msec millisecond milliseconds"),
        (1e3, "s sec secs second seconds"),
    )
    for name in names.split()
}
_THING = r"(?:iter|iteration|op|operation|call|run|req|request)s?"
_TIME = re.compile(rf"([a-zµμ]+)(?:/{_THING})?")
_RATE = re.compile(rf"{_THING}/([a-zµμ]+)")


def is_number(value: Any) -> bool:
    """Whether it is a number in JSON; NaN and Infinity are."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


class Scale(NamedTuple):
    """How figures of a unit become milliseconds; of a rate each becomes the time of one."""

    factor_ms: float
    is_rate: bool

    def ms(self, value: Any) -> Any:
        """Milliseconds, infinite for a rate of 0; what is no number stays, for the check of records."""
        if not is_number(value):
            return value
        try:
            return self.factor_ms / value if self.is_rate else float(value) * self.factor_ms
        except (OverflowError, ZeroDivisionError):  # JSON has integers of any length
            return math.inf


def scale(unit: Any) -> Scale | None:
    """The scale of ``s``, ``ns/iter``, ``ops/sec`` and the like; None for what is no time.

    Of Go's ``ns/op<TAB>8 B/op`` the first column counts.
    """
    words = unit.partition("\t")[0].strip().lower() if isinstance(unit, str) else ""
    for pattern, is_rate in ((_TIME, False), (_RATE, True)):
        if (found := pattern.fullmatch(words)) and found[1] in _UNITS_MS:
            return Scale(_UNITS_MS[found[1]], is_rate)
    return None


def moment_ms(value: Any) -> int | None:
    """Milliseconds since the epoch, when it is such."""
    return round(value) if is_number(value) and 0 < value <= LAST_MS else None


class Asides:
    """Names the workloads, and keeps what a person should know at the end of a file."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._examples: dict[str, list[str]] = {}
        self._long: set[str] = set()

    def leave_out(self, why: str, example: str = "", count: int = 1) -> None:
        """Count results that become no record."""
        self._counts[why] += count
        examples = self._examples.setdefault(why, [])
        if example and example not in examples and len(examples) <= _MOST_EXAMPLES:
            examples.append(example)

    def name(self, text: str) -> str:
        """The workload's name for it, shortened where it has to be."""
        name = workload(text)
        if len(text) > LONGEST_NAME:
            self._long.add(name)
        return name

    def notes(self) -> Iterator[Note]:
        """One for each reason, and one for the names."""
        for why, count in self._counts.items():
            many = "1 result" if count == 1 else f"{count:,} results"
            yield Note(f"{many} left out: {why}{self._shown(why)}")
        if self._long:
            many = "1 name has" if len(self._long) == 1 else f"{len(self._long):,} names have"
            yield Note(f"{many} more than {LONGEST_NAME} characters: cut, with a hash at the end")

    def _shown(self, why: str) -> str:
        examples = self._examples[why]
        more = ", …" if len(examples) > _MOST_EXAMPLES else ""
        return f" ({', '.join(examples[:_MOST_EXAMPLES])}{more})" if examples else ""
