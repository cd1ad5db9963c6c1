"""Good and bad together, at random: what is committed, duplicate and rejected is what is told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from collector.intake.protocol import LONGEST_LINE
from tests.intake.made import COMPLETE, complete, text_of
from tests.intake.served import Served, Watch
from tests.intake.wrong import COLUMNS, WAYS

pytestmark = pytest.mark.long

WAY = st.sampled_from([None, *WAYS])
ELEMENTS = st.lists(st.tuples(st.sampled_from([*COLUMNS]), WAY), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(elements=ELEMENTS)
def test_of_any_mixture_the_good_ones_are_stored(
    shared: Served, elements: list[tuple[str, str | None]]
) -> None:
    """The positions of the bad ones are told, and no others."""
    texts = [text_of(complete(k)) if way is None else WAYS[way](complete(k))[0] for k, way in elements]
    line = b"[" + b" , ".join(texts) + b"]"
    assume(len(line) <= LONGEST_LINE)  # a few of the deep ones make more than that
    watch = Watch(shared)
    (answer,) = shared.exchange(line)
    bad = [position for position, (_, way) in enumerate(elements) if way is not None]
    assert [rejection["position"] for rejection in answer["rejected"]] == bad
    assert answer["committed"] == len(elements) - len(bad)
    watch.agrees_with([answer])


BROKEN = st.sampled_from([b"", b"oops", b"{]", b"'x'", b"{'a':1}", b'{"kind":}', b"nul", b"-"])


@settings(max_examples=40, deadline=None)
@given(pieces=st.lists(st.none() | BROKEN, min_size=2, max_size=6))
def test_an_array_with_elements_that_are_no_json_keeps_the_others(
    shared: Served, pieces: list[bytes | None]
) -> None:
    """As long as it is clear where each begins and ends."""
    texts = [text_of(complete("skill")) if piece is None else piece for piece in pieces]
    (answer,) = shared.exchange(b"[" + b",".join(texts) + b"]")
    assert answer["committed"] == pieces.count(None)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_of_an_array_that_breaks_off_nothing_is_stored(shared: Served, data: st.DataObject) -> None:
    """A batch is whole or it is sent again: nobody can tell what stood behind."""
    kinds = data.draw(st.lists(st.sampled_from([*COLUMNS]), min_size=1, max_size=4))
    line = b"[" + b",".join(text_of(complete(kind)) for kind in kinds) + b"]"
    cut = data.draw(st.integers(1, len(line) - 1))
    watch = Watch(shared)
    answers = shared.exchange(line[:cut])
    assert [answer["result"] for answer in answers] == ["rejected"]
    watch.agrees_with(answers)


@settings(max_examples=80, deadline=None)
@given(sent=st.binary(max_size=300) | st.text(alphabet='[]{}",:\\\n 0enul', max_size=300).map(str.encode))
def test_any_bytes_are_answered_and_counted(shared: Served, sent: bytes) -> None:
    """A line that is not blank gets one answer, which agrees with the counters."""
    watch = Watch(shared)
    answers = shared.exchange(sent)
    assert len(answers) == sum(bool(line.strip()) for line in sent.split(b"\n"))
    watch.agrees_with(answers)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from([*COLUMNS]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=5) | st.sampled_from(["kind", "id", "metadata", "sql"]), inner)
    ),
    max_leaves=12,
)


@settings(max_examples=80, deadline=None)
@given(document=JSON, kind=st.sampled_from([*COLUMNS]), data=st.data())
def test_any_json_is_answered_and_counted(
    shared: Served, document: Any, kind: str, data: st.DataObject
) -> None:
    """Alone, or as the value of some column."""
    column = data.draw(st.sampled_from([*COMPLETE[kind]]))
    watch = Watch(shared)
    lines = [json.dumps(document), json.dumps([complete(kind, **{column: document}), complete(kind)])]
    answers = shared.exchange("\n".join(lines).encode())
    assert answers[1]["committed"] >= 1
    watch.agrees_with(answers)


def mutated(text: bytes, data: st.DataObject, inserted: st.SearchStrategy[int]) -> bytes:
    """``text`` with some bytes deleted, inserted or changed."""
    changed = bytearray(text)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(changed) - 1))
        how = data.draw(st.sampled_from(["delete", "insert", "flip"]))
        if how == "insert":
            changed.insert(at, data.draw(inserted))
        elif how == "flip":
            changed[at] ^= 1 << data.draw(st.integers(0, 7))
        else:
            del changed[at]
    return bytes(changed)


@settings(max_examples=80, deadline=None)
@given(data=st.data(), kind=st.sampled_from([*COLUMNS]))
def test_a_mutated_line_is_answered_and_counted(shared: Served, data: st.DataObject, kind: str) -> None:
    """What is committed of it is in the tables; the line after it is taken."""
    line = b"[" + text_of(complete(kind)) + b"," + text_of(complete("skill")) + b"]"
    watch = Watch(shared)
    answers = shared.exchange(mutated(line, data, st.integers(0, 255)) + b"\n" + text_of(complete("run")))
    assert answers[-1]["result"] == "committed"
    watch.agrees_with(answers)


STRUCTURE = b'"\\[]{},\n'


@settings(max_examples=80, deadline=None)
@given(data=st.data(), kind=st.sampled_from([*COLUMNS]))
def test_a_mutation_that_leaves_the_structure_alone_costs_no_neighbour(
    shared: Served, data: st.DataObject, kind: str
) -> None:
    """Quotes, brackets and commas say where a record ends; everything else is its own affair."""
    text = text_of(complete(kind))
    bad = mutated(text, data, st.integers(0, 255))
    assume([c for c in bad if c in STRUCTURE] == [c for c in text if c in STRUCTURE])
    (answer,) = shared.exchange(
        b",".join([b"[" + text_of(complete("skill")), bad, text_of(complete("pool")) + b"]"])
    )
    assert [r["position"] for r in answer["rejected"]] in ([], [1])
    assert answer["committed"] + answer["duplicate"] + len(answer["rejected"]) == 3
