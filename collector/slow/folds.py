"""What of repeated warnings is said: the first at once, then at most one every 30 s, with its count."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from collector.log import QUIET_SECONDS

MOST = 1_000

Key = tuple[str, str, str]
Fields = dict[str, Any]


@dataclass(slots=True)
class _Fold:
    said_at: float
    unsaid: int = 0
    worst: Fields | None = None

    def add(self, fields: Fields) -> None:
        self.unsaid += 1
        if self.worst is None or fields["duration_ms"] >= self.worst["duration_ms"]:
            self.worst = fields

    def said(self, monotonic: float) -> Fields:
        """What stands for all that was not said; from now on it is."""
        fields, count = self.worst or {}, self.unsaid
        self.said_at, self.unsaid, self.worst = monotonic, 0, None
        return fields if count == 1 else {**fields, "count": count}


class Folds:
    """Of at most ``most`` keys; of what is folded the slowest is shown. Not locked.

    A key is the event, whose it is, and what is slow: under one name, another's would be hidden from
    whoever follows him. When there are too many, the one that was silent longest goes.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._folds: dict[Key, _Fold] = {}  # the one that happened last stands last

    def happened(self, key: Key, monotonic: float, fields: Fields) -> Iterator[tuple[str, Fields]]:
        """Count one; gives what is to be said now, as (event, fields). ``fields`` hold ``duration_ms``."""
        fold = self._folds.pop(key, None) or _Fold(said_at=-math.inf)
        self._folds[key] = fold
        fold.add(fields)
        if monotonic - fold.said_at >= QUIET_SECONDS:
            yield key[0], fold.said(monotonic)
        if len(self._folds) > self._most:
            oldest = next(iter(self._folds))
            gone = self._folds.pop(oldest)
            if gone.unsaid:
                yield oldest[0], gone.said(monotonic)

    def due(self, monotonic: float) -> Iterator[tuple[str, Fields]]:
        """What was not said in the last 30 s, though it happened; infinity means everything."""
        for key, fold in [*self._folds.items()]:
            if monotonic - fold.said_at < QUIET_SECONDS:
                continue
            if fold.unsaid:
                yield key[0], fold.said(monotonic)
            else:
                del self._folds[key]
