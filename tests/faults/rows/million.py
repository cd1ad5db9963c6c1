"""A million records: what the daemon holds of memory, descriptors and threads stays what it was."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from collector.client.line import Line
from tests.faults.checker import Verdict
from tests.faults.clients import as_json, made
from tests.faults.footprint import MB, Footprint, footprint
from tests.faults.ground import Ground
from tests.faults.ledger import Told
from tests.faults.row import Figure, Round, fault

A_LINE = 1_000
A_ROUND = 10_000
WARM_UP = 3  # one part in so many: by then each task of the upkeep has had its largest portion
BARS = {"MB grown": 1.0, "descriptors more": 0, "threads more": 0}
NAMES = 50
FEW_SOURCES, MANY_SOURCES = 200, 5_000
STATEMENTS, USERS, LINES_A_SESSION = 300, 200, 5
# What is new is summed up every 30 s, and then memory that a burst has left behind is given back.
REST_SECONDS = 45.0
Operation = Callable[[int, int], dict[str, Any]]  # of a line, and its place in it
ON_THEIR_WAY = 2  # lines: the next is being made while the daemon stores the last


class Miscounted(Exception):
    """An answer, or the table of operations, does not have all that was sent."""


@fault("million", "a million records of what a machine does", quick=2, full=150, whole=True, bars=BARS)
def usual(ground: Ground, count: int) -> Iterator[Round]:
    """Some hundred statements and users, with other values each time."""
    yield from _run(ground, count, FEW_SOURCES, an_operation)


@fault(
    "million-distinct",
    "and a million in which no two texts are alike",
    quick=1,
    full=150,
    whole=True,
    bars=BARS,
)
def distinct(ground: Ground, count: int) -> Iterator[Round]:
    """Each operation has a statement, a user and a session of its own."""
    yield from _run(ground, count, MANY_SOURCES, a_distinct_operation)


def _run(ground: Ground, count: int, sources: int, operation: Operation) -> Iterator[Round]:
    """Each round is 10,000 records; after the first third of them nothing may grow any more."""
    ground.victim.start()
    pid = ground.victim.running.pid
    warm = max(1, count // WARM_UP)
    rest_s = REST_SECONDS if count > WARM_UP else 0.0
    with Line(ground.victim.socket, 30) as line:
        sender, before = Sender(ground, line, sources, operation), None
        for number in ground.numbers(count):
            if number == warm:
                before = at_rest(pid, rest_s), time.monotonic()
            sender.send(A_ROUND)
            yield Round(Verdict())
    figures = grown(pid, *before, (number + 1 - warm) * A_ROUND, rest_s) if before else {}
    began = time.monotonic()
    recovery_s = ground.probe() - began
    sender.check()
    yield Round(ground.judge(), recovery_s, figures, is_sum=True)


def grown(pid: int, then: Footprint, began: float, records: int, rest_s: float) -> dict[str, Figure]:
    """What became more by these records, after a rest as before them. Without one it is no growth yet."""
    seconds, now = time.monotonic() - began, at_rest(pid, rest_s)
    return {
        "records": records, "MB grown" if rest_s else "MB grown, not at rest": now.grown_mb(then),
        "MB": now.rss_bytes / MB, "records/s": records / seconds,
        **({"descriptors more": now.descriptors - then.descriptors,
            "threads more": now.threads - then.threads} if rest_s else {}),
    }  # fmt: skip


def at_rest(pid: int, seconds: float) -> Footprint:
    """After a rest of so long: what came is summed up, and the memory that it took is given back."""
    threading.Event().wait(seconds)  # the upkeep has its own clock, and tells nobody
    return footprint(pid)


class Sender:
    """One client. Half of each line is known to the ledger; the others are operations, which are counted."""

    def __init__(self, ground: Ground, line: Line, sources: int, operation: Operation) -> None:
        self._ground, self._line = ground, line
        self._sources, self._operation = sources, operation
        self._lines = 0
        self.operations = 0
        self._due: deque[Told] = deque()

    def check(self) -> None:
        """Raise Miscounted where not all operations are stored."""
        ((stored,),) = self._ground.victim.rows("SELECT count(*) FROM operation_metrics")
        if stored != self.operations:
            raise Miscounted(f"{stored} operations are stored of {self.operations}")

    def send(self, records: int) -> None:
        """Send so many, and wait until they are committed."""
        for _ in range(records // A_LINE):
            self._send_one()
            if len(self._due) >= ON_THEIR_WAY:
                self._hear_one()
        while self._due:
            self._hear_one()

    def _send_one(self) -> None:
        self._lines += 1
        batch = self._ground.ledger.sent(
            made(f"source{self._lines % self._sources}", self._lines, A_LINE // 2)
        )
        operations = [self._operation(self._lines, n) for n in range(A_LINE - len(batch.records))]
        self._ground.ledger.attempted(batch)
        records = [*map(as_json, batch.records), *operations]
        self._line.send(json.dumps(records).encode() + b"\n")
        self._due.append(batch)
        self.operations += len(operations)

    def _hear_one(self) -> None:
        batch, answer = self._due.popleft(), self._line.receive()
        if answer != {"result": "committed", "committed": A_LINE, "duplicate": 0, "rejected": []}:
            raise Miscounted(f"{batch.name} with its operations was answered {answer}")
        self._ground.ledger.answered(batch, {**answer, "committed": len(batch.records)})


def an_operation(line: int, n: int) -> dict[str, Any]:
    """One of the statements and users that there are, with values of its own."""
    statement = f"SELECT column{n % STATEMENTS} FROM orders WHERE id = {line * A_LINE + n}"
    return _operation(statement, f"user{line % USERS}", f"session{line // LINES_A_SESSION}", n)


def a_distinct_operation(line: int, n: int) -> dict[str, Any]:
    """One with a statement and a user that no other has: what is kept of each must have an end."""
    one = f"{line}_{n}"
    return _operation(f"SELECT column{one} FROM orders WHERE id = {n}", f"user{one}", f"session{one}", n)


def _operation(statement: str, user: str, session: str, n: int) -> dict[str, Any]:
    return {
        "kind": "operation", "metric_type": "query", "metric_name": f"name{n % NAMES}", "duration_ms": 1.5,
        "user_id": user, "session_id": session, "endpoint": f"/orders/{n}",
        "dialect": "sqlite", "sql": statement,
    }  # fmt: skip
