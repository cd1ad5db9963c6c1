"""JSON lines: what comes of each, and which of them are the same."""

from __future__ import annotations

import io
import tracemalloc

import pytest

from collector.importers.base import Options, Source
from collector.importers.jsonl import read
from collector.importers.lines import chunks, decoded
from collector.intake.check import Refused
from collector.intake.loose import Twice
from collector.intake.protocol import LONGEST_LINE
from tests.importers.conftest import faults, items, records


def test_a_kind_of_its_own_comes_first() -> None:
    """--kind is for lines without one."""
    found = records("jsonl", '{"kind": "skill"}\n\n{"a": 1}\n', kind="run")
    assert [record["kind"] for record in found] == ["skill", "run"]


def test_a_line_is_known_by_its_content_and_by_how_often_it_came() -> None:
    """Equal lines of one file are several records; those of a second file are the same ones."""
    first = [record["id"] for record in records("jsonl", '{"a": 1}\n{"a": 1}\n{"a": 2}\n')]
    assert len(set(first)) == 3
    second = [record["id"] for record in records("jsonl", '{"a": 2}\r\n{"a": 1}\n')]
    assert second == [first[2], first[0]]


def test_an_id_of_its_own_is_kept() -> None:
    """It may come from another source."""
    assert records("jsonl", '{"id": "mine"}')[0]["id"] == "mine"


def test_a_list_on_a_line_is_several_records() -> None:
    """As the socket takes them."""
    found = items("jsonl", '[{"a": 1}, 5, {"a": 1}]')
    assert [item.where for item in found] == ["line 1, record 1", "line 1, record 2", "line 1, record 3"]
    assert found[0].record["id"] != found[2].record["id"]


def test_faults_cost_only_their_line() -> None:
    """Blank lines count, and are no fault."""
    text = b'{"a": 1}\n\nnonsense\n3\n{"a": NaN}\n{\n\xff\n{"a": 2}'
    assert [(where, reason[:8]) for where, reason in faults("jsonl", text)] == [
        ("line 3", "not JSON"), ("line 4", "a record"), ("line 6", "a record"), ("line 7", "not JSON"),
    ]  # fmt: skip


def test_a_line_without_an_end_is_not_kept_in_memory() -> None:
    """It is one fault, and its neighbours are read."""
    text = b'{"a": 1}\n' + b"x" * (5 * LONGEST_LINE) + b'\n{"a": 2}\n' + b"y" * (2 * LONGEST_LINE)
    assert faults("jsonl", text) == [(f"line {n}", "is longer than 1,048,576 bytes") for n in (2, 4)]


@pytest.mark.parametrize(
    "text", ['{"a": 1, "a": 2}', '{"a" :1, "a":2}', '{"a": {"b": 1, "b": 2}}', '{"a": ":", "a": 2}']
)
def test_a_key_that_stands_twice_is_seen(text: str) -> None:
    """However it is written."""
    value = decoded(text.encode())
    assert any(isinstance(part, Twice) for part in (value, *value.values()))


def test_a_document_over_several_lines_is_explained() -> None:
    """It is what people try first."""
    with pytest.raises(Refused, match="a record must stand on one line"):
        decoded(b"{")


def test_memory_does_not_grow_with_the_file() -> None:
    """Neither with equal lines nor with different ones."""

    def peak(count: int) -> int:
        text = io.BytesIO(b"".join(b'{"a": %d, "b": "%s"}\n' % (n, b"x" * 300) for n in range(count)))
        tracemalloc.start()
        for _ in read(Source("FILE", text, 0), Options()):
            pass
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(12_000) < 1.5 * peak(4_000)


def test_what_trickles_in_is_passed_on_at_once() -> None:
    """A line that is there does not wait for the next."""
    import os

    reading, writing = os.pipe()
    with open(reading, "rb") as stream, open(writing, "wb", buffering=0) as writer:
        found = chunks(stream)
        writer.write(b'{"a": 1}\n{"a"')
        assert [line.text for line in next(found)] == [b'{"a": 1}']
        writer.write(b": 2}\n")
        assert [line.number for line in next(found)] == [2]
