"""Keys of damaged rows that cannot be: nothing counts on from them."""

from __future__ import annotations

import json

import pytest

from collector.store.recovery.ends import WIDEST_GAP, believable
from collector.store.recovery.progress import Progress
from collector.store.recovery.spans import LAST, Span
from collector.store.recovery.walks import walks
from tests.store.recovery.conftest import COUNT, Old, last
from tests.store.recovery.old import begun, carried

INTO_GAPS = "INSERT INTO gaps (id, from_ms, to_ms, reason) VALUES (?, 1, 2, 'damaged')"
NEW_GAP = "INSERT INTO gaps (from_ms, to_ms, reason) VALUES (1, 2, 'new')"


@pytest.mark.parametrize("key", [2**63 - 1, LAST + 1, LAST, COUNT + WIDEST_GAP + 1, -1, -(2**63)])
def test_a_number_that_cannot_be_is_not_carried_over(old: Old, key: int) -> None:
    """It is counted; new rows have numbers above those of the others."""
    old.change((INTO_GAPS, key))
    lies = old.set_aside()
    new = begun(old.path, lies)
    new.conn.execute(NEW_GAP)
    assert carried(new, lies).is_finished
    assert old.lost("gaps") == {}
    assert new.rows("SELECT id, reason FROM gaps WHERE id < 1 OR id > ?", COUNT) == [(COUNT + 1, "new")]
    assert json.loads(last(new)[2]) == {"gaps": {"stretches": 0, "rows": 1}}
    new.close()


@pytest.mark.parametrize("key", [COUNT + WIDEST_GAP, COUNT + 5])
def test_a_number_above_a_gap_that_may_be_is_carried_over(old: Old, key: int) -> None:
    """Old rows are deleted, and some stay."""
    old.change((INTO_GAPS, key))
    lies = old.set_aside()
    new = begun(old.path, lies)
    new.conn.execute(NEW_GAP)
    carried(new, lies)
    assert [(key,), (key + 1,)] == new.rows("SELECT id FROM gaps WHERE id > ? ORDER BY id", COUNT)
    assert last(new)[2] is None
    new.close()


@pytest.mark.parametrize("moment_ms", [2**63 - 1, -(2**63)])
def test_a_moment_that_cannot_be_is_not_carried_over(old: Old, moment_ms: int) -> None:
    """Neither in the rollups, whose key begins with one."""
    old.change(
        (
            "INSERT INTO rollups (tier_s, timestamp, series_id, count, sum) VALUES (300, ?, 9, 1, 1)",
            moment_ms,
        ),
        ("INSERT INTO rollup_stale (subject, timestamp, changes) VALUES ('run', ?, 1)", moment_ms),
    )
    lies = old.set_aside()
    new = begun(old.path, lies)
    assert carried(new, lies).is_finished
    assert old.lost() == {}
    assert json.loads(last(new)[2]) == {
        table: {"stretches": 0, "rows": 1} for table in ("rollups", "rollup_stale")
    }
    new.close()


def test_several_numbers_that_cannot_be_are_passed_by() -> None:
    """Up to the last one that can; a table without rows has none."""
    numbers = (LAST, 10**13, 10**10, 70, 69)

    def next_(number: int, down: bool) -> tuple[int | None, bool]:
        assert down
        return next((each for each in numbers if each <= number), None), True

    assert believable(next_, LAST) == 70
    assert believable(next_, None) is None


def test_a_lost_stretch_of_rollups_between_keys_that_cannot_be_is_bounded() -> None:
    """What is asked for later is a number that a statement takes."""
    progress = Progress()
    rollups = next(walk for walk in walks() if walk.fixed is not None)
    progress.lose(rollups, Span((-(2**63),), (2**63 - 1,)))
    assert rollups.fixed is not None
    assert [(0, LAST + rollups.fixed * 1000)] == progress.ranges
