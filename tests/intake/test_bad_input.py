"""What is wrong with a record costs that record alone, whatever it is."""

from __future__ import annotations

from typing import Any

import pytest

from collector.records.base import pushed_kinds
from tests.intake.made import COMPLETE, complete, text_of, with_raw
from tests.intake.served import Served, Watch
from tests.intake.wrong import COLUMNS, WAYS


def told(rejection: dict[str, Any], path: str, reason: str) -> bool:
    """Whether it says where and what."""
    faults = rejection["faults"]
    return path in rejection["reason"] and any(f["path"] == path and reason in f["fault"] for f in faults)


def test_the_examples_give_every_column_of_every_kind() -> None:
    """So that a new column is tried here too."""
    for name, kind in pushed_kinds().items():
        columns = {column.column_name for column in kind.given} - {"record_id", "run_id"}
        inside = {part.field for part in kind.parts} - {"query", "plan"}
        assert COMPLETE[name].keys() == columns | inside, name
        for part in kind.parts if name == "benchmark" else ():
            assert COMPLETE[name][part.field].keys() == {column.column_name for column in part.given}


@pytest.mark.parametrize("kind", COLUMNS)
@pytest.mark.parametrize("way", WAYS)
def test_a_bad_record_is_rejected_alone_and_told_why(shared: Served, kind: str, way: str) -> None:
    """Its neighbours in the array and on the next line are committed, and the counters add up."""
    bad, path, reason = WAYS[way](complete(kind))
    watch = Watch(shared)
    array = b",".join([text_of(complete(kind)), bad, text_of(complete(kind))])
    first, second = answers = shared.exchange(b"[" + array + b"]\n" + text_of(complete(kind)) + b"\n")
    assert (first["committed"], second["committed"]) == (2, 1)
    (rejection,) = first["rejected"]
    assert rejection["position"] == 1
    assert told(rejection, path, reason), rejection
    watch.agrees_with(answers)


@pytest.mark.parametrize("kind", COLUMNS)
def test_a_text_of_ten_megabytes_costs_its_line(shared: Served, kind: str) -> None:
    """It is over the length of a line; the lines before and after it are taken."""
    long = with_raw(complete(kind), COLUMNS[kind][3], b'"' + b"x" * 10_000_000 + b'"')
    watch = Watch(shared)
    lines = [text_of(complete(kind)), long, text_of(complete(kind))]
    answers = shared.exchange(b"\n".join(lines))
    assert [answer["result"] for answer in answers] == ["committed", "rejected", "committed"]
    watch.agrees_with(answers)


@pytest.mark.parametrize(
    "raw", [b'{"a":' * 40 + b"1" + b"}" * 40, b'"' + b"x" * 70_000 + b'"', b'[{"a":NaN}]']
)
def test_a_document_that_cannot_be_kept_is_told_by_its_path(shared: Served, raw: bytes) -> None:
    """Too deep, too long, or with what is no number in it."""
    bad = with_raw(complete("operation"), "metadata", raw)
    (answer,) = shared.exchange(b"[" + bad + b"," + text_of(complete("operation")) + b"]")
    assert answer["committed"] == 1
    assert answer["rejected"][0]["faults"][0]["path"].startswith("metadata")


def test_a_benchmark_with_a_broken_family_is_stored_not_at_all(served: Served) -> None:
    """Neither the run nor the families that were good."""
    bad = complete("benchmark", workflow={"stories_created": -1})
    (rejection,) = served.ask(bad)["rejected"]
    paths = {fault["path"] for fault in rejection["faults"]}
    assert {"workflow.stories_created", "workflow.stories_completed", "workflow.rework_count"} <= paths
    for kind in ("benchmark", "benchmark_performance", "benchmark_workflow"):
        assert served.stored(kind) == 0
