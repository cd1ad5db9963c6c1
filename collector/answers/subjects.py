"""What can get slower: each workload, operation, model, skill and benchmark figure, and the canary.

A subject is one figure over time. `collector.answers.found` says what a change of one is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SubjectKind = Literal["workload", "operation", "inference", "skill", "benchmark", "canary"]


@dataclass(frozen=True, slots=True)
class Subject:
    """One figure that can change: what it is of, and the column it stands in.

    ``name`` is what people see, such as ``unit-tests`` or ``llama3.1:8b · chat``; ``unit`` that of the
    figure (``ms``, ``s``, ``1/s``). ``higher_is_better`` is true of rates.
    """

    kind: SubjectKind
    name: str
    metric: str
    unit: str = "ms"
    higher_is_better: bool = False


@dataclass(frozen=True, slots=True)
class Point:
    """One run of a subject, or a stretch of many: when (ms), its figure, and what it was made of.

    ``rows`` are how many executions stand behind it. ``noisy``: the machine was too busy for the figure to
    be trusted.
    """

    timestamp: int
    value: float
    rows: int = 1
    noisy: bool = False
    commit: str | None = None
