"""What an inference leaves out is filled in by the INSERT, and never overwritten."""

from __future__ import annotations

from typing import Any

import pytest

from collector.records.base import KINDS
from collector.sqlite import sqlite3
from tests.intake.made import MOMENT, Sent, complete
from tests.intake.served import Served


def bare(**columns: Any) -> Sent:
    """An inference that leaves open what can be filled in."""
    sent = complete("inference", **columns)
    for name in ("tokens_per_second", "memory_usage", "cpu_usage"):
        if name not in columns:
            del sent[name]
    return sent


def filled(served: Served) -> tuple[Any, ...]:
    """What stands there of the newest."""
    return served.rows(
        "SELECT tokens_per_second, memory_usage, cpu_usage FROM inference_metrics ORDER BY id DESC LIMIT 1"
    )[0]


def sampled(served: Served, at: int, **columns: float) -> None:
    """Have the machine sampled at that moment."""

    def insert(conn: sqlite3.Connection) -> None:
        for kind in (KINDS["memory"], KINDS["cpu"]):
            sample: dict[str, Any] = {column.column_name: 0 for column in kind.given} | {"timestamp": at}
            sample |= {name: value for name, value in columns.items() if name in sample}
            conn.executemany(*kind.statement([kind.model.record(**sample)]))

    served.writer.ask("sample", insert).wait(10)


def test_what_is_left_out_is_filled_from_the_nearest_sample(served: Served) -> None:
    """Within a minute of it."""
    sampled(served, MOMENT - 50_000, busy_percent=10.0, used_bytes=1_000_000)
    sampled(served, MOMENT + 1_000, busy_percent=42.0, used_bytes=5_000_000)
    served.ask(bare())
    assert filled(served) == (298 / 3.75, 5.0, 42.0)


@pytest.mark.parametrize("away", [-60_001, 60_001])
def test_where_no_sample_is_near_nothing_is_filled_in(served: Served, away: int) -> None:
    """Null says that nobody knows."""
    sampled(served, MOMENT + away, busy_percent=42.0, used_bytes=5_000_000)
    served.ask(bare())
    assert filled(served)[1:] == (None, None)


def test_what_was_sent_is_never_overwritten(served: Served) -> None:
    """Not even a zero; null is filled in like what is left out."""
    sampled(served, MOMENT, busy_percent=42.0, used_bytes=5_000_000)
    served.ask(bare(tokens_per_second=0.0, memory_usage=0.0, cpu_usage=0.0))
    assert filled(served) == (0.0, 0.0, 0.0)
    served.ask(bare(tokens_per_second=None, memory_usage=None, cpu_usage=None))
    assert filled(served) == (298 / 3.75, 5.0, 42.0)


@pytest.mark.parametrize(
    ("columns", "rate"),
    [
        ({"eval_duration": None}, 298 / 4.5),
        ({"eval_duration": 0.0}, 298 / 4.5),
        ({"eval_duration": None, "inference_time": 0.0}, 0.0),
    ],
)
def test_tokens_per_second_come_from_what_is_told(served: Served, columns: Sent, rate: float) -> None:
    """Of the whole time where the time of writing is not known; never a division by zero."""
    served.ask(bare(**columns))
    assert filled(served)[0] == rate


def test_a_batch_in_which_only_some_leave_it_open_is_filled_one_by_one(served: Served) -> None:
    """Each for itself."""
    served.ask([bare(), bare(tokens_per_second=1.5), bare(cpu_usage=7.0)])
    assert served.rows("SELECT tokens_per_second, cpu_usage FROM inference_metrics ORDER BY id") == [
        (298 / 3.75, None), (1.5, None), (298 / 3.75, 7.0),
    ]  # fmt: skip
