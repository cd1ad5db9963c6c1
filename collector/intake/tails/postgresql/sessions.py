"""What a session of the server has said and what of it waits for more."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from collector.intake.tails.base import Execution

Key = str | None


class Running(NamedTuple):
    """A line of log_statement: something runs from here on."""

    offset: int
    sql: str
    executes: bool


class Done(NamedTuple):
    """An ``execute`` whose plan may follow; ``since`` is where the first line of it begins."""

    since: int
    execution: Execution


@dataclass(slots=True)
class Session:
    """What one session has said and what is not given away yet; none of it is before ``oldest``."""

    oldest: int
    is_cut: bool = False  # its lines before these may have been read by another parser
    parse: Execution | None = None
    bind: Execution | None = None
    running: Running | None = None
    done: Done | None = None
    told: str | None = None  # the text of an ``execute`` that was given away and may yet have a plan
    plans: list[Execution] = field(default_factory=list)

    def since(self) -> int | None:
        """Where the earliest line begins that is still needed."""
        lines = [line.offset for line in (self.parse, self.bind, self.running) if line]
        if self.done:
            lines.append(self.done.since)
        if self.plans:
            lines.append(self.plans[0].offset)
        return min(lines, default=None)

    def with_times(self, since: int, line: Execution) -> tuple[int, Execution]:
        """An ``execute`` with how long parse and bind of the same text took, and where they begin."""
        metadata = dict(line.metadata or {})  # theirs is shared by all entries of a user
        for name, before in (("bind_ms", self.bind), ("parse_ms", self.parse)):
            if before and before.sql == line.sql:
                metadata[name] = before.duration_ms
                since = before.offset
        return since, Execution(*line[:5], metadata or None)
