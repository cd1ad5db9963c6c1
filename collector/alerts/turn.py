"""A change of state, and how it looks as a row, in the log and to the program that is told."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from collector.records.alert import Alert

OK = "ok"
RECOVERED = "recovered"
GOOD = frozenset({"got_faster", RECOVERED})

Details = dict[str, Any]

LONGEST_SUBJECT: int = Alert.subject.rules["max_length"]


class Turn(NamedTuple):
    """The columns of `Alert`. ``timestamp`` is in ms since the epoch; times in ``details`` are in ms too."""

    timestamp: int
    subject_kind: str
    subject: str
    concern: str
    from_state: str
    to_state: str
    details: Details

    @classmethod
    def of(cls, at_ms: int, subject: tuple[str, str], state: str, details: Details, *, is_bad: bool) -> Turn:
        """To ``state``, which is its own concern, or back from it."""
        before, after = (OK, state) if is_bad else (state, RECOVERED)
        return cls(at_ms, *subject, state, before, after, details)

    @property
    def whose(self) -> tuple[str, str, str]:
        """What can be in one state at a time: kind, subject and concern."""
        return self.subject_kind, self.subject, self.concern

    def record(self) -> msgspec.Struct:
        """The row."""
        return Alert.record(**self._asdict())
