"""A line that is no good JSON is taken apart, so that each record stands for itself."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.intake.check import Refused, Twice
from collector.intake.loose import apart, finished, loads

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)
MEGABYTE = 1 << 20


@settings(deadline=None)
@given(elements=st.lists(JSON, min_size=1), indent=st.sampled_from([None, 0, 2]))
def test_the_elements_of_a_good_list_are_found_again(elements: list[Any], indent: int | None) -> None:
    """Whatever brackets, quotes and commas stand in their texts."""
    assert [loads(piece) for piece in finished(apart(json.dumps(elements, indent=indent)))] == elements


@settings(deadline=None)
@given(document=JSON)
def test_what_is_no_list_is_one_piece(document: Any) -> None:
    """A record on its own is a line too."""
    if not isinstance(document, list):
        assert finished(apart(f" {json.dumps(document)} ")) == [json.dumps(document)]


@settings(deadline=None)
@given(text=st.text() | st.text(alphabet='[]{}",\\ 1'))
def test_nothing_is_lost_when_a_text_is_taken_apart(text: str) -> None:
    """It is one piece, or the pieces with commas between them are the list."""
    pieces = finished(apart(text))
    whole = text.strip()
    without = str.maketrans("", "", " \t\r\n\f\v\x1c\x1d\x1e\x1f\x85\xa0")
    assert pieces == [whole] or f"[{','.join(pieces)}]".translate(without) == whole.translate(without)


@pytest.mark.parametrize(
    "line", ["[", "[1", "[1,2", '["a]', "[1]]", "[1]x]", "[{]", "[[1]", "[]", "[,]", '["\\"]']
)
def test_a_list_that_does_not_end_at_its_end_is_one_piece(line: str) -> None:
    """It broke off, or holds nothing: there is nothing to be stored in part."""
    assert finished(apart(line)) == [line]


@pytest.mark.parametrize(
    ("line", "pieces"),
    [
        ("[1,,2]", ["1", "", "2"]),
        ("[1,]", ["1", ""]),
        ('[{"a":1], 2]', ['{"a":1]', "2"]),
        ('[oops, "a,b]", {"x": [1, 2]}]', ["oops", '"a,b]"', '{"x": [1, 2]}']),
    ],
)
def test_a_broken_element_stands_alone(line: str, pieces: list[str]) -> None:
    """As long as quotes and brackets say where the others are."""
    assert finished(apart(line)) == pieces


@pytest.mark.parametrize("unit", ['\\"', '"', "\\", '"\\', "[", "{", '["', ",", '",', "]", "[]"])
def test_a_line_made_to_take_long_is_read_once(unit: str) -> None:
    """Quotes without an end once made each quote read the rest of the line: 50 minutes for a megabyte."""
    line = '["' + unit * (MEGABYTE // len(unit)) + "]"
    pieces = finished(apart(line))
    assert len(pieces) <= MEGABYTE
    assert pieces == [line] or len(pieces) > 1 or pieces[0] in line


@pytest.mark.parametrize(
    "text", ["", "oops", "{", '{"a":}', "[1,]", "1 2", '"\t"', "9" * 5_000, "[" * 100_000]
)
def test_what_is_no_json_is_refused_with_a_reason(text: str) -> None:
    """Whatever the reader makes of it."""
    with pytest.raises(Refused, match="not JSON"):
        loads(text)


def test_a_key_that_stands_twice_is_remembered() -> None:
    """Readers of JSON keep the last and say nothing."""
    found = loads('{"a": {"b": 1, "c": 2, "b": 3, "c": 4}, "d": 5}')
    assert not isinstance(found, Twice)
    assert isinstance(found["a"], Twice)
    assert (found["a"].key, found["a"]["b"]) == ("b", 3)


def test_an_object_of_a_hundred_thousand_keys_is_looked_through_once() -> None:
    """The key that stands twice is the last."""
    keys = ",".join(f'"{n}":0' for n in range(100_000))
    assert loads(f'{{{keys},"99999":1}}').key == "99999"


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_not_finite_are_read_so_that_the_check_can_say_where(text: str) -> None:
    """JSON has none, and many programs write them."""
    assert not math.isfinite(loads(f'{{"a": {text}}}')["a"])
