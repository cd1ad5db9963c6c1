"""Some changes that happen together or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from collector.api import plain
from collector.api.change import Step, look
from collector.api.creating import Creating, Moment
from collector.api.refused import Refused
from collector.errors import CollectorError
from collector.intake.protocol import MOST_RECORDS


class Transaction(Creating):
    """Collects changes; see `Recording.transaction`. Used by one thread.

    What is wrong with a change is told at once; the rows are looked for when all are done together, at the
    end of the block. Then ``changed`` tells how many each has made, changed or deleted.
    """

    def __init__(self) -> None:
        self.changed: list[int] = []
        self._steps: list[Step] = []
        self._ended = False

    def update(
        self,
        kind: str,
        *,
        where: Mapping[str, Any] | None = None,
        set: Mapping[str, Any],  # noqa: A002  # what SQL calls it
        since_ms: Moment | None = None,
        until_ms: Moment | None = None,
    ) -> None:
        """Give other values to the rows that are like ``where``; raises Refused."""
        self._add(updating(kind, where, set, since_ms, until_ms))

    def delete(
        self,
        kind: str,
        *,
        where: Mapping[str, Any] | None = None,
        since_ms: Moment | None = None,
        until_ms: Moment | None = None,
    ) -> None:
        """Delete the rows that are like ``where``, with their parts; raises Refused."""
        self._add(deleting(kind, where, since_ms, until_ms))

    def end(self) -> list[Step]:
        """All of it; from now on it takes no more."""
        self._ended = True
        return self._steps

    def _create(self, kind: str, columns: dict[str, Any]) -> str:
        record, key = plain.keyed(kind, columns)
        self._add({"create": record})
        return key

    def _add(self, step: Step) -> None:
        if self._ended:
            raise CollectorError("this transaction has ended", hint="begin another with `transaction()`")
        number = len(self._steps)
        if number == MOST_RECORDS:
            raise Refused(f"more than {MOST_RECORDS:,} changes in one transaction: split it", step=number)
        look(step, number)
        self._steps.append(step)


def updating(
    kind: str,
    where: Mapping[str, Any] | None,
    values: Mapping[str, Any],
    since_ms: Moment | None,
    until_ms: Moment | None,
) -> Step:
    """An update as it is told."""
    given = {name: plain.value(value) for name, value in values.items()}
    return {"update": kind, **asked(where, since_ms, until_ms), "set": given}


def deleting(
    kind: str, where: Mapping[str, Any] | None, since_ms: Moment | None, until_ms: Moment | None
) -> Step:
    """A delete as it is told."""
    return {"delete": kind, **asked(where, since_ms, until_ms)}


def asked(
    where: Mapping[str, Any] | None, since_ms: Moment | None, until_ms: Moment | None
) -> dict[str, Any]:
    """Which rows, as it is told."""
    return {
        "where": {name: plain.condition(value) for name, value in (where or {}).items()},
        "since_ms": plain.value(since_ms),
        "until_ms": plain.value(until_ms),
    }
