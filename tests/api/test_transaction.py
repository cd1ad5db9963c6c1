"""Changes that happen together or not at all: the same beside a daemon and without one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import collector
from collector.api import Recording, Refused
from collector.errors import CollectorError
from collector.orm import select
from collector.store.database import open_reader, open_writer, raw
from tests.api.conftest import benchmark, skill
from tests.api.running import Running, adds_up


def test_changes_of_a_block_are_done_together_at_its_end(record: Recording) -> None:
    """In their order; each tells how many rows it made, changed or deleted."""
    record.create("benchmark", **benchmark("old"))
    with record.transaction() as change:
        change.delete("benchmark", where={"run_id": "old"})
        assert change.create("benchmark", **benchmark("new")) == "new"
        change.update("benchmark", where={"run_id": "new"}, set={"version": "2"})
        change.create("skill", id="s", **skill())
        change.create("skill", id="s", **skill())
        change.delete("skill", where={"skill_id": "none"})
        assert record.get("benchmark", "new") is None
    assert change.changed == [1, 1, 1, 1, 0, 0]
    assert [(row["run_id"], row["version"]) for row in record.read("benchmark")] == [("new", "2")]


def test_an_exception_in_the_block_drops_all_of_it(record: Recording) -> None:
    """Whatever it is."""
    record.create("skill", id="kept", **skill())

    def block() -> None:
        with record.transaction() as change:
            change.create("skill", **skill())
            change.delete("skill", where={"record_id": "kept"})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        block()
    assert [row["record_id"] for row in record.read("skill")] == ["kept"]


def test_one_change_that_does_not_fit_drops_all_of_it(record: Recording) -> None:
    """It is told where it is written."""
    record.create("skill", id="kept", **skill())

    def block() -> None:
        with record.transaction() as change:
            change.delete("skill", where={"record_id": "kept"})
            change.update("skill", where={"record_id": "kept"}, set={"tokns_in": 1})

    with pytest.raises(Refused, match="tokns_in") as refused:
        block()
    assert refused.value.step == 1
    assert len(record.read("skill")) == 1


def test_what_the_database_refuses_undoes_the_steps_before_it(record: Recording, path: Path) -> None:
    """More rows than one transaction may change show only when it is done."""
    record.create_many("skill", (skill(f"s{n % 2}", timestamp=n) for n in range(10_050)))

    def block() -> None:
        with record.transaction() as change:
            change.create("skill", id="new", **skill())
            change.update("skill", where={"skill_id": "s0"}, set={"success": False})
            change.delete("skill", where={"skill_id": ["s0", "s1"]})

    with pytest.raises(Refused, match=r"more than 10,000 rows .* slices by time") as refused:
        block()
    assert refused.value.step == 2
    assert select(open_reader(path), "SELECT count(*), sum(success) FROM skill_metrics") == [(10_050, 10_050)]
    assert record.delete("skill", until_ms=5_000) == 5_000
    assert record.delete("skill", since_ms=5_000) == 5_050


def test_a_transaction_has_an_end(record: Recording) -> None:
    """After it nothing can be added, and an empty one does nothing."""
    with record.transaction() as change:
        pass
    assert change.changed == []
    with pytest.raises(CollectorError, match="has ended"):
        change.create("skill", **skill())


def test_a_transaction_has_bounds(record: Recording) -> None:
    """In number, and in bytes."""

    def block(count: int, length: int) -> None:
        with record.transaction() as change:
            for _ in range(count):
                change.create("run", workload="w", timestamp=1, output="x" * length)

    with pytest.raises(Refused, match="more than 1,000 changes"):
        block(1_001, 1)
    with pytest.raises(Refused, match=r"1,048,576 are taken: split it"):
        block(20, 60_000)


def test_an_answer_made_of_a_table_is_forgotten_with_its_rows(record: Recording, path: Path) -> None:
    """In the same transaction; others stay, and so do all where nothing changed."""
    record.create("skill", id="s", **skill())
    record.create("benchmark", **benchmark("r"))

    def keep(*answers: tuple[str, ...]) -> None:
        """As the daemon keeps them."""
        writer = open_writer(path)
        for number, tags in enumerate(answers):
            raw(writer).execute(
                "INSERT INTO query_cache (cache_key, cache_key_hash, cached_data, data_size, tags,"
                " created_at, expires_at, last_accessed, access_count, generation_time_ms, hit_count)"
                " VALUES (?, ?, '[]', 2, ?, 1, 2, 1, 1, 60, 0)",
                (str(number), str(number), json.dumps(tags)),
            )
        writer.close()

    def kept() -> list[str]:
        keys = [row["cache_key"] for row in record.read("cache", newest_first=False)]
        return [key for key in keys if key.isdigit()]  # beside them it is counted what changed

    keep(("skill_metrics", "workload_runs"), ("benchmark_quality",), ("operation_metrics",))
    assert record.update("skill", where={"record_id": "none"}, set={"success": False}) == 0
    assert kept() == ["0", "1", "2"]
    record.update("skill", where={"record_id": "s"}, set={"success": False})
    assert kept() == ["1", "2"]
    record.delete("benchmark", where={"run_id": "r"})
    assert kept() == ["2"]


def test_the_counters_of_the_daemon_add_up(daemon: Running, path: Path) -> None:
    """What changes create counts as what records bring; in one that is undone all of it is refused."""

    def block(record: Recording) -> None:
        with record.transaction() as change:
            change.create("skill", id="b", **skill())
            change.delete("skill", where={"skill_id": "sum"})

    with collector.open(path) as record:
        with record.transaction() as change:
            change.create("skill", id="a", **skill())
            change.create("skill", id="a", **skill())
            change.update("skill", where={"record_id": "a"}, set={"success": False})
        assert adds_up(daemon.counts)
        record.create_many("skill", [skill(), skill(success=1)])
        record.create_many("skill", (skill() for _ in range(10_000)))
        with pytest.raises(Refused):
            block(record)
    counts = daemon.counts
    assert (counts.committed, counts.duplicate, counts.rejected) == (10_002, 1, 2)
    assert adds_up(counts)
