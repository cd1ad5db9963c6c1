"""Any number of records, a few thousand at a time, in constant memory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from collector.api import plain
from collector.settings import Settings
from collector.submit import Send, sink

# Taken from the caller before anything is opened: however slowly rows come, the lock is held for as long
# as it takes to write them, and a daemon that starts meanwhile has its turn.
CHUNK = 10_000
MOST_REASONS = 1_000


@dataclass
class Answer:
    """What became of many records. ``rejected`` are (position, reason) of the first 1,000 ``refused``."""

    committed: int = 0
    duplicate: int = 0
    refused: int = 0
    rejected: list[tuple[int, str]] = field(default_factory=list)

    def refuse(self, position: int, reason: str) -> None:
        """One more that was not taken."""
        self.refused += 1
        if len(self.rejected) < MOST_REASONS:
            self.rejected.append((position, reason))


def create_many(settings: Settings, kind: str, rows: Iterable[Any]) -> Answer:
    """Store all that fit. Raises CollectorError when the rest cannot be stored; what was, stays."""
    whole, given = Answer(), enumerate(rows)
    while chunk := [(position, plain.item(kind, row)) for position, row in islice(given, CHUNK)]:
        with sink(settings) as send:
            _store(whole, chunk, send)
    whole.rejected.sort()
    return whole


def _store(whole: Answer, chunk: list[tuple[int, Any]], send: Send) -> None:
    try:
        answer = send([record for _, record in chunk])
    except TypeError:  # before anything was sent: some cannot be told in JSON
        chunk = [*_tellable(whole, chunk)]
        answer = send([record for _, record in chunk])
    whole.committed += answer["committed"]
    whole.duplicate += answer["duplicate"]
    for one in answer["rejected"]:
        whole.refuse(chunk[one["position"]][0], one["reason"])


def _tellable(whole: Answer, chunk: list[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
    for position, record in chunk:
        try:
            json.dumps(record)
        except TypeError as error:
            whole.refuse(position, plain.untellable(record, error).message)
        except (ValueError, RecursionError):
            yield position, record  # what is wrong with it is told by whoever it is sent to
        else:
            yield position, record
