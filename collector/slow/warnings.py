"""Warns of what was slow, folded, and remembers the last warnings. It only logs and feeds nothing.

Called from the writer's thread, those of workloads and the socket's.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from collector import clock
from collector.clock import Instant
from collector.log import Folded, get_logger
from collector.records.operation import WARNED_OF
from collector.slow.folds import Fields, Folds
from collector.slow.measured import OPERATION, OTHERS, Measured, operation
from collector.slow.texts import Texts
from collector.slow.thresholds import Thresholds

log = get_logger("slow")

RING = 500
# What ended longer ago was imported, or stood in a log that is read from its beginning: no news.
NEWS_MS = 3_600_000


class SlowWarnings:
    """Events ``query.slow``, ``api.slow``, …, with name, duration and threshold.

    ``texts.look_up`` may be set by whoever can find the text of a fingerprint.
    """

    def __init__(self, thresholds: Thresholds, now: Callable[[], Instant] = clock.now) -> None:
        self._now = now
        self._began_ms = now().wall_ms
        self._lock = threading.Lock()
        self._folds = Folds()
        self._ring: deque[dict[str, Any]] = deque(maxlen=RING)
        self._said = 0
        self._broken = Folded(log, "slow.broken", level="error")
        self.texts = Texts()
        self.set(thresholds)

    def set(self, thresholds: Thresholds) -> None:
        """From now on these count."""
        self._limits = thresholds, thresholds.floors()

    def stored(self, records: Sequence[msgspec.Struct]) -> None:
        """The writer's hook: look at what was committed. Never raises."""
        try:
            self._look(records)
        except Exception as error:  # noqa: BLE001  # the writer has committed, and must go on whatever a warning fails of
            self._broken.happened(self._now().monotonic, error=f"{type(error).__name__}: {error}")

    def own(self, name: str, duration_ms: float, rows: int) -> None:
        """The writer's other hook: the time of one of our own statements."""
        threshold_ms = self._limits[0].kinds.get("query", math.inf)
        if duration_ms > threshold_ms:
            name = f"collector.{name}"
            self.warn("query", name, name, duration_ms=duration_ms, threshold_ms=threshold_ms, rows=rows)

    def warn(
        self, kind: str, key: str, name: str, *, duration_ms: float, threshold_ms: float, **more: Any
    ) -> None:
        """Warn of one that was slow. Same ``kind``, ``name`` and ``key`` are folded; None is left out."""
        fields = {
            "name": name,
            "duration_ms": round(duration_ms, 1),
            "threshold_ms": threshold_ms,
            **{field: value for field, value in more.items() if value is not None},
        }
        now = self._now()
        with self._lock:
            said = [*self._folds.happened((f"{kind}.slow", name, key), now.monotonic, fields)]
            self._remember(said, now.wall_ms)
        self._log(said)

    def step(self, monotonic: float) -> bool:
        """Say the counts of what went silent, at the latest 30 s after; whether there were any."""
        with self._lock:
            said = [*self._folds.due(monotonic)]
            self._remember(said, self._now().wall_ms)
        self._log(said)
        return bool(said)

    def close(self) -> None:
        """Say all counts that were not said yet."""
        self.step(math.inf)
        with self._lock:
            self._folds = Folds()

    def recent(self, after: int, most: int = RING) -> list[dict[str, Any]]:
        """The latest ``most`` of the warnings whose number ``n`` is above ``after``, the oldest first."""
        with self._lock:
            found = [warning for warning in self._ring if warning["n"] > after]
        return found[-most:] if most > 0 else []

    def asked(self, words: dict[str, Any]) -> dict[str, Any]:
        """The socket's ask ``slow``: ``after`` and ``most``, both optional, as for `recent`.

        Numbers count from ``began_ms``, which is another one after a restart.
        """
        after, most = words.get("after", 0), words.get("most", RING)
        if type(after) is not int or type(most) is not int:
            return {"result": "rejected", "reason": "after and most are whole numbers"}
        found = self.recent(after, most)
        # Not what was said meanwhile: whoever asks next from here hears that then.
        last = found[-1]["n"] if found else min(after, self._said)
        return {"began_ms": self._began_ms, "last": last, "warnings": found}

    def _look(self, records: Iterable[Any]) -> None:
        """The part that every record goes through: nearly all of them are below the floor of their kind."""
        floors = self._limits[1]
        for record in records:
            struct = type(record)
            if struct is OPERATION:
                if record.query is not None:
                    self.texts.learn(record.query.query_hash, record.query.text)
                if record.duration_ms > floors[record.metric_type] and not _was_warned_of(record):
                    self._judge(operation(record))
            elif struct in OTHERS:
                kind, column, factor, measured = OTHERS[struct]
                if getattr(record, column) * factor > floors[kind]:
                    self._judge(measured(record))

    def _judge(self, one: Measured) -> None:
        threshold_ms = self._limits[0].ms(one.kind, one.name, one.tail)
        if one.duration_ms <= threshold_ms:
            return
        if one.began_ms + one.duration_ms < self._now().wall_ms - NEWS_MS:
            return
        self.warn(
            one.kind, one.query_hash or one.endpoint or one.name, one.name,
            duration_ms=one.duration_ms, threshold_ms=threshold_ms, rows=one.rows,
            query_hash=one.query_hash, query=(one.query_hash and self.texts.of(one.query_hash)) or None,
            endpoint=one.endpoint,
        )  # fmt: skip

    def _remember(self, said: Iterable[tuple[str, Fields]], wall_ms: int) -> None:
        for event, fields in said:
            self._said += 1
            self._ring.append({"n": self._said, "timestamp": wall_ms, "event": event, **fields})

    def _log(self, said: Iterable[tuple[str, Fields]]) -> None:
        for event, fields in said:
            log.warning(event, **fields)


def _was_warned_of(record: Any) -> bool:
    """By a recorder whose log we follow: if it were our own, one warning would bring the next for ever."""
    return WARNED_OF in (record.metadata or ())
