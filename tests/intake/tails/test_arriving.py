"""What becomes of executions: operations that say no more than they should."""

from __future__ import annotations

from typing import Any

from collector.intake.statements import Statements
from collector.intake.tails.arriving import PLAN_AGAIN_MS, Arriving
from collector.intake.tails.base import Execution

PLAN = "Seq Scan on t  (cost=0.00..1.05 rows=1 width=4)\n  Filter: (a = 'secret'::text)"


def made(*executions: Execution) -> list[Any]:
    """The records of what a log tells of."""
    return arriving().records(executions, "abcdefabcdef")


def arriving() -> Arriving:
    """Of a log of PostgreSQL, of which nothing was seen yet."""
    return Arriving("pg", "query", "postgresql", Statements())


def execution(offset: int = 0, at: int = 1_800_000_000_000, ms: float = 2.5, **more: Any) -> Execution:
    """One of a simple statement."""
    return Execution(offset, at, ms, "SELECT 'secret'", **more)


def test_the_text_of_a_statement_comes_with_its_first_execution() -> None:
    """Without its literal."""
    first, second = made(execution(), execution(80))
    assert (first.query.text, first.query.sample) == ("SELECT ?", "SELECT ?")
    assert first.query_hash == second.query_hash == first.query.query_hash
    assert second.query is None


def test_ids_follow_from_file_place_and_time() -> None:
    """So that equal lines differ, and what is read again is known again."""
    ids = {one.record_id for one in made(execution(), execution(80), execution(80, 1_800_000_000_001))}
    assert len(ids) == 3
    assert {one.record_id for one in made(execution(), execution(80))} < ids


def test_a_plan_is_kept_without_literals_and_again_when_one_was_slower_or_an_hour_passed() -> None:
    """Not with each execution."""
    at = 1_800_000_000_000
    plans = [
        one.plan
        for one in made(
            execution(plan=PLAN), execution(at=at + 1, plan=PLAN), execution(at=at + 2, ms=9, plan=PLAN),
            execution(at=at + 2 + PLAN_AGAIN_MS, plan=PLAN),
        )
    ]  # fmt: skip
    assert [plan is not None for plan in plans] == [True, False, True, True]
    assert plans[0].plan == PLAN.replace("'secret'", "?")
    assert (plans[0].source, plans[0].dialect, plans[2].duration_ms) == ("pg", "postgresql", 9)


def test_times_that_cannot_be_are_counted() -> None:
    """Not a number, negative, before the epoch, longer than any."""
    it = arriving()
    bad = [execution(ms=float("nan")), execution(ms=-1), execution(at=-1), execution(ms=1e300)]
    assert it.records(bad, "h") == it.told(bad, "h") == []
    assert it.refused == 8


def test_texts_are_cut_to_what_their_columns_hold() -> None:
    """They come from a log that anybody can write to."""
    (one,) = made(execution(columns={"endpoint": "x" * 5_000, "rows": 3}))
    assert (len(one.endpoint), one.rows) == (200, 3)


def test_a_daemon_is_told_the_statement_once_and_its_hash_always() -> None:
    """And all over again when the way there has changed."""
    it = arriving()
    first, second = it.told([execution(plan=PLAN), execution(80)], "h")
    assert (first["sql"], first["dialect"], first["plan"]) == ("SELECT 'secret'", "postgresql", PLAN)
    assert second["query_hash"] == first["query_hash"]
    assert "sql" not in second
    it.forget()
    assert "sql" in it.told([execution(160)], "h")[0]
