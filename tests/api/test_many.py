"""Bulk insert and reading."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from collector.api import Recording, SkillAverages
from collector.orm import select
from collector.records.base import KINDS
from collector.records.disk import DiskSample
from collector.store.database import open_reader, open_writer, raw
from tests.api.conftest import skill
from tests.conftest import cpu

pytestmark = pytest.mark.long


def test_any_number_of_records_is_stored_in_constant_memory(record: Recording, path: Path) -> None:
    """Of 50,000 that come one by one, never more than 10,000 are held that are not stored yet."""

    def rows() -> Iterator[dict[str, Any]]:
        for n in range(50_000):
            if n % 10_000 == 1:
                behind.append(n - 1 - stored())
            yield skill(f"s{n % 50}", timestamp=n)

    def stored() -> int:
        reader = open_reader(path) if path.exists() else None
        ((count,),) = select(reader, "SELECT count(*) FROM skill_metrics") if reader else ((0,),)
        return int(count)

    behind: list[int] = []
    answer = record.create_many("skill", rows())
    assert (answer.committed, answer.duplicate, answer.refused) == (50_000, 0, 0)
    assert behind == [0] * 5
    assert stored() == 50_000


def test_what_does_not_fit_is_told_with_its_position_and_left_out(record: Recording) -> None:
    """Positions count over all that was given; the reasons of the first 1,000 are kept."""

    def rows() -> Iterator[Any]:
        for n in range(12_500):
            yield skill(id=str(n % 12_000), tokens_in=-1 if n % 10 == 7 else 1)
        yield "no record"
        yield skill(tokens_in=Decimal(1))
        yield skill(nonsense=1)
        yield skill(success=float("nan"))

    answer = record.create_many("skill", rows())
    assert (answer.committed, answer.duplicate, answer.refused) == (10_800, 450, 1_254)
    assert len(answer.rejected) == 1_000
    assert answer.rejected[0] == (7, "tokens_in: must be a whole number, 0 or more, not -1")
    answer = record.create_many("skill", list(rows())[12_495:])
    assert [position for position, _ in answer.rejected] == [2, 5, 6, 7, 8]
    reasons = " ".join(reason for _, reason in answer.rejected)
    for word in ("JSON object", "tokens_in: must be", "'nonsense'", "success: must be true or false"):
        assert word in reasons


def test_nothing_is_opened_for_nothing(record: Recording) -> None:
    """No rows, no file."""
    assert record.create_many("skill", []).committed == 0


def test_reading_takes_the_same_conditions_as_changing(record: Recording) -> None:
    """Equal, one of a list, null; bounds of time; in either order."""
    record.create_many("skill", [skill(f"s{n % 3}", timestamp=n, execution_ms=n / 2) for n in range(9)])
    record.create_many("run", [{"workload": "w", "timestamp": n, "exit_code": n or None} for n in range(3)])

    def moments(*wanted: Any, kind: str = "skill", **more: Any) -> list[int]:
        return [row["timestamp"] for row in record.read(kind, *wanted, **more)]

    assert moments() == [8, 7, 6, 5, 4, 3, 2, 1, 0]
    assert moments({"skill_id": "s1"}, newest_first=False) == [1, 4, 7]
    assert moments({"skill_id": ("s1", "s2")}, limit=3) == [8, 7, 5]
    assert moments({"skill_id": []}) == []
    assert moments({"execution_ms": 2.5}) == [5]
    assert moments({"execution_ms": [0, 4]}, newest_first=False) == [0, 8]
    assert moments({"timestamp": 5}) == [5]
    assert moments(since_ms=3, until_ms=6) == [5, 4, 3]
    assert moments({"skill_id": ["s0"]}, since_ms=3, until_ms=6) == [3]
    assert moments({"exit_code": None}, kind="run") == [0]
    assert moments({"success": True, "id": [1, 2]}) == [1, 0]
    assert record.update("skill", where={"execution_ms": 2.5}, set={"tokens_in": 0}) == 1
    assert record.update("run", where={"exit_code": None}, set={"exit_code": 1}) == 1
    assert record.delete("skill", where={"skill_id": ("s1", "s2")}, since_ms=3, until_ms=6) == 2


def test_the_questions_of_the_skill_profiler(record: Recording) -> None:
    """All skills, the runs of one, and its averages."""
    record.create_many(
        "skill",
        [skill("b", success=False, execution_ms=100, timestamp=1), skill("b", execution_ms=300), skill("a")],
    )
    assert record.skills() == ["a", "b"]
    assert [row["execution_ms"] for row in record.skill_metrics("b")] == [300.0, 100.0]
    assert record.skill_averages("b") == SkillAverages("b", 200.0, 30.0, 2, 0.5)
    assert record.skill_averages("none") == SkillAverages("none", None, None, 0, None)


def test_a_list_of_moments_or_devices_finds_their_rows_and_no_others(record: Recording, path: Path) -> None:
    """Where the moment is part of a row's key."""
    record.create("skill", **skill())
    writer = open_writer(path)
    cpus = [cpu(timestamp) for timestamp in (0, 5, 9)]
    raw(writer).executemany(*KINDS["cpu"].statement(cpus))
    figures = dict.fromkeys((c.column_name for c in KINDS["disk"].given), 1.0)
    disks = [{**figures, "timestamp": at, "device": name} for at in (5, 9) for name in ("sda", "sdb", "sdc")]
    raw(writer).executemany(*KINDS["disk"].statement([DiskSample.record(**disk) for disk in disks]))
    writer.close()
    assert [row["timestamp"] for row in record.read("cpu", {"timestamp": [0, 5, 6]})] == [5, 0]
    found = record.read("disk", {"device": ["sda", "sdb"]}, newest_first=False)
    assert [(row["timestamp"], row["device"]) for row in found] == [
        (5, "sda"), (5, "sdb"), (9, "sda"), (9, "sdb"),
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["cpu", "session", "query_summary", "cache", "benchmark_workflow"])
def test_every_kind_can_be_read(record: Recording, kind: str) -> None:
    """What the recorder writes, too."""
    record.create("skill", **skill())
    assert record.read(kind) == []
