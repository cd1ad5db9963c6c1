"""How updates, deletes and transactions are done: by the daemon while one runs, else under its lock."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec

from collector import clock
from collector.api.refused import Refused, refusing
from collector.client import Line, Unreachable
from collector.errors import AlreadyRunning, CollectorError, NotRunning
from collector.intake.changes import answer
from collector.intake.protocol import LONGEST_LINE
from collector.intake.statements import Statements
from collector.intake.steps import step_of, steps_of
from collector.records.base import Arrival
from collector.settings import Settings
from collector.store import schema
from collector.store.changes import apply
from collector.store.database import open_writer, raw, told, transaction
from collector.store.lock import InstanceLock, holder
from collector.submit import PATIENCE_SECONDS
from collector.submit.way import Moved

Step = dict[str, Any]

_SETTLE_SECONDS = 3.0  # in which a daemon that starts or stops has done so
_LOOK_SECONDS = 0.05
_HINT = "look at it with `collector status`"


def look(step: Step, number: int = 0) -> None:
    """Raise Refused with all that is wrong with a step."""
    with refusing(number):
        step_of(step, Arrival(clock.now().wall_ms))


def change(settings: Settings, steps: list[Step]) -> list[int]:
    """Do them in one transaction; how many rows of its kind each made, changed or deleted.

    They have been looked at. Raises Refused, or CollectorError when they could not be done.
    """
    line = _line(steps)
    until = time.monotonic() + _SETTLE_SECONDS
    while True:
        try:
            return _through_or_directly(settings, line)
        except Moved as moved:
            if time.monotonic() > until:
                raise moved.told from moved
        time.sleep(_LOOK_SECONDS)


def _line(steps: list[Step]) -> bytes:
    """As it travels, or would: what is too long for the daemon is too long without one."""
    try:
        line = json.dumps({"ask": "change", "steps": steps}, separators=(",", ":"), allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise Refused(f"cannot be told in JSON: {error}") from None
    if len(line) > LONGEST_LINE:
        raise Refused(f"a transaction of {len(line):,} bytes; at most {LONGEST_LINE:,} are taken: split it")
    return line


def _through_or_directly(settings: Settings, line: bytes) -> list[int]:
    first = holder(settings.database)
    words = msgspec.json.decode(line)
    found = _through(Path(first.socket), words) if first and first.socket else _directly(settings, words)
    if found["result"] == "committed":
        changed: list[int] = found["changed"]
        return changed
    faults = [(fault["path"], fault["fault"]) for fault in found.get("faults", [])]
    number, count = found.get("step", 0), len(words["steps"])
    which = f"change {number + 1} of {count}: " if "step" in found and count > 1 else ""
    raise Refused(which + found["reason"], faults, number)


def _through(socket: Path, words: dict[str, Any]) -> dict[str, Any]:
    until = time.monotonic() + PATIENCE_SECONDS
    with ExitStack() as connected:
        try:
            line = connected.enter_context(Line(socket, timeout=PATIENCE_SECONDS))
        except Unreachable as error:
            raise Moved(NotRunning(f"the recorder does not answer: {error}", hint=_HINT)) from error
        while (found := _ask(line, words))["result"] == "busy":
            if time.monotonic() > until:
                waited = f"{PATIENCE_SECONDS:g} s"
                raise CollectorError(f"the recorder was busy for {waited}: {found['reason']}", hint=_HINT)
            time.sleep(found["retry_after_ms"] / 1000)
    return found


def _ask(line: Line, words: dict[str, Any]) -> dict[str, Any]:
    """Not asked again when no answer came: the rows that a second try meets may be others."""
    try:
        return line.ask(words)
    except Unreachable as error:
        raise NotRunning(
            f"the recorder stopped before it answered: not known whether the change was kept ({error})",
            hint="read what is stored now, then try again",
        ) from error


def _directly(settings: Settings, words: dict[str, Any]) -> dict[str, Any]:
    path = settings.database
    with refusing():
        steps = steps_of(words, Arrival(clock.now().wall_ms, Statements()))
    lock = InstanceLock(path)
    try:
        lock.acquire("a script")
    except AlreadyRunning as error:
        raise Moved(error) from error
    try:
        database = open_writer(path, settings.collector.durability)
        try:
            schema.prepare(database, path)
            lock.mark()
            with told(path), transaction(raw(database)):
                return answer(apply(steps)(raw(database)))
        finally:
            database.close()
    finally:
        lock.release()
