"""How long the records took that can be slow, in one shape for all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from collector.records.base import KINDS_BY_MODEL
from collector.records.inference import Inference
from collector.records.operation import TAIL, Operation
from collector.records.skill import Skill


class Measured(NamedTuple):
    """One execution: ``kind`` is a key of `Thresholds`, ``began_ms`` is since the epoch.

    ``tail`` is the log that it was found in, where that has another name.
    """

    kind: str
    name: str
    duration_ms: float
    began_ms: int
    rows: int | None = None
    query_hash: str | None = None
    tail: str = ""
    endpoint: str | None = None


OPERATION: object = KINDS_BY_MODEL[Operation].struct


def operation(record: Any) -> Measured:
    """Of an operation."""
    return Measured(
        record.metric_type,
        record.metric_name,
        record.duration_ms,
        record.timestamp,
        record.rows,
        record.query_hash,
        str((record.metadata or {}).get(TAIL, "")),
        record.endpoint,
    )


def _inference(record: Any) -> Measured:
    return Measured("inference", record.model_name, record.inference_time * 1000, record.timestamp)


def _skill(record: Any) -> Measured:
    return Measured("skill", record.skill_id, record.execution_ms, record.timestamp)


class Other(NamedTuple):
    """A kind of record that is no operation: its column with the time, and what makes that milliseconds."""

    kind: str
    column: str
    factor: float
    measured: Callable[[Any], Measured]


OTHERS: dict[object, Other] = {
    KINDS_BY_MODEL[Inference].struct: Other("inference", "inference_time", 1000.0, _inference),
    KINDS_BY_MODEL[Skill].struct: Other("skill", "execution_ms", 1.0, _skill),
}
