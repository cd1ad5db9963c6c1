"""What is told of a file that was damaged, deleted or replaced."""

from __future__ import annotations

import json

import pytest

from collector.answers.recovered import NEWEST, recoveries
from tests.answers.made import MINUTE, Made

RECOVERY = (
    'INSERT INTO recoveries (timestamp, reason, detail, aside, aside_bytes, rows_saved, finished_ms, "left")'
    " VALUES (?, ?, ?, ?, 0, ?, ?, ?)"
)


def note(
    made: Made, reason: str, aside: str = "", saved: int = 0, *, is_over: bool = True, left: str | None = None
) -> None:
    """One of a minute ago."""
    moment = made.now_ms - MINUTE
    over_ms = moment if is_over else None
    made.conn.execute(RECOVERY, (moment, reason, "why", aside, saved, over_ms, left))
    made.conn.commit()


def sentences(made: Made) -> list[str]:
    """What is told, without the moment."""
    with made.reader() as reader:
        found = recoveries(reader, made.path, made.now_ms)
    return [row["sentence"] for row in found]


def test_a_damaged_file_is_told_with_its_rows_and_where_it_lies(made: Made) -> None:
    """For as long as it lies there."""
    made.path.with_name("c.db.corrupt-1").write_bytes(b"x" * 2000)
    note(made, "damaged", "c.db.corrupt-1", 1234)
    (told,) = sentences(made)
    assert told.startswith("the database was damaged ")
    assert told.endswith(
        ": 1,234 rows of it are saved, none is known to be lost; it lies in c.db.corrupt-1 (2.00 KB): delete"
        " it when you no longer need it"
    )


def test_while_rows_are_saved_the_file_is_to_be_left_there(made: Made) -> None:
    """There are more to come, and nobody knows yet what is lost."""
    made.path.with_name("c.db.corrupt-1").write_bytes(b"x" * 2000)
    note(made, "damaged", "c.db.corrupt-1", 5, is_over=False)
    (told,) = sentences(made)
    assert told.endswith(
        ": 5 rows of it are saved so far; it lies in c.db.corrupt-1 (2.00 KB): saving goes on, so leave it"
        " there"
    )


@pytest.mark.parametrize(("log", "shown"), [(b"", "0 B"), (b"x" * 2000, "2.00 KB")])
def test_an_empty_file_that_was_set_aside_lies_there(made: Made, log: bytes, shown: str) -> None:
    """It was cut to nothing; what there is to save may be in the log that went with it."""
    made.path.with_name("c.db.corrupt-1").touch()
    made.path.with_name("c.db.corrupt-1-wal").write_bytes(log)
    note(made, "damaged", "c.db.corrupt-1", 0)
    (told,) = sentences(made)
    assert f"it lies in c.db.corrupt-1 ({shown}): delete it" in told


def test_a_file_that_is_gone_is_not_to_be_decided_about(made: Made) -> None:
    """Whether or not all of it was saved."""
    note(made, "damaged", "c.db.corrupt-1", 1, is_over=False)
    assert sentences(made)[0].endswith("1 row of it is saved so far; c.db.corrupt-1 is gone")


@pytest.mark.parametrize(
    ("left", "words"),
    [
        ('{"gaps": {"stretches": 1, "rows": 0}}', "gaps lost a stretch"),
        ('{"gaps": {"stretches": 2, "rows": 1}}', "gaps lost 2 stretches and 1 row did not fit"),
        ('{"gaps": {"stretches": 0, "rows": 3}}', "3 rows did not fit into gaps"),
        (
            json.dumps({name: {"stretches": 1, "rows": 0} for name in "abcde"}),
            "a lost a stretch, b lost a stretch, c lost a stretch, and 2 more tables lost something",
        ),
        ("{}", "what is lost cannot be told"),
    ],
)
def test_what_is_lost_is_told_by_table(made: Made, left: str, words: str) -> None:
    """In words, and as an object for scripts."""
    note(made, "damaged", "gone", 2, left=left)
    with made.reader() as reader:
        (row,) = recoveries(reader, made.path, made.now_ms)
    assert row["sentence"].endswith(f": 2 rows of it are saved, {words}; gone is gone")
    assert row["left"] == json.loads(left)


@pytest.mark.parametrize(
    ("reason", "words"),
    [("deleted", "why ("), ("replaced", "another file was put in the database's place ")],
)
def test_the_other_reasons_have_words_of_their_own(made: Made, reason: str, words: str) -> None:
    """Nothing was damaged."""
    note(made, reason, aside="" if reason == "deleted" else "gone")
    assert sentences(made)[0].startswith(words)


def test_the_newest_are_told_and_none_where_nothing_happened(made: Made) -> None:
    """The last one last."""
    assert sentences(made) == []
    for number in range(NEWEST + 2):
        note(made, "damaged", "gone", number)
    with made.reader() as reader:
        found = recoveries(reader, made.path, made.now_ms)
    assert [row["rows_saved"] for row in found] == [2, 3, 4]
