"""What is older than promised goes, once it is rolled up; everything else stays."""

from __future__ import annotations

import msgspec
import pytest

from collector.records.base import KINDS
from collector.records.rollup_stale import RollupStale
from collector.store.progress import move, position, rolled_up
from collector.store.retention import names, rows
from collector.store.retention.keeper import Keeper
from collector.store.retention.rules import rules
from collector.units import Duration
from tests.answers.reported import add
from tests.conftest import Store
from tests.store.retention.aged import DAY, MINUTE, NOW_MS, SHORT, Aged, days_ago

FAR = 1 << 60


def test_samples_and_records_go_by_their_families_age(aged: Aged) -> None:
    """What is exactly as old as promised stays."""
    aged.cpu(*days_ago(9, 1.001, 1, 0))
    aged.skills(*days_ago(9, 3.001, 3, 0))
    for ago in (9, 2.001, 2, 0):
        aged.made.run("w", round(ago * DAY))
    aged.rolled(cpu=FAR, skill=FAR, run=FAR)
    aged.round()
    assert aged.moments("cpu_samples") == days_ago(1, 0)
    assert aged.moments("skill_metrics") == days_ago(3, 0)
    assert aged.moments("workload_runs") == days_ago(2, 0)


def test_a_kind_may_have_an_age_of_its_own(aged: Aged) -> None:
    """Longer or shorter than its family's; also after the settings changed."""
    aged.cpu(*days_ago(3, 0.5))
    aged.skills(*days_ago(3, 0.5))
    aged.rolled(cpu=FAR, skill=FAR)
    kinds = {"cpu": Duration(4 * 86_400), "skill": Duration(3600)}
    aged.keeper.retention = msgspec.structs.replace(SHORT, kinds=kinds)
    aged.round()
    assert (len(aged.moments("cpu_samples")), aged.moments("skill_metrics")) == (2, [])


def test_tiers_go_when_their_stretches_have_ended(aged: Aged) -> None:
    """Days stay for ever."""
    every = [(1, tier, moment) for tier in (300, 3600, 86_400) for moment in days_ago(999, 5.05, 4.01, 4, 1)]
    aged.made.conn.executemany(
        "INSERT INTO rollups (series_id, tier_s, timestamp, count, sum) VALUES (?, ?, ?, 1, 1)", every
    )
    aged.round()
    sql = "SELECT timestamp FROM rollups WHERE tier_s = ? ORDER BY 1"
    assert aged.rows(sql, 300) == [(moment,) for moment in days_ago(4, 1)]
    assert aged.rows(sql, 3600) == [(moment,) for moment in days_ago(4.01, 4, 1)]
    assert len(aged.rows(sql, 86_400)) == 5


def test_nothing_goes_that_is_not_in_the_rollups(aged: Aged) -> None:
    """Up to the position, which is a row number or a moment; without one nothing at all."""
    aged.cpu(*days_ago(9, 8, 7))
    aged.skills(*days_ago(9, 8, 7))
    aged.round()
    assert (len(aged.moments("cpu_samples")), len(aged.moments("skill_metrics"))) == (3, 3)
    aged.rolled(cpu=days_ago(8)[0], skill=2)
    aged.round()
    assert aged.moments("cpu_samples") == aged.moments("skill_metrics") == days_ago(7)


def test_a_benchmark_stays_until_its_parts_are_rolled_up(aged: Aged) -> None:
    """It has no figures of its own; its parts go with it, and all of them count as rows of the step."""
    add(aged.made, "benchmarks", 300, start_ms=days_ago(9)[0])
    (parts,) = aged.rows("SELECT count(*) FROM benchmark_performance")
    aged.rolled(benchmark_performance=10)
    aged.round()
    ((first,),) = aged.rows("SELECT run_id FROM benchmark_performance ORDER BY id LIMIT 1")
    assert aged.rows("SELECT run_id FROM benchmark_runs ORDER BY rowid LIMIT 1") == [(first,)]
    assert aged.rows("SELECT count(*) FROM benchmark_performance") == [(parts[0] - 10,)]
    aged.rolled(benchmark_performance=FAR)
    aged.round()
    assert aged.rows("SELECT count(*) FROM benchmark_runs, benchmark_performance") == [(0,)]
    assert max(gone for name, gone in aged.steps if name == "retention.benchmark") <= 200


def test_an_hour_that_is_to_be_rolled_up_again_keeps_its_rows(aged: Aged) -> None:
    """And all after it, until that is done."""
    aged.skills(*days_ago(9, 8, 7))
    aged.rolled(skill=FAR)
    hour = days_ago(8)[0] // 3_600_000 * 3_600_000
    aged.made.add(RollupStale.record(subject="run", timestamp=hour, changes=1))
    aged.round()
    assert aged.moments("skill_metrics") == days_ago(8, 7)
    aged.made.conn.execute("DELETE FROM rollup_stale")
    aged.round()
    assert aged.moments("skill_metrics") == []


def test_the_walk_stops_at_a_page_without_anything_old(aged: Aged, monkeypatch: pytest.MonkeyPatch) -> None:
    """What came late goes with the sweep, once a day."""
    monkeypatch.setattr(rows, "LOOK", 10)
    monkeypatch.setattr("collector.store.retention.aged.LOOK", 10)
    aged.rolled(skill=FAR)
    aged.round()  # the sweep is done for today
    aged.skills(*days_ago(9, 9, 9), *[NOW_MS] * 30, *days_ago(9, 9), NOW_MS)
    aged.round()
    assert aged.moments("skill_metrics") == [*[NOW_MS] * 30, *days_ago(9, 9), NOW_MS]
    aged.run_for(24)
    assert aged.moments("skill_metrics") == [NOW_MS] * 31


def test_a_sweep_goes_on_where_it_was_before_a_restart(aged: Aged, monkeypatch: pytest.MonkeyPatch) -> None:
    """It notes each page with what it deletes."""
    monkeypatch.setattr("collector.store.retention.aged.LOOK", 10)
    aged.skills(*[NOW_MS] * 100, *days_ago(9))
    aged.rolled(skill=FAR)
    while (turn := aged.keeper.turn(aged.now)) is not None:
        turn.step(aged.made.conn)
        if (position(aged.made.conn, names.sweep("skill")) or 0) >= 50:
            break
    aged.restart()
    pages = [name for name, _ in aged.round()].count("retention.skill")
    assert aged.moments("skill_metrics") == [NOW_MS] * 100
    assert pages <= 1 + 6 + 1  # the walk, half of the pages, and the end


def test_it_is_known_up_to_where_rows_may_be_gone(aged: Aged) -> None:
    """For whoever would work out the rollup of an hour once more."""
    aged.cpu(*days_ago(9, 8, 0))
    aged.rolled(cpu=FAR)
    aged.round()
    assert aged.position(names.cut("cpu")) == days_ago(8)[0]
    (benchmark,) = add(aged.made, "benchmarks", 1, start_ms=days_ago(9)[0])
    aged.rolled(benchmark_performance=FAR)
    aged.round()
    for kind in ("benchmark", "benchmark_performance"):
        assert aged.position(names.cut(kind)) == benchmark["timestamp"]


def test_numbers_that_are_given_once_more_are_not_taken_for_rolled_up(aged: Aged) -> None:
    """All rows went, and new ones come in under their numbers, old ones too."""
    aged.skills(*days_ago(9, 8, 7))
    aged.rolled(skill=3)
    aged.round()
    aged.skills(*days_ago(9, 8, 7))
    assert aged.rows("SELECT max(id) FROM skill_metrics") == [(3,)]
    aged.round()
    assert len(aged.moments("skill_metrics")) == 3


def test_a_step_deletes_a_thousand_rows_at_most_and_goes_on(aged: Aged) -> None:
    """In as many steps as it takes, each counted."""
    aged.skills(*(days_ago(9)[0] + n for n in range(6_000)))
    aged.rolled(skill=FAR)
    gone = [gone for name, gone in aged.round() if name == "retention.skill"]
    assert (sum(gone), max(gone) <= 1_000) == (6_000, True)


def test_what_stays_for_ever_has_no_rule() -> None:
    """Nor have the tables of the upkeep itself."""
    ruled = {rule.name for rule in rules()}
    assert ruled >= {"cpu", "disk", "process", "recorder", "run", "inference", "skill", "operation", "pool"}
    stays = {"alert", "change", "gap", "session", "workload", "query", "query_plan", "cache", "series"}
    assert ruled & stays == set()
    assert ruled <= {*KINDS}


def test_one_who_failed_is_asked_again(aged: Aged) -> None:
    """The same turn comes until it was done; nothing is lost by that."""
    turn = aged.keeper.turn(aged.now)
    assert turn is not None
    again = aged.keeper.turn(aged.now.later(MINUTE / 1000))
    assert again is not None
    assert turn.name == again.name == "retention.clock"


def test_the_writer_does_the_steps(store: Store) -> None:
    """Each is asked for without a transaction: it makes its own, and what failed is told to who asked."""
    names_of = ", ".join(column.column_name for column in KINDS["cpu"].columns)
    values = ", ".join("value" if column.primary_key else "0" for column in KINDS["cpu"].columns)
    sql = f"INSERT INTO cpu_samples ({names_of}) SELECT {values} FROM json_each('[1, 2, 3]')"
    store.conn.execute(sql)
    move(store.conn, rolled_up("cpu"), 2, 0)
    keeper = Keeper(store.path, SHORT)
    while (turn := keeper.turn(store.now)) is not None:
        asked = store.writer.ask(turn.name, turn.step, transaction=False)
        store.writer.step(store.now)
        asked.wait(0)
    assert store.rows("SELECT timestamp FROM cpu_samples") == [(3,)]
