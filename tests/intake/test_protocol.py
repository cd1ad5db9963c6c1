"""One line: a question, or records with what is wrong with them; whatever it holds, it is read."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.intake.check import Refused, checked
from collector.intake.protocol import MOST_RECORDS, Delivery, Question, parse, told
from collector.intake.statements import Statements
from collector.records.base import Arrival
from collector.store.buffer import Outcome
from tests.intake.made import COMPLETE, MOMENT, complete, text_of


def arrival() -> Arrival:
    """A moment, and statements that nobody saw."""
    return Arrival(MOMENT, Statements())


def delivered(line: bytes) -> Delivery:
    """What a line brings."""
    said = parse(line, arrival())
    assert isinstance(said, Delivery)
    return said


@settings(max_examples=80, deadline=None)
@given(line=st.binary() | st.text(alphabet='[]{}",:\\ 0eE+-.nultrfasNI').map(str.encode))
def test_reading_never_raises_whatever_the_bytes(line: bytes) -> None:
    """And what it says can be told."""
    said = parse(line, arrival())
    assert isinstance(said, Question) or msgspec.json.encode(told(Outcome(), said))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([*COMPLETE]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text() | st.sampled_from(["kind", "ask", "id", "sql", "timestamp"]), inner, max_size=5
        )
    ),
)


@settings(max_examples=80, deadline=None)
@given(document=JSON, kind=st.sampled_from([*COMPLETE]), data=st.data())
def test_reading_never_raises_whatever_the_json(document: Any, kind: str, data: st.DataObject) -> None:
    """Alone, and as any column of any kind; also where it never was a text."""
    column = data.draw(st.sampled_from([*COMPLETE[kind], "sql", "dialect", "query", "id", "run_id"]))
    parse(json.dumps(document).encode(), arrival())
    item = complete(kind, **{column: document})
    said = delivered(json.dumps([item]).encode())
    assert len(said.records) + len(said.rejected) == 1
    if said.records:
        assert checked(item, arrival()) is not None
    else:
        with pytest.raises(Refused) as refused:
            checked(item, arrival())
        assert refused.value.faults


@pytest.mark.parametrize("levels", [10, 100, 300, 480, 500, 700, 990, 2_000, 100_000])
@pytest.mark.parametrize(("begin", "end"), [(b'{"a":', b"}"), (b"[", b"]"), (b'[{"a":', b"}]")])
def test_no_depth_is_too_much_to_be_refused(levels: int, begin: bytes, end: bytes) -> None:
    """There are depths that one reader takes and the next does not."""
    value = begin * levels + b"1" + end * levels
    bad = text_of(complete("operation"))[:-1].replace(b'"metadata"', b'"x"') + b',"metadata":' + value + b"}"
    said = delivered(b"[" + text_of(complete("skill")) + b"," + bad + b"]")
    assert (said.positions, [r.position for r in said.rejected]) == ((0,), [1])


@settings(max_examples=50, deadline=None)
@given(kinds=st.lists(st.sampled_from([*COMPLETE]), min_size=1, max_size=6))
def test_the_closer_look_makes_the_same_records(kinds: list[str]) -> None:
    """A blank before a colon is enough to bring it about."""
    items = [complete(kind) for kind in kinds]
    plain = delivered(json.dumps(items).encode())
    closer = delivered(json.dumps(items, separators=(", ", " : ")).encode())
    assert plain.records == closer.records == tuple(checked(item, arrival()) for item in items)
    assert plain.rejected == closer.rejected == []


def test_a_thousand_records_are_a_line_and_one_more_is_none() -> None:
    """It is refused as one, like a line that is too long."""
    record = text_of(complete("skill"))
    assert len(delivered(b"[" + b",".join([record] * MOST_RECORDS) + b"]").records) == MOST_RECORDS
    for more in (b"," + record, b",oops"):
        said = delivered(b"[" + b",".join([record] * MOST_RECORDS) + more + b"]")
        (rejection,) = said.rejected
        assert (said.records, rejection.reason) == ((), "1,001 records on one line; at most 1,000")


@pytest.mark.parametrize("line", [b"[" + b"1," * 500_000 + b"1]", b"[1" + b"," * 1_000_000 + b"]"])
def test_a_megabyte_of_commas_has_a_short_answer(line: bytes) -> None:
    """What a client gets back is bounded by what it may have meant."""
    assert len(msgspec.json.encode(told(Outcome(), delivered(line)))) < 200


@pytest.mark.parametrize("about", ["status", "quiet", "no such thing"])
def test_a_question_is_a_question_whatever_else_it_holds(about: str) -> None:
    """Its words go to whoever answers it."""
    said = parse(json.dumps({"ask": about, "more": [1]}).encode(), arrival())
    assert said == Question(about, {"ask": about, "more": [1]})


@pytest.mark.parametrize("line", [b'{"ask": 7}', b'[{"ask": "status"}]', b'{"ask": null}'])
def test_what_only_looks_like_a_question_is_a_record_without_a_kind(line: bytes) -> None:
    """And is told so."""
    assert delivered(line).rejected[0].faults[0][0] == "kind"


def test_an_empty_list_brings_nothing_and_is_fine() -> None:
    """A client that flushed nothing."""
    said = delivered(b"[]")
    assert told(Outcome(), said) == {"result": "committed", "committed": 0, "duplicate": 0, "rejected": []}


def test_positions_are_those_of_the_line_as_it_was_sent() -> None:
    """Also of what the writer refuses later."""
    said = delivered(b"[7," + text_of(complete("skill")) + b",8," + text_of(complete("skill")) + b"]")
    answer = told(Outcome(committed=1, rejected=((1, "no room"),)), said)
    assert [(r["position"], r["reason"]) for r in answer["rejected"]] == [
        (0, "a record is a JSON object"),
        (2, "a record is a JSON object"),
        (3, "no room"),
    ]
    assert "faults" not in answer["rejected"][2]


@pytest.mark.parametrize(
    ("outcome", "result"),
    [
        (Outcome(committed=1, duplicate=1, rejected=((2, "x"),)), "committed"),
        (Outcome(duplicate=1, rejected=((1, "x"),)), "duplicate"),
        (Outcome(rejected=((0, "x"),)), "rejected"),
        (Outcome(), "committed"),
    ],
)
def test_the_result_is_the_best_of_what_became_of_the_line(outcome: Outcome, result: str) -> None:
    """So that a line of one record can be read by its result alone."""
    assert told(outcome)["result"] == result
