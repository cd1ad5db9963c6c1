"""Clients under whose load faults happen: each record has an id, each answer goes to the ledger."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Any

from collector.client.line import Line, Unreachable
from tests.faults.ledger import Ledger, Sent, Told

LONGEST_BATCH = 20
ON_THEIR_WAY = 3
_RETRY_SECONDS = 0.02

_FAMILIES: dict[str, dict[str, float]] = {
    "performance": {"total_time_seconds": 1.5, "api_calls_cost": 0.25},
    "autonomy": dict.fromkeys(
        ("manual_interventions_count", "prompts_needed_initial", "prompts_needed_followup",
         "one_shot_success_rate", "error_recovery_rate", "agent_handoffs_successful",
         "agent_handoffs_failed"), 1,
    ),
    "quality": dict.fromkeys(
        ("tests_written", "tests_passing", "code_coverage_percentage", "linting_errors_count",
         "type_errors_count", "security_vulnerabilities_count", "functional_completeness_percentage"), 2,
    ),
    "workflow": dict.fromkeys(
        ("stories_created", "stories_completed", "avg_cycle_time_seconds", "rework_count"), 3,
    ),
}  # fmt: skip


def as_json(record: Sent) -> dict[str, Any]:
    """The record as a line has it; two of its figures are its sequence and its position."""
    sequence, position = record.figures
    common = {"kind": record.kind, "id": record.id}
    if record.kind == "skill":
        own: dict[str, Any] = {"skill_id": record.source, "execution_ms": 1.5, "success": True,
                               "tokens_in": sequence, "tokens_out": position}  # fmt: skip
    elif record.kind == "run":
        own = {"workload": record.source, "timestamp": time.time_ns() // 1_000_000, "wall_ms": 1.5,
               "rows": sequence, "output_bytes": position, "output": "x" * 300}  # fmt: skip
    elif record.kind == "inference":
        own = {"model_name": record.source, "task_type": "chat", "inference_time": 1.5, "query_length": 1,
               "response_length": 1, "input_tokens": sequence, "output_tokens": position}  # fmt: skip
    else:
        counted = {"token_usage_total": sequence, "api_calls_count": position}
        own = {"project_name": record.source, "benchmark_name": "b", **_FAMILIES,
               "performance": _FAMILIES["performance"] | counted}  # fmt: skip
    return common | own


def made(source: str, sequence: int, size: int) -> list[Sent]:
    """A batch: four skills, then one of another kind, and so on."""
    others = ("run", "benchmark", "inference")
    kinds = [others[(sequence + n) % 3] if n % 5 == 4 else "skill" for n in range(size)]
    return [Sent(kind, f"{source}/{sequence}/{n}", source, sequence, n) for n, kind in enumerate(kinds)]


class Client(threading.Thread):
    """Sends batch after batch, the next ones before the first is answered, until told to stop."""

    def __init__(self, load: Load, source: str, seed: int) -> None:
        super().__init__(name=source, daemon=True)
        self._load = load
        self._source = source
        self._random = random.Random(seed)
        self._sequence = 0
        self._again: deque[Told] = deque()  # what was not taken, in its order
        self._due: deque[Told] = deque()  # what is on its way

    def run(self) -> None:
        while not self._load.stopping.is_set():
            try:
                with Line(self._load.path, self._load.answer_seconds) as line:
                    self._converse(line)
            except (Unreachable, ValueError):  # ValueError: the end of an answer is missing
                self._give_up()
                self._load.stopping.wait(_RETRY_SECONDS)

    def _converse(self, line: Line) -> None:
        while self._due or not self._load.stopping.is_set():
            while len(self._due) < self._load.on_their_way and not self._load.stopping.is_set():
                self._send(line)
                if self._load.pause_seconds:
                    self._load.stopping.wait(self._load.pause_seconds)
            if self._due:
                self._hear(line)

    def _send(self, line: Line) -> None:
        batch = self._again.popleft() if self._again else self._next()
        self._due.append(batch)
        self._load.ledger.attempted(batch)
        line.send(json.dumps([as_json(record) for record in batch.records]).encode() + b"\n")

    def _hear(self, line: Line) -> None:
        answer = line.receive()
        batch = self._due.popleft()
        self._load.ledger.answered(batch, answer)
        if answer.get("result") == "busy":
            self._again.append(batch)
            self._load.stopping.wait(answer["retry_after_ms"] / 1000)

    def _give_up(self) -> None:
        """The connection is gone: what was on its way is sent first on the next one, if at all."""
        if self._load.resend:
            self._again.extendleft(reversed(self._due))
        self._due.clear()

    def _next(self) -> Told:
        self._sequence += 1
        size = self._random.randint(1, self._load.longest)
        return self._load.ledger.sent(made(self._source, self._sequence, size))


class Load:
    """Some clients at work on one socket, from entering to leaving; they reconnect by themselves.

    ``batches_per_s`` is for each client, None as fast as answers come. ``resend``: a batch whose connection
    broke before its answer is sent again with the same ids. ``on_their_way``: so many batches of a client are
    sent before the first of them is answered.
    """

    def __init__(
        self, path: Path, ledger: Ledger, clients: int = 4, *, seed: int = 0, resend: bool = True,
        batches_per_s: float | None = None, longest: int = LONGEST_BATCH, answer_seconds: float = 30.0,
        name: str = "client", on_their_way: int = ON_THEIR_WAY,
    ) -> None:  # fmt: skip
        self.path = path
        self.ledger = ledger
        self.resend = resend
        self.longest = longest
        self.on_their_way = on_their_way
        self.answer_seconds = answer_seconds
        self.pause_seconds = 1 / batches_per_s if batches_per_s else 0.0
        self.stopping = threading.Event()
        self._clients = [Client(self, f"{name}{n}", seed * 1000 + n) for n in range(clients)]

    def __enter__(self) -> Load:
        for client in self._clients:
            client.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        if error is None or isinstance(error, Exception):
            self.stop()  # whoever interrupts the whole run does not wait for answers

    def stop(self) -> None:
        """Send nothing new, and wait for the answers that are due."""
        self.stopping.set()
        for client in self._clients:
            client.join(self.answer_seconds + 5)
            if client.is_alive():
                raise TimeoutError(f"{client.name} still waits for an answer")
