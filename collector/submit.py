"""How a command writes: through the daemon while one runs, else with the same writer code under the lock."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from collector import clock, log
from collector.client import Line, Unreachable
from collector.errors import CollectorError, NotRunning
from collector.intake import protocol
from collector.intake.statements import Statements
from collector.records.base import Arrival
from collector.settings import Settings
from collector.store import schema
from collector.store.buffer import Batch, Buffer, Outcome
from collector.store.database import open_writer, raw
from collector.store.lock import InstanceLock, holder
from collector.store.writer import Writer

_LONGEST_SECONDS = 5.0


def submit(settings: Settings, items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Store records given as JSON objects with ``kind``; returns the daemon's answer, or one like it.

    Raises CollectorError when they could not be stored, with the reason.
    """
    first = holder(settings.database)
    if first is not None and first.socket:
        return _through(Path(first.socket), items)
    return _directly(settings, items)


def _through(socket: Path, items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    try:
        with Line(socket, timeout=_LONGEST_SECONDS) as line:
            deadline = time.monotonic() + _LONGEST_SECONDS
            while time.monotonic() < deadline:
                answer = line.ask(list(items))
                if answer["result"] != "busy":
                    return _or_raise(answer)
                time.sleep(answer["retry_after_ms"] / 1000)
    except Unreachable as error:
        if isinstance(error.__cause__, TimeoutError):
            raise NotRunning(
                f"the recorder did not answer within {_LONGEST_SECONDS:.0f} s: not known whether it was kept",
                hint="look at it with `collector status`",
            ) from error
        raise NotRunning(
            f"the recorder does not answer: {error}", hint="look at it with `collector status`"
        ) from error
    raise CollectorError("the recorder stays busy", hint="see `collector status` for its queue")


def _directly(settings: Settings, items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    log.configure("warning")  # what the writer has to say belongs on stderr
    path = settings.database
    lock = InstanceLock(path)
    lock.acquire("a collector command")
    try:
        database = open_writer(path, settings.collector.durability)
        schema.prepare(database, path)
        buffer, outcomes = Buffer(), list[Outcome]()
        said = protocol.records_of(list(items), Arrival(clock.now().wall_ms, Statements()))
        writer = Writer(raw(database), buffer)
        buffer.offer(time.monotonic(), Batch(said.records, 0, outcomes.append))
        writer.step(clock.now())
        stuck = writer.stuck
        writer.close(0)
        database.close()
    finally:
        lock.release()
    if not outcomes:
        raise CollectorError(f"{path}: {stuck}", hint="nothing was stored; mend that and try again")
    (outcome,) = outcomes
    return _or_raise(protocol.told(outcome, said))


def _or_raise(answer: dict[str, Any]) -> dict[str, Any]:
    if answer["rejected"]:
        first = answer["rejected"][0]
        raise CollectorError(f"record {first['position'] + 1} was refused: {first['reason']}")
    return answer
