"""What every hook stands on: where records go, and how a fault of a hook stays out of the application."""

from __future__ import annotations

import logging
import re
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any, ParamSpec, Protocol, TypeVar

import collector.client

P = ParamSpec("P")
T = TypeVar("T")

_log = logging.getLogger("collector.client.hooks")
_faults: Counter[str] = Counter()
_SAID_EVERY = 1000
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


class Recorder(Protocol):
    """What takes records: `collector.client`, one of its clients, or a `Kept` in a test."""

    def record(self, kind: str, /, **fields: Any) -> None:
        """Take one record; never raises and never blocks."""


class Kept:
    """A recorder that keeps what it is told: for the tests of an application."""

    def __init__(self) -> None:
        self.records: list[tuple[str, dict[str, Any]]] = []
        self._more = threading.Condition()

    def record(self, kind: str, /, **fields: Any) -> None:
        """Keep one record, in the order of arrival."""
        with self._more:
            self.records.append((kind, fields))
            self._more.notify_all()

    def wait_for(self, count: int, *, seconds: float = 30.0) -> None:
        """Wait until there are so many records, which a server may make after its client has an answer.

        Raises TimeoutError if there are fewer after ``seconds``.
        """
        with self._more:
            if not self._more.wait_for(lambda: len(self.records) >= count, seconds):
                raise TimeoutError(f"{len(self.records)} records instead of {count} after {seconds:g} s")

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The fields of all records of one kind, as copies."""
        return [dict(fields) for told, fields in self.records if told == kind]

    @property
    def operations(self) -> list[dict[str, Any]]:
        """The fields of all operations."""
        return self.of("operation")


def report(client: Recorder | None, kind: str, fields: dict[str, Any]) -> None:
    """Hand over one record without the fields that are None; to `collector.client` if no client is given."""
    recorder: Recorder = collector.client if client is None else client
    recorder.record(kind, **{name: value for name, value in fields.items() if value is not None})


def attempt(subject: str, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T | None:
    """What ``call`` answers; None if it raises, which is counted and logged and goes no further.

    This is the edge between a hook and the application that it must not disturb. The log names the
    exception's type only: its message may hold data of the application.
    """
    try:
        return call(*args, **kwargs)
    except Exception as error:  # noqa: BLE001  # the edge: whatever a hook gets wrong, the application goes on
        _faults[subject] += 1
        if _faults[subject] % _SAID_EVERY == 1:
            _log.warning(
                "hook.failed subject=%s error=%s count=%d", subject, type(error).__name__, _faults[subject]
            )
        return None


def plain(value: object, longest: int) -> str | None:
    """``value`` as a text that a record takes: no control characters, valid UTF-8, cut; None if empty."""
    if value is None:
        return None
    text = str(value)[: longest * 2].encode("utf-8", "replace").decode("utf-8")
    return _CONTROL.sub(" ", text).strip()[:longest] or None
