"""What was set aside comes into the new database once, while that is recorded into."""

from __future__ import annotations

import json

import pytest

from collector.records.base import KINDS
from collector.store.database import transaction
from collector.store.progress import move, position, rolled_up
from collector.store.recovery import salvage
from collector.store.recovery.walks import walks
from collector.store.rollups.sources import sources
from tests.store.recovery.conftest import COUNT, Old, last, rolled
from tests.store.recovery.old import (
    FIRST_MS,
    NOT_CARRIED,
    NOW_MS,
    Record,
    begun,
    carried,
    leaves,
    zeroed,
)


def test_every_table_is_walked_through() -> None:
    """A new kind is salvaged without another line."""
    assert {kind.table for kind in KINDS.values()} == {walk.table for walk in walks()} | NOT_CARRIED


def test_all_rows_of_a_readable_file_are_carried_over(old: Old) -> None:
    """Of every table, and counted."""
    lies = old.set_aside()
    new = begun(old.path, lies)
    count = sum(map(len, old.held.values()))
    assert salvage.Carried(count, is_finished=True) == carried(new, lies)
    assert old.lost() == {}
    assert (count, 0, None) == last(new)
    assert salvage.unfinished(new.conn) == []
    new.close()


def test_a_row_with_zeros_for_an_id_is_left_out(old: Old) -> None:
    """The file was cut in it: nobody has sent it, since an id with a NUL is refused."""
    old.change(("UPDATE skill_metrics SET record_id = ? WHERE id = 1", "\0" * 12))
    lies = old.set_aside()
    new = begun(old.path, lies)
    carried(new, lies)
    assert new.rows("SELECT count(*) FROM skill_metrics WHERE id = 1") == [(0,)]
    assert "skill_metrics" in last(new)[2]
    new.close()


@pytest.mark.parametrize("steps", [9, 30])
def test_a_salvage_that_is_killed_goes_on_where_it_was(old: Old, steps: int) -> None:
    """No row is stored twice, and none left out."""
    lies = old.set_aside()
    new = begun(old.path, lies)
    rounds = 0
    while salvage.unfinished(new.conn) == [lies]:
        new.close()
        new = Record(old.path)
        done = carried(new, lies, steps)
        assert (done.rows, done.is_finished) == (last(new)[0], not last(new)[1])
        rounds += 1
    assert old.lost() == {}
    assert (sum(map(len, old.held.values())), 0, None) == last(new)
    assert rounds > 1
    new.close()


def test_new_rows_have_numbers_above_all_old_ones(old: Old) -> None:
    """Those that are stored before the rest of the old ones come."""
    lies = old.set_aside()
    new = begun(old.path, lies)
    new.conn.execute("INSERT INTO gaps (from_ms, to_ms, reason) VALUES (1, 2, 'new')")
    new.conn.execute(
        "INSERT INTO benchmark_runs (run_id, timestamp, project_name, benchmark_name, version, created_at)"
        " VALUES ('new', 1, 'p', 'b', '1', 1)"
    )
    carried(new, lies)
    assert old.lost("gaps", "benchmark_runs") == {}
    assert new.rows("SELECT id FROM gaps WHERE reason = 'new'") == [(COUNT + 1,)]
    assert new.rows("SELECT rowid FROM benchmark_runs WHERE run_id = 'new'") == [(COUNT + 1,)]
    new.close()


def test_new_rows_have_numbers_above_old_ones_though_the_last_of_those_belong_to_nothing(old: Old) -> None:
    """The runs of the last figures are lost, more of them than one page holds."""
    few = leaves(old.path, "benchmark_runs")
    lies = old.set_aside(zeroed(*few[len(few) // 2 :]))
    new = begun(old.path, lies)
    new.conn.execute(
        "INSERT INTO benchmark_runs (run_id, timestamp, project_name, benchmark_name, version, created_at)"
        " VALUES ('new', 1, 'p', 'b', '1', 1)"
    )
    new.conn.execute(
        "INSERT INTO benchmark_autonomy (run_id, manual_interventions_count, prompts_needed_initial,"
        " prompts_needed_followup, one_shot_success_rate, error_recovery_rate, agent_handoffs_successful,"
        " agent_handoffs_failed) VALUES ('new', 1, 1, 1, 0.5, 0.5, 1, 1)"
    )
    carried(new, lies)
    lost = old.lost("benchmark_runs", "benchmark_autonomy")
    assert lost["benchmark_autonomy"] == lost["benchmark_runs"] > 60
    new.close()


def test_a_record_that_was_sent_again_meanwhile_is_stored_once(old: Old) -> None:
    """By its sender's id."""
    ((sent,),) = old.rows("SELECT record_id FROM skill_metrics WHERE id = 17")
    lies = old.set_aside()
    new = begun(old.path, lies)
    new.conn.execute(
        "INSERT INTO skill_metrics (record_id, skill_id, execution_ms, tokens_in, tokens_out, success,"
        " timestamp) VALUES (?, 'again', 1, 1, 1, 1, 1)",
        (sent,),
    )
    carried(new, lies)
    assert new.rows("SELECT skill_id FROM skill_metrics WHERE record_id = ?", sent) == [("again",)]
    assert old.lost("skill_metrics") == {"skill_metrics": 1}
    new.close()


def test_rollups_of_new_rows_and_of_old_ones_are_counted_together(old: Old) -> None:
    """Of the same day: what the new file made meanwhile is of other rows."""
    what = "SELECT tier_s, timestamp, series_id, count, sum FROM rollups WHERE series_id = 9"
    (cell,) = old.rows(what)
    lies = old.set_aside()
    new = begun(old.path, lies)
    new.conn.execute(
        "INSERT INTO rollups (tier_s, timestamp, series_id, count, sum) VALUES (?, ?, ?, 4, 40)", cell[:3]
    )
    carried(new, lies)
    found = new.rows(what)
    assert [(*cell[:3], cell[3] + 4, cell[4] + 40)] == found
    new.close()


def test_rows_that_were_in_no_rollups_yet_are_rolled_up_in_the_end(old: Old) -> None:
    """New rows may have been rolled up before they came."""
    ends = {source.name: 1 << 50 for source in sources()} | {"skill": COUNT - 20}
    old.change(*(rolled(kind, end) for kind, end in ends.items()), ("DELETE FROM rollup_stale",))
    lies = old.set_aside()
    new = begun(old.path, lies)
    move(new.conn, rolled_up("skill"), COUNT, NOW_MS)
    carried(new, lies)
    moment = FIRST_MS + COUNT * 2_000
    assert [("skill", moment - moment % 3_600_000)] == new.rows("SELECT subject, timestamp FROM rollup_stale")
    new.close()


def test_lost_rollups_are_made_again_of_the_rows(old: Old) -> None:
    """The hours of lost ones are marked, of which there are rows."""
    old.change(rolled("skill", COUNT))
    pages = leaves(old.path, "rollups")
    lies = old.set_aside(zeroed(*pages))
    new = begun(old.path, lies)
    new.conn.execute("DELETE FROM rollup_stale")
    carried(new, lies)
    hour = FIRST_MS - FIRST_MS % 3_600_000
    assert [(hour,)] == new.rows("SELECT timestamp FROM rollup_stale WHERE subject = 'skill'")
    new.close()


def test_positions_above_the_last_row_there_is_go_back(old: Old) -> None:
    """The numbers of lost rows are given once more, and theirs are to be rolled up."""
    old.change(rolled("run", COUNT))
    lies = old.set_aside(zeroed(leaves(old.path, "workload_runs")[-1]))
    new = begun(old.path, lies)
    ((last_number,),) = new.rows("SELECT max(id) FROM workload_runs")
    assert last_number < COUNT
    assert last_number == position(new.conn, rolled_up("run"))
    new.close()


def test_no_row_is_counted_twice_where_positions_are_lost(old: Old) -> None:
    """All rows count as rolled up, until all hours are rolled up anew."""
    old.change(*(rolled(source.name, 1) for source in sources()))
    lies = old.set_aside(zeroed(*leaves(old.path, "upkeep_positions")))
    new = begun(old.path, lies)
    assert position(new.conn, rolled_up("run")) == COUNT
    carried(new, lies)
    assert {source.name for source in sources()} <= {
        subject for (subject,) in new.rows("SELECT subject FROM rollup_stale")
    }
    new.close()


def test_a_file_that_is_moved_away_ends_its_salvage(old: Old) -> None:
    """What was saved by then stays."""
    lies = old.set_aside()
    new = begun(old.path, lies)
    saved = carried(new, lies, 3).rows
    lies.rename(lies.with_name("mine"))
    assert [lies] == salvage.unfinished(new.conn)
    assert carried(new, lies) == (saved, True)
    assert salvage.unfinished(new.conn) == []
    assert "workload_runs" in json.loads(last(new)[2])
    ((detail,),) = new.rows("SELECT detail FROM recoveries ORDER BY id DESC LIMIT 1")
    assert detail == "page 7 is zero; the file was moved away before all of it was taken over"
    new.close()


@pytest.mark.parametrize(
    ("seen", "stored"),
    [
        ("page 7 is zero", "page 7 is zero"),
        ("page 7 is zero; page 8 is zero; page 9 is zero", "page 7 is zero, and 2 more"),
    ],
)
def test_of_what_was_seen_the_first_line_is_kept(old: Old, seen: str, stored: str) -> None:
    """And how many more there were."""
    lies = old.set_aside()
    new = Record(old.path)
    with transaction(new.conn):
        salvage.begin(new.conn, lies, "damaged", seen, NOW_MS)
    assert [(stored,)] == new.rows("SELECT detail FROM recoveries ORDER BY id DESC LIMIT 1")
    new.close()


def test_why_it_ended_stands_alone_where_nothing_was_said_before(old: Old) -> None:
    """It does not begin as if something did."""
    lies = old.set_aside()
    new = Record(old.path)
    with transaction(new.conn):
        salvage.begin(new.conn, lies, "damaged", "", NOW_MS)
    lies.unlink()
    carried(new, lies)
    ((detail,),) = new.rows("SELECT detail FROM recoveries ORDER BY id DESC LIMIT 1")
    assert detail == "the file was moved away before all of it was taken over"
    new.close()


def test_what_somebody_has_replaced_is_noted_only(old: Old) -> None:
    """It is not brought back into the file in its place."""
    lies = old.set_aside()
    new = Record(old.path)
    with transaction(new.conn):
        salvage.begin(new.conn, lies, "replaced", "by another", NOW_MS)
        salvage.begin(new.conn, None, "deleted", "all here", NOW_MS)
    found = new.rows("SELECT reason, aside, rows_saved, finished_ms FROM recoveries ORDER BY id")
    assert [("replaced", lies.name, 0, NOW_MS), ("deleted", "", 0, NOW_MS)] == found
    assert salvage.unfinished(new.conn) == []
    new.close()
