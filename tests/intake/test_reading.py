"""A costly line is read in portions, so that others are served between them."""

from __future__ import annotations

import json

import pytest

from collector.intake.deliveries import MOST_RECORDS, MOST_TOLD, Delivery, Question
from collector.intake.loose import MOST_PIECES, finished
from collector.intake.reading import PORTION, reading
from collector.intake.statements import Statements
from collector.records.base import Arrival
from tests.intake.made import MOMENT, complete, text_of

BAD = {"kind": "skill", "skil_id": "x", "execution_mss": 1, "token_in": 2}


def portions(line: bytes) -> tuple[int, Question | Delivery]:
    """In how many portions a line is read, and what it says."""
    read, count = reading(line, Arrival(MOMENT, Statements())), 1
    while True:
        try:
            next(read)
        except StopIteration as end:
            return count, end.value
        count += 1


def array(*texts: bytes) -> bytes:
    """A line of these."""
    return b"[" + b",".join(texts) + b"]"


@pytest.mark.parametrize(
    ("line", "least"),
    [
        (array(*[text_of(complete("skill"))] * MOST_RECORDS), MOST_RECORDS // PORTION),
        (array(*[text_of(BAD)] * MOST_RECORDS), MOST_RECORDS),
        (array(*[text_of(complete("skill"))] * 999, b"oops"), MOST_RECORDS),
        (b"[" + b"[]" * 500_000 + b"x]", 500),
    ],
    ids=["good", "bad", "no JSON", "brackets"],
)
def test_a_line_is_read_in_portions(line: bytes, least: int) -> None:
    """Whatever makes it long."""
    count, _ = portions(line)
    assert count >= least


def test_a_record_alone_and_a_question_are_read_at_once() -> None:
    """As is nearly everything that comes."""
    assert portions(text_of(complete("run")))[0] == 1
    assert portions(b'{"ask": "status"}') == (1, Question("status", {"ask": "status"}))


def test_a_bad_record_is_looked_at_as_it_was_sent() -> None:
    """The quick way takes out what it makes columns of; its neighbours are read only once."""
    bad = complete("operation", sql="SELECT 1", dialect="generic", duration_ms="long")
    del bad["query_hash"]
    _, said = portions(array(text_of(complete("skill")), text_of(bad), text_of(complete("skill"))))
    assert isinstance(said, Delivery)
    assert said.positions == (0, 2)
    ((position, _, faults),) = said.rejected
    assert (position, [path for path, _ in faults]) == (1, ["duration_ms"])


def test_only_the_first_refused_records_are_told_everything() -> None:
    """To guess what was meant takes longest, and nobody reads a thousand guesses."""
    _, said = portions(array(*[text_of(BAD)] * MOST_RECORDS))
    assert isinstance(said, Delivery)
    assert len(said.rejected) == MOST_RECORDS
    assert "did you mean 'skill_id'" in said.rejected[MOST_TOLD - 1].reason
    assert said.rejected[MOST_TOLD].reason == "unknown column 'skil_id'"


def test_nobody_counts_commas_for_ever() -> None:
    """There are more than a thousand records, whatever comes after so many."""
    said = finished(reading(b"[1" + b"," * (MOST_PIECES + 5) + b"]", Arrival(MOMENT)))
    assert isinstance(said, Delivery)
    assert said.rejected[0].reason == "more than 10,000 records on one line; at most 1,000"


def test_a_document_of_very_many_values_is_too_long_without_a_look_at_all_of_them() -> None:
    """Each has two characters at least."""
    line = json.dumps(complete("operation", metadata=[[1] * 9] * 20_000)).encode()
    _, said = portions(line)
    assert isinstance(said, Delivery)
    assert said.rejected[0].reason == "metadata: is longer than 65,536 characters"
