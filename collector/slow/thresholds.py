"""From when on something counts as slow: by its name where the config has one for it, else by its kind."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from collector.sections import Slow

KINDS = ("query", "api", "frontend", "cache", "inference", "skill")


@dataclass(frozen=True)
class Thresholds:
    """All in milliseconds. A kind without one is warned of only by name."""

    kinds: Mapping[str, float]
    names: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, slow: Slow, own: Mapping[str, float] = MappingProxyType({})) -> Thresholds:
        """As ``[slow]`` of the config has them; ``own`` are those of tails and workloads. In seconds."""
        seconds = ((kind, getattr(slow, kind)) for kind in KINDS)
        return cls(
            {kind: 1000 * float(value) for kind, value in seconds if value is not None},
            {name: 1000 * float(value) for name, value in {**slow.names, **own}.items()},
        )

    def ms(self, kind: str, name: str, tail: str = "") -> float:
        """From when on this one is slow; infinite where nobody wants to know."""
        own = self.names.get(name, self.names.get(tail))
        return self.kinds.get(kind, math.inf) if own is None else own

    def floors(self) -> dict[str, float]:
        """For each kind what is not slow by any name: most that is recorded lies below."""
        lowest = min(self.names.values(), default=math.inf)
        return {kind: min(lowest, self.kinds.get(kind, math.inf)) for kind in KINDS}
