"""Poisoned records among good ones: each is refused with its reason, and costs no other its place."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from collector.client.line import Line
from tests.faults.clients import as_json, made
from tests.faults.ground import Ground
from tests.faults.inside import Inside
from tests.faults.ledger import Sent
from tests.faults.row import Round, fault
from tests.faults.ticks import until
from tests.intake.made import text_of, with_raw

A_LINE = 9
DEEP = 100_000
GOOD = "SELECT count(*) FROM disk_samples WHERE device GLOB 'good*' OR device = '5'"
# What no poison may do to those who write and those who listen.
HARM = ("writer.stuck", "writer.broken", "intake.broken")

# Of every kind a whole number, a number, a text, and what must be given.
COLUMNS = {
    "skill": ("tokens_in", "execution_ms", "skill_id", "skill_id"),
    "run": ("rows", "wall_ms", "detail", "workload"),
    "inference": ("input_tokens", "inference_time", "model_name", "task_type"),
    "benchmark": (
        "performance.token_usage_total", "quality.code_coverage_percentage", "project_name", "benchmark_name",
    ),
}  # fmt: skip
WHOLE, NUMBER, TEXT, NEEDED = range(4)


class Poison(NamedTuple):
    """The column it stands in, the bytes that stand there, and what is said of it."""

    column: int
    raw: bytes
    reason: str


POISONS = {
    "NaN": Poison(NUMBER, b"NaN", "must be a number"),
    "Infinity": Poison(NUMBER, b"Infinity", "must be a number"),
    "-Infinity": Poison(NUMBER, b"-Infinity", "must be a number"),
    "1e999": Poison(NUMBER, b"1e999", "must be a number"),
    "2^63": Poison(WHOLE, b"9223372036854775808", "must be a whole number"),
    "negative": Poison(WHOLE, b"-1", "0 or more"),
    "wrong type": Poison(WHOLE, b'"seven"', "must be a whole number"),
    "lone surrogate": Poison(TEXT, rb'"\ud800"', "is not UTF-8"),
    "NUL": Poison(TEXT, rb'"a\u0000b"', "NUL"),
    "long text": Poison(TEXT, b'"' + b"x" * 100_000 + b'"', "a text of 100,000 characters"),
    "deep": Poison(TEXT, b"[" * DEEP + b"]" * DEEP, "nested too deep"),
    "unknown column": Poison(TEXT, b'"x","surprise":1', "unknown column 'surprise'"),
    "duplicate key": Poison(TEXT, b'"x","kind":"run"', "the key 'kind' stands there twice"),
    "missing column": Poison(NEEDED, b"", "is missing"),
}

# Past all checks, as a sampler with a bug would put them; good ones before, between and behind them.
PAST_THE_CHECKS = """
import msgspec
from collector.records.disk import DiskSample

class Stray(msgspec.Struct):
    timestamp: int

def disk(**columns):
    rates = dict.fromkeys(("read_bytes_per_s", "written_bytes_per_s", "reads_per_s", "writes_per_s"), 1.0)
    return DiskSample.record(**{"timestamp": 1, "device": "good", "busy_percent": 0.0, **rates, **columns})

bad = [
    disk(busy_percent=float("nan")), disk(busy_percent=None), disk(busy_percent="seven"),
    disk(busy_percent=[1]), disk(busy_percent=1 << 10_000), disk(timestamp=1 << 63), disk(timestamp=1.5),
    disk(device="\\ud800"),
    disk(device=["sda"]), disk(device=None), Stray(1), Stray("x"),
]
# The same moment twice is stored a millisecond later. NUL, a number below zero and one for a text are legal.
good = [disk(), disk(), disk(device="good\\0"), disk(device="good-", busy_percent=-1.0)]
mixed = [each for pair in zip(bad, good) for each in pair] + bad[len(good):] + [disk(device=5)]
owner("writer")._buffer.put(time.monotonic(), mixed)
"""
PAST_BAD, PAST_GOOD = 12, 5


class Wrong(Exception):
    """An answer, a count or the log is not as it must be."""


@fault("poison", "14 kinds: alone, in batches, in benchmarks; past the checks", quick=1, full=25)
def run(ground: Ground, number: int) -> Round:
    """While others send good records. From round to round other kinds of records are poisoned."""
    victim = ground.victim
    with Inside(ground.own) as inside:
        victim.start(environment=inside.environment())
        with ground.load(2, batches_per_s=50), Line(victim.socket, 30) as line:
            sender = Sender(ground, line, number)
            for name in POISONS:
                sender.send_all_ways(name)
            sender.send_twice()
            inside.do(f"import time\n{PAST_THE_CHECKS}")
            until(lambda: victim.counters()["rejected"] >= sender.rejected + PAST_BAD, "they are rejected")
            check(ground, sender)
        began = time.monotonic()
        recovery_s = ground.probe() - began
        return Round(ground.judge(), recovery_s, {"poison": sender.rejected + PAST_BAD})


def check(ground: Ground, sender: Sender) -> None:
    """Each is counted once, what stood beside it is there, and nobody stumbled. Raises Wrong."""
    counters, stored = ground.victim.counters(), ground.victim.rows(GOOD)
    found = counters["rejected"], counters["duplicate"], counters["dropped"], stored
    if found != (sender.rejected + PAST_BAD, sender.duplicate, 0, [(PAST_GOOD,)]):
        raise Wrong(f"rejected, duplicate, dropped and good ones beside them: {found}")
    for name in HARM:
        if events := ground.victim.events(name):
            raise Wrong(f"{events[0]}")


class Sender:
    """Sends poison, and compares each answer with what docs/socket.md promises."""

    def __init__(self, ground: Ground, line: Line, number: int) -> None:
        self._ground, self._line = ground, line
        self._sequence = number  # decides of which kinds the records are
        self.rejected = self.duplicate = 0

    def send_all_ways(self, name: str) -> None:
        """Alone, in the middle of a batch, and in one of benchmarks with their families."""
        alone = self._made(A_LINE)
        self._send(name, [alone[self._sequence % A_LINE]._replace(position=0)], 0)
        self._send(name, self._made(A_LINE), A_LINE // 2)
        self._send(name, [record._replace(kind="benchmark") for record in self._made(A_LINE)], A_LINE // 2)

    def send_twice(self) -> None:
        """A record that is there already, and one that stands twice on its line."""
        first = self._made(A_LINE)
        self._ask(first, [text_of(as_json(record)) for record in first], "good")
        batch = self._made(A_LINE)
        texts = [text_of(as_json(record)) for record in batch]
        known = text_of(as_json(first[A_LINE // 2]))
        self.duplicate += 2
        self._ask(batch, [*texts[:3], known, *texts[3:], texts[0]], "known", duplicate=2)

    def _send(self, name: str, batch: list[Sent], at: int) -> None:
        texts = [text_of(as_json(record)) for record in batch]
        texts[at] = poisoned(batch[at], name)
        self.rejected += 1
        (refused,) = self._ask(batch, texts, name, rejected=1)
        reason = POISONS[name].reason
        if refused["position"] != at or reason not in refused["reason"] or not refused["faults"]:
            raise Wrong(f"{name} in a {batch[at].kind} at {at} of {len(batch)}: {refused}")

    def _ask(
        self, batch: list[Sent], texts: Sequence[bytes], name: str, **counts: int
    ) -> list[dict[str, Any]]:
        """The records that were refused; the ledger hears nothing of what is sent a second time."""
        told = self._ground.ledger.sent(batch)
        self._ground.ledger.attempted(told)
        self._line.send((texts[0] if len(texts) == 1 else b"[" + b",".join(texts) + b"]") + b"\n")
        answer = self._line.receive()
        refused: list[dict[str, Any]] = answer["rejected"]
        committed = len(texts) - sum(counts.values())
        if (answer["result"], answer["committed"], answer["duplicate"], len(refused)) != (
            "committed" if committed else "rejected",
            committed, counts.get("duplicate", 0), counts.get("rejected", 0),
        ):  # fmt: skip
            raise Wrong(f"{name} among {len(texts)} from {batch[0].kind} on was answered {answer}")
        self._ground.ledger.answered(told, {**answer, "duplicate": 0})
        return refused

    def _made(self, size: int) -> list[Sent]:
        self._sequence += 1
        return made("poisoned", self._sequence, size)


def poisoned(record: Sent, name: str) -> bytes:
    """The text of a record with this poison in it."""
    poison, sent = POISONS[name], as_json(record)
    path = COLUMNS[record.kind][poison.column]
    if poison.raw:
        return with_raw(sent, path, poison.raw)
    del sent[path]
    return text_of(sent)
