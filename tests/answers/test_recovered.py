"""What is told of a file that was damaged, deleted or replaced."""

from __future__ import annotations

import pytest

from collector.answers.recovered import NEWEST, recoveries
from tests.answers.made import MINUTE, Made

RECOVERY = (
    "INSERT INTO recoveries (timestamp, reason, detail, aside, aside_bytes, rows_saved, finished_ms)"
    " VALUES (?, ?, ?, ?, 0, ?, ?)"
)


def note(made: Made, reason: str, aside: str = "", saved: int = 0, *, is_over: bool = True) -> None:
    """One of a minute ago."""
    moment = made.now_ms - MINUTE
    made.conn.execute(RECOVERY, (moment, reason, "why", aside, saved, moment if is_over else None))
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
        ": 1,234 rows of it are saved, and it lies in c.db.corrupt-1 (2.00 KB): delete it when you no longer"
        " need it"
    )


def test_while_rows_are_saved_it_says_so_far(made: Made) -> None:
    """There are more to come."""
    note(made, "damaged", "c.db.corrupt-1", 5, is_over=False)
    assert sentences(made)[0].endswith("5 rows of it are saved so far, and c.db.corrupt-1 is gone")


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
