"""From runs to changes and their rows: what counts, what stays the same row, and what is gone."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.answers import change_matching, change_rows, looked_at
from collector.answers.analysed import Looked, analysed
from collector.answers.changes import Look, look
from collector.answers.detection import find
from collector.answers.points import Loaded
from collector.answers.subjects import ENOUGH_RUNS, Point, of_news, subject
from collector.answers.told_changes import direction, document
from collector.answers.told_changes import standing as told_standing
from collector.orm import peewee
from collector.store import found
from collector.store.database import transaction
from tests.answers.made import DAY, HOUR, MINUTE, Made
from tests.answers.reported import Row, store

UNIT_TESTS = subject("workload", "unit-tests", "wall_ms", "unit-tests")
FLOOR = 0.03


def ran(
    made: Made, *levels: tuple[int, float], name: str = "unit-tests", seed: int = 1, **columns: object
) -> None:
    """Runs every half hour, the last one now: so many on each level, with 2 % of noise."""
    noise, count = random.Random(seed), sum(runs for runs, _ in levels)
    values = [level * noise.lognormvariate(0, 0.02) for runs, level in levels for _ in range(runs)]
    for i, value in enumerate(values):
        made.run(name, (count - 1 - i) * 30 * MINUTE, value, **columns)


def looked(made: Made, reader: peewee.SqliteDatabase) -> Look:
    """Look at what is new, store what was found, and note that it was told: as the daemon does."""
    news = looked_at.unseen(reader)
    subjects = [one for part in news for one in of_news(reader, part)]
    made_look = look(reader, subjects, FLOOR, made.now_ms)
    positions = looked_at.ends(news, made.now_ms) | looked_at.seen(made_look.looked, made.now_ms)
    for row in made_look.confirmed:
        row["told_ms"] = made.now_ms
    with transaction(made.conn):
        numbers = found.keep(made_look.rows, positions)(made.conn)
    for row, number in zip(made_look.rows, numbers, strict=True):
        row["id"] = number
    return made_look


def rows(reader: peewee.SqliteDatabase) -> list[tuple[int, str, str]]:
    """All that is stored: number, state, direction."""
    return sorted((row["id"], row["state"], direction(row)) for row in change_rows.since(reader, 0))


def test_a_change_is_stored_with_all_that_is_known_of_it(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Which runs it lies between, both levels, how sure, and how many runs say so."""
    ran(made, (41, 40_000.0), (19, 50_000.0))
    (row,) = looked(made, reader).rows
    told = document(row)
    assert (told["id"], told["subject"], told["direction"], told["state"]) == (
        1,
        "unit-tests",
        "slower",
        "confirmed",
    )
    assert (told["at"], told["last_before"]) == (made.now_ms - 9 * HOUR, made.now_ms - 9 * HOUR - 30 * MINUTE)
    assert told["runs"] == [41, 19]
    assert told["ratio"] == pytest.approx(1.25, rel=0.02)
    assert told["interval"][0] < told["ratio"] < told["interval"][1]
    assert (told["before_ms"], told["after_ms"]) == (told["before"], told["after"])
    assert told["before_p95"] > told["before"]
    assert [len(told["trend"][side]) for side in ("before", "after")] == [11, 11]
    assert document(change_rows.since(reader, 0)[0]) == told


def test_what_did_not_change_is_only_noted(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Constant values, zeros and ordinary noise are no change."""
    ran(made, (60, 10.0))
    for name, value in (("constant", 5.0), ("zeros", 0.0)):
        for i in range(60):
            made.run(name, i * HOUR, value)
    assert looked(made, reader).rows == []
    standings = looked_at.standings(reader, 0)
    assert [(one.name, one.verdict) for one in standings] == [
        ("constant", "steady"), ("unit-tests", "steady"), ("zeros", "steady"),
    ]  # fmt: skip


def test_too_few_runs_say_so(made: Made, reader: peewee.SqliteDatabase) -> None:
    """With how many there are; failed ones do not help."""
    ran(made, (3, 10.0), (2, 90.0))
    made.run("unit-tests", 0, 10.0, outcome="failed")
    made.run("never", 0, None, outcome="missed")
    looked(made, reader)
    standings = [(one.name, one.verdict, one.have) for one in looked_at.standings(reader, 0)]
    assert standings == [("never", "too few", 0), ("unit-tests", "too few", 5)]
    assert find([1.0] * (ENOUGH_RUNS - 1)).verdict == "too few"
    assert find([1.0] * ENOUGH_RUNS).verdict != "too few"


def test_failed_runs_make_no_change(made: Made, reader: peewee.SqliteDatabase) -> None:
    """A test run that breaks off early is not faster; how many there were is told with a change."""
    ran(made, (30, 40_000.0))
    ran(made, (12, 900.0), outcome="failed")
    assert looked(made, reader).rows == []
    made.now_ms += 6 * HOUR
    ran(made, (12, 90_000.0))
    (row,) = looked(made, reader).rows
    assert (direction(row), row["evidence"]["left_out"]) == ("slower", 12)


def test_a_provisional_change_becomes_confirmed_in_the_same_row(
    made: Made, reader: peewee.SqliteDatabase
) -> None:
    """It is told as new once, when it is sure."""
    ran(made, (30, 40.0), (5, 60.0))
    first = looked(made, reader)
    assert (rows(reader), first.confirmed) == ([(1, "provisional", "slower")], [])
    made.now_ms += 3 * HOUR
    ran(made, (6, 60.0))
    second = looked(made, reader)
    assert rows(reader) == [(1, "confirmed", "slower")]
    assert [row["id"] for row in second.confirmed] == [1]
    made.now_ms += HOUR
    ran(made, (2, 60.0))
    assert looked(made, reader).confirmed == []


def test_what_was_mended_later_is_two_changes(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Both stay."""
    ran(made, (30, 40.0), (12, 60.0), (12, 40.0))
    looked(made, reader)
    assert rows(reader) == [(1, "confirmed", "slower"), (2, "confirmed", "faster")]


def test_one_that_newer_runs_do_not_bear_out_is_gone(made: Made, reader: peewee.SqliteDatabase) -> None:
    """It keeps its number, and what is found elsewhere has one of its own."""
    ran(made, (60, 40.0), (9, 60.0))
    looked(made, reader)
    with transaction(made.conn):  # as if it had been found twenty runs earlier
        made.conn.execute(
            "UPDATE changes SET timestamp = timestamp - :ms, last_before_ms = last_before_ms - :ms",
            {"ms": 20 * 30 * MINUTE},
        )
    seen = []
    for _ in range(6):
        made.now_ms += HOUR
        ran(made, (1, 60.0))
        looked(made, reader)
        seen.append(change_rows.one(reader, 1)["state"])  # type: ignore[index]  # it is there
    assert seen == ["confirmed"] * 4 + ["gone"] * 2
    assert rows(reader) == [(1, "gone", "slower"), (2, "confirmed", "slower")]


def test_a_doubted_change_that_is_found_again_is_as_before(made: Made, reader: peewee.SqliteDatabase) -> None:
    """One that stands on the edge does not come and go."""
    ran(made, (30, 40.0), (9, 60.0))
    looked(made, reader)
    made.conn.execute("UPDATE changes SET doubted_ms = ?", (made.now_ms,))
    made.now_ms += HOUR
    ran(made, (1, 60.0))
    again = looked(made, reader)
    assert rows(reader) == [(1, "confirmed", "slower")]
    assert [row["doubted_ms"] for row in again.rows] == [None]


@pytest.mark.parametrize(("before", "expected"), [(30, [1]), (3, [])])
def test_only_what_lies_among_the_runs_looked_at_can_be_gone(before: int, expected: list[int]) -> None:
    """Of a change before which hardly anything is looked at any more nothing can be said."""
    loaded = Loaded([Point(i, 1.0) for i in range(60)])
    row = {"id": 1, "state": "confirmed", "timestamp": before, "doubted_ms": 55, "evidence": {}}
    assert change_matching.doubted([row], [], loaded) == [row | {"state": "gone"} for _ in expected]
    first = change_matching.doubted([row | {"doubted_ms": None}], [], loaded)
    assert first == [row | {"doubted_ms": 59} for _ in expected]
    assert change_matching.doubted([row | {"doubted_ms": 56}], [], loaded) == []
    assert change_matching.doubted([row | {"state": "accepted"}], [], loaded) == []
    assert change_matching.doubted([row | {"state": "gone"}], [], loaded) == []
    assert change_matching.doubted([row], [row], loaded) == []


def test_noisy_runs_doubt_nothing() -> None:
    """They are left out, but for changes that only they show."""
    loaded = Loaded([Point(i, 1.0, noisy=i >= 50) for i in range(60)])
    row = {"id": 1, "state": "confirmed", "timestamp": 30, "doubted_ms": 49, "evidence": {}}
    assert change_matching.doubted([row], [], loaded) == []
    only_noisy = row | {"evidence": {"only_noisy": True}}
    assert change_matching.doubted([only_noisy], [], loaded) == [only_noisy | {"state": "gone"}]


def test_an_accepted_change_is_the_new_normal(made: Made, reader: peewee.SqliteDatabase) -> None:
    """What comes is compared with the runs since; back to the old level is a change of its own."""
    ran(made, (30, 40.0), (20, 60.0))
    looked(made, reader)
    with transaction(made.conn):
        assert found.accept(1, "more fixtures", made.now_ms)(made.conn) == ""
    made.now_ms += 6 * HOUR
    ran(made, (12, 40.0))
    looked(made, reader)
    assert rows(reader) == [(1, "accepted", "slower"), (2, "confirmed", "faster")]
    (accepted,) = [row for row in change_rows.since(reader, 0) if row["id"] == 1]
    assert (accepted["note"], accepted["accepted_ms"]) == ("more fixtures", made.now_ms - 6 * HOUR)
    assert change_rows.since(reader, 0)[0]["runs_before"] == 20


def test_a_change_is_accepted_once_and_only_if_it_is_there(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Each refusal says why."""
    ran(made, (30, 40.0), (20, 60.0))
    looked(made, reader)
    said = []
    for number in (1, 1, 7):
        with transaction(made.conn):
            said.append(found.accept(number, "as it should be", made.now_ms)(made.conn))
    assert said == ["", "change 1 is accepted already", "there is no change 7"]


def test_noisy_runs_are_left_out_and_counted(made: Made, reader: peewee.SqliteDatabase) -> None:
    """A busy afternoon is no change."""
    ran(made, (40, 40.0))
    made.now_ms += 3 * HOUR
    ran(made, (5, 90.0), noisy=True)
    made.now_ms += 6 * HOUR
    ran(made, (12, 60.0), seed=2)
    (row,) = looked(made, reader).rows
    assert (row["runs_before"], row["runs_after"], row["noisy_left_out"]) == (40, 12, 5)
    assert row["ratio"] == pytest.approx(1.5, rel=0.02)


def test_where_nearly_all_runs_are_noisy_they_count_and_it_says_so(
    made: Made, reader: peewee.SqliteDatabase
) -> None:
    """A machine that is busy for good makes everything slower, and that is to be told."""
    ran(made, (40, 40.0))
    made.now_ms += 10 * HOUR
    ran(made, (12, 90.0), noisy=True)
    (row,) = looked(made, reader).rows
    assert (direction(row), row["evidence"]["only_noisy"], row["noisy_left_out"]) == ("slower", True, 0)


def test_what_shows_only_on_a_busy_machine_is_never_sure(made: Made, reader: peewee.SqliteDatabase) -> None:
    """It stays provisional, and nobody is told; once quiet runs show it too, it is confirmed as the same."""
    ran(made, (40, 40.0))
    made.now_ms += 10 * HOUR
    ran(made, (20, 60.0), noisy=True)
    noisy = looked(made, reader)
    assert (rows(reader), noisy.confirmed) == ([(1, "provisional", "slower")], [])
    made.now_ms += 6 * HOUR
    ran(made, (12, 60.0), seed=2)
    quiet = looked(made, reader)
    assert rows(reader) == [(1, "confirmed", "slower")]
    assert [row["id"] for row in quiet.confirmed] == [1]
    (row,) = quiet.rows
    assert row["evidence"]["noisy_between"] == 20
    assert row["timestamp"] - row["last_before_ms"] > 10 * HOUR


def test_places_that_overlap_are_one_change() -> None:
    """Up to 12 quiet runs apart, too; the one that stands goes before one that is gone."""
    points = [Point(i, 40.0 if i < 40 else 60.0, noisy=35 <= i < 90) for i in range(120)]
    seen = analysed(UNIT_TESTS, Loaded(points), FLOOR)
    (one,) = seen.found
    assert (one.last_before_ms, one.at_ms) == (34, 90)
    stored = {"ratio": 1.5, "accepted_ms": None, "last_before_ms": 39, "timestamp": 40}
    rows = [stored | {"id": 1, "state": "gone"}, stored | {"id": 2, "state": "confirmed"}]
    assert change_matching.matched(seen.found, rows, points) == [rows[1]]
    assert change_matching.matched(seen.found, rows[:1], points) == [rows[0]]
    faster = [rows[1] | {"ratio": 0.7}]
    assert change_matching.matched(seen.found, faster, points) == [None]
    for at, is_same in ((34, True), (23, True), (22, False), (90, True), (102, True), (103, False)):
        elsewhere = rows[1] | {"last_before_ms": at - 1, "timestamp": at}
        expected = elsewhere if is_same else None
        assert change_matching.matched(seen.found, [elsewhere], points) == [expected]


@pytest.mark.parametrize(("levels", "way"), [((0.0, 5.0), "slower"), ((5.0, 0.0), "faster")])
def test_from_nothing_and_to_nothing_there_is_no_ratio(
    made: Made, reader: peewee.SqliteDatabase, levels: tuple[float, float], way: str
) -> None:
    """Neither in the table nor in JSON; which way it went is known all the same, in the same row."""
    ran(made, (30, levels[0]), (10, levels[1]))
    looked(made, reader)
    made.now_ms += HOUR
    ran(made, (1, levels[1]))
    (row,) = looked(made, reader).rows
    told = document(row)
    assert (told["id"], told["ratio"], told["interval"], told["direction"]) == (1, None, None, way)
    assert (told["before"], told["after"]) == pytest.approx(levels, rel=0.05)
    assert change_rows.around(reader, 0, made.now_ms) == []


def test_a_change_that_was_told_is_not_told_again(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Not even where it was gone for a while: its row knows."""
    ran(made, (30, 40.0), (12, 60.0))
    assert [row["id"] for row in looked(made, reader).confirmed] == [1]
    made.conn.execute("UPDATE changes SET told_ms = 5, state = 'gone'")
    made.now_ms += HOUR
    ran(made, (1, 60.0))
    assert looked(made, reader).confirmed == []
    row = change_rows.one(reader, 1)
    assert row is not None
    assert (row["state"], row["told_ms"]) == ("confirmed", 5)


def test_what_is_gone_or_accepted_stands_no_longer(made: Made, reader: peewee.SqliteDatabase) -> None:
    """What was told of the same subject since then may; what was accepted ends all before it."""
    row = {
        "subject_kind": "workload", "subject": "tests", "metric": "wall_ms", "last_before_ms": 1,
        **dict.fromkeys(("before", "before_p95"), 1.0), **dict.fromkeys(("after", "after_p95"), 2.0),
        "ratio": 2.0, "ratio_low": 2.0, "ratio_high": 2.0, "runs_before": 9, "runs_after": 9,
        "noisy_left_out": 0, "cause": "code", "sentence": "s", "found_ms": 1,
    }  # fmt: skip

    def standing(*states: str) -> set[str]:
        made.conn.execute("DELETE FROM changes")
        store(made, "changes", [
            row | {
                "id": i, "timestamp": i, "told_ms": i, "state": state,
                "accepted_ms": 99 if state == "accepted" else None,
            }
            for i, state in enumerate(states, start=1)
        ])  # fmt: skip
        return set(told_standing(change_rows.told_since(reader, 2)))

    assert standing("confirmed", "confirmed") == {"slower"}
    assert standing("confirmed", "gone") == set()
    assert standing("gone", "gone", "provisional") == {"slower"}
    assert standing("gone", "confirmed", "accepted") == set()
    assert standing("gone", "accepted", "confirmed") == {"slower"}
    assert standing("confirmed") == set()


def test_runs_that_are_all_noisy_are_looked_at(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Else there would be too few for ever."""
    ran(made, (40, 40.0), (12, 60.0), noisy=True)
    (row,) = looked(made, reader).rows
    assert (row["runs_before"], row["runs_after"], row["evidence"]["only_noisy"]) == (40, 12, True)


def test_a_rate_that_rises_is_faster(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Tokens a second are no time: there are no milliseconds of them."""
    row = {
        "model_name": "m", "task_type": "chat", "inference_time": 2.0, "input_tokens": 5, "output_tokens": 80,
        "query_length": 1, "response_length": 1, "created_at": 1,
    }  # fmt: skip
    store(made, "inference_metrics", [
        row | {"timestamp": made.now_ms - i * HOUR, "tokens_per_second": (51.0 if i < 12 else 38.0) + i % 3}
        for i in range(40)
    ])  # fmt: skip
    (change,) = map(document, looked(made, reader).rows)
    assert (change["direction"], change["unit"], change["before_ms"], change["after_ms"]) == (
        "faster",
        "1/s",
        None,
        None,
    )
    assert change["ratio"] == pytest.approx(52 / 39)


def test_seconds_are_told_in_milliseconds_too(made: Made, reader: peewee.SqliteDatabase) -> None:
    """As the keys of the answer say."""
    row = {
        "model_name": "m", "task_type": "embed", "input_tokens": 5, "output_tokens": 0, "query_length": 1,
        "tokens_per_second": 0.0, "response_length": 1, "created_at": 1,
    }  # fmt: skip
    store(made, "inference_metrics", [
        row | {"timestamp": made.now_ms - i * HOUR, "inference_time": 0.4 if i < 12 else 0.2}
        for i in range(40)
    ])  # fmt: skip
    (change,) = map(document, looked(made, reader).rows)
    assert (change["before"], change["before_ms"], change["after_ms"]) == (0.2, 200.0, 400.0)


def test_only_subjects_with_new_rows_are_looked_at(made: Made, reader: peewee.SqliteDatabase) -> None:
    """And nothing at all where nothing came in."""
    ran(made, (20, 10.0), name="a")
    ran(made, (20, 10.0), name="b")
    assert [one.subject.name for one in looked(made, reader).looked] == ["a", "b"]
    assert looked_at.unseen(reader) == []
    made.run("b", 0, 10.0)
    assert [one.subject.name for one in looked(made, reader).looked] == ["b"]


def test_numbers_of_rows_that_are_given_again_are_seen(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Where the newest rows were deleted, others get their numbers."""
    ran(made, (20, 10.0), name="a")
    looked(made, reader)
    made.conn.execute("DELETE FROM workload_runs WHERE id > 5")
    made.run("b", 0, 10.0)
    assert [one.subject.name for one in looked(made, reader).looked] == ["a", "b"]


def test_history_that_is_imported_is_no_news(made: Made, reader: peewee.SqliteDatabase) -> None:
    """What became sure a week ago is stored, and no alert goes out."""
    made.now_ms -= 7 * DAY
    ran(made, (30, 40.0), (20, 60.0))
    made.now_ms += 7 * DAY
    found_now = looked(made, reader)
    assert (len(found_now.rows), found_now.confirmed) == (1, [])


def test_a_statement_keeps_its_change_when_its_text_is_told_later(
    made: Made, reader: peewee.SqliteDatabase
) -> None:
    """Until then it is known by its fingerprint."""
    row = {"metric_type": "query", "metric_name": "app", "query_hash": "3f9c2ab0"}
    store(made, "operation_metrics", [
        row | {"timestamp": made.now_ms - i * HOUR, "duration_ms": 9.8 if i < 12 else 3.1} for i in range(40)
    ])  # fmt: skip
    assert [one["subject"] for one in looked(made, reader).rows] == ["3f9c2ab0"]
    text = {
        "query_hash": "3f9c2ab0",
        "fp_version": 1,
        "dialect": "sqlite",
        "text": "SELECT ?",
        "first_seen": 1,
    }
    store(made, "queries", [text])
    store(made, "operation_metrics", [row | {"timestamp": made.now_ms, "duration_ms": 9.8}])
    (change,) = looked(made, reader).rows
    assert (change["id"], change["subject"]) == (1, "SELECT ? · 3f9c2ab0")


def test_a_cause_stays_once_enough_runs_bear_it(made: Made, reader: peewee.SqliteDatabase) -> None:
    """The machine's samples around it are deleted some day, and then nothing could be said any more."""
    ran(made, (30, 40.0), (30, 60.0))
    looked(made, reader)
    with transaction(made.conn):
        made.conn.execute("UPDATE changes SET cause = 'machine', sentence = 'as it was seen then'")
    made.now_ms += HOUR
    ran(made, (1, 60.0))
    (row,) = looked(made, reader).rows
    assert (row["cause"], row["sentence"], row["runs_after"]) == ("machine", "as it was seen then", 31)


LEVELS = st.lists(
    st.tuples(st.integers(8, 25), st.sampled_from([40.0, 50.0, 70.0, 100.0])), min_size=1, max_size=4
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(levels=LEVELS, seed=st.integers(0, 10**6), at_once=st.integers(1, 5))
def test_a_change_keeps_its_number_while_runs_come_in(
    levels: Sequence[tuple[int, float]], seed: int, at_once: int
) -> None:
    """Looking after every few runs ends with the same changes as one look at all, and each has one row."""
    noise = random.Random(seed)
    values = [level * noise.lognormvariate(0, 0.02) for runs, level in levels for _ in range(runs)]
    points = [Point(i * HOUR, value) for i, value in enumerate(values)]
    kept: dict[int, Row] = {}
    ends = [*range(at_once, len(points), at_once), len(points)]
    for end in ends:
        seen = analysed(UNIT_TESTS, Loaded(points[:end]), FLOOR)
        _keep(kept, seen)
    last = analysed(UNIT_TESTS, Loaded(points), FLOOR)
    sure = [row for row in kept.values() if row["state"] != "gone" and row["doubted_ms"] is None]
    assert sorted(row["timestamp"] for row in sure) == [one.at_ms for one in last.found]
    confirmed = [row for row in sure if row["state"] == "confirmed"]
    assert len(confirmed) == sum(one.confirmed for one in last.found)
    for row in kept.values():  # one that is gone has no younger one in its place
        same_way = [other for other in kept.values() if (other["ratio"] > 1) == (row["ratio"] > 1)]
        younger = [other for other in same_way if other["id"] > row["id"]]
        apart = [abs(other["timestamp"] - row["timestamp"]) // HOUR for other in younger]
        assert row["state"] != "gone" or min(apart, default=99) > change_matching.SAME_WITHIN


def _keep(kept: dict[int, Row], seen: Looked) -> None:
    """As `look` and the writer do, without a database."""
    stored = list(kept.values())
    mine = change_matching.matched(seen.found, stored, seen.loaded.points)
    for row in change_matching.doubted(stored, mine, seen.loaded):
        kept[row["id"]] = row
    for one, row in zip(seen.found, mine, strict=True):
        number = len(kept) + 1 if row is None else row["id"]
        state = "confirmed" if one.confirmed else "provisional"
        kept[number] = {
            "id": number, "timestamp": one.at_ms, "ratio": one.ratio, "state": state, "accepted_ms": None,
            "last_before_ms": one.last_before_ms, "doubted_ms": None, "evidence": {},
        }  # fmt: skip


@pytest.mark.parametrize(
    ("evidence", "before", "expected"),
    [
        ({"sure_by": [30, 8]}, 30, [1]),
        ({"sure_by": [30, 8]}, 29, []),
        ({"sure_by": [12, 8]}, 12, [1]),
        ({"sure_by": [12, 31]}, 30, []),
        ({"sure_by": [12, 8], "settled": True}, 30, []),
    ],
)
def test_runs_that_are_not_there_any_more_refute_nothing(
    evidence: dict[str, object], before: int, expected: list[int]
) -> None:
    """As many as it was sure by have to be looked at on both sides; what is settled stays."""
    loaded = Loaded([Point(i, 1.0) for i in range(60)])
    row = {"id": 1, "state": "confirmed", "timestamp": before, "doubted_ms": 55, "evidence": evidence}
    assert [one["id"] for one in change_matching.doubted([row], [], loaded)] == expected


@pytest.mark.parametrize("step", [1.05, 1.1])
def test_a_change_that_slides_out_of_the_window_stays(
    made: Made, reader: peewee.SqliteDatabase, step: float
) -> None:
    """Through noise that remembers, until nothing before it is looked at any more, or recorded."""
    noise, error, values = random.Random(3), 0.0, []
    for i in range(300 + 510):
        error = 0.5 * error + noise.gauss(0, 0.02)
        values.append(100 * (1 + error) * (step if i >= 300 else 1))
    states, began_ms = [], made.now_ms
    for i, value in enumerate(values):
        made.now_ms = began_ms + i * HOUR
        made.run("unit-tests", 0, value)
        if i % 30 == 9 and i > 300:
            looked(made, reader)
            states.append([row["state"] for row in change_rows.since(reader, 0) if row["ratio"] > 1][-1:])
    first = states.index(["confirmed"])
    assert states[first:] == [["confirmed"]] * (len(states) - first)
    made.conn.execute("DELETE FROM workload_runs WHERE timestamp < ?", (began_ms + 600 * HOUR,))
    made.run("unit-tests", -HOUR, 100 * step)
    looked(made, reader)
    assert [row["state"] for row in change_rows.since(reader, 0) if row["ratio"] > 1][-1:] == ["confirmed"]
