"""Every way in which a record can be wrong, made of a good one."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import NamedTuple

from tests.intake.made import Sent, text_of, with_raw

# Of every kind: a column that must be given, a whole number, a number, a text.
COLUMNS = {
    "inference": ("inference_time", "input_tokens", "inference_time", "model_name"),
    "skill": ("execution_ms", "tokens_in", "execution_ms", "skill_id"),
    "operation": ("duration_ms", "rows", "duration_ms", "metric_name"),
    "pool": ("idle_connections", "waiting_connections", "avg_connection_time_ms", "pool_name"),
    "benchmark": (
        "performance.total_time_seconds",
        "performance.token_usage_total",
        "quality.code_coverage_percentage",
        "project_name",
    ),
    "run": ("workload", "rows", "wall_ms", "command"),
}
DEEP = 100_000


class Fault(NamedTuple):
    """One way to be wrong: the column it is in, the bytes that stand there, what is told of it."""

    column: int
    raw: bytes
    reason: str
    has_path: bool = True


FAULTS = {
    "wrong type": Fault(1, b'"seven"', "must be a whole number"),
    "fraction": Fault(1, b"1.5", "must be a whole number"),
    "a list": Fault(3, b"[1]", "must be a text"),
    "negative": Fault(1, b"-1", "0 or more"),
    "NaN": Fault(2, b"NaN", "must be a number"),
    "infinite": Fault(2, b"1e999", "must be a number"),
    "minus infinity": Fault(2, b"-Infinity", "must be a number"),
    "2^63": Fault(1, b"9223372036854775808", "must be a whole number"),
    "5,000 digits": Fault(1, b"9" * 5_000, "not JSON", has_path=False),
    "lone surrogate": Fault(3, rb'"\ud800"', "is not UTF-8"),
    "NUL": Fault(3, rb'"a\u0000b"', "NUL"),
    "raw NUL": Fault(3, b'"a\0b"', "not JSON", has_path=False),
    "invalid UTF-8": Fault(3, b'"\xff\xfe"', "is not UTF-8"),
    "long text": Fault(3, b'"' + b"x" * 100_000 + b'"', "a text of 100,000 characters"),
    "deep": Fault(3, b"[" * DEEP + b"]" * DEEP, "nested too deep", has_path=False),
    "deep keys": Fault(3, b'{"a":' * 700 + b"1" + b"}" * 700, "must be a text"),
    "not JSON": Fault(1, b"oops", "not JSON", has_path=False),
    "null": Fault(0, b"null", "must not be null"),
}


def missing(record: Sent) -> tuple[bytes, str, str]:
    """A record without a column that must be there: its text, the path and the reason."""
    path = COLUMNS[record["kind"]][0]
    changed = json.loads(text_of(record))
    outer, _, last = path.rpartition(".")
    del (changed[outer] if outer else changed)[last]
    return text_of(changed), path, "is missing"


def unknown(record: Sent) -> tuple[bytes, str, str]:
    """One with a column that the kind does not have."""
    return text_of({**record, "surprise": 1}), "", "unknown column 'surprise'"


def twice(record: Sent) -> tuple[bytes, str, str]:
    """One in which a key stands twice."""
    return text_of(record)[:-1] + b',"kind":"run"}', "", "the key 'kind' stands there twice"


def wrong(name: str) -> Callable[[Sent], tuple[bytes, str, str]]:
    """One with this fault of the table."""
    fault = FAULTS[name]

    def make(record: Sent) -> tuple[bytes, str, str]:
        path = COLUMNS[record["kind"]][fault.column]
        return with_raw(record, path, fault.raw), path if fault.has_path else "", fault.reason

    return make


WAYS: dict[str, Callable[[Sent], tuple[bytes, str, str]]] = {
    "missing": missing,
    "unknown": unknown,
    "twice": twice,
    **{name: wrong(name) for name in FAULTS},
}
