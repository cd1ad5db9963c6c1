"""What README promises: one sentence each, and each names a test that there is."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.faults.row import load_rows

ROOT = Path(__file__).parents[2]
_ITEM = re.compile(r"^(\d+)\. (.*?)(?=^\d+\. |\n\n|\Z)", re.MULTILINE | re.DOTALL)
_TEST = re.compile(r"\[`(test_\w+)`\]\((tests/[\w/]+\.py)\)")
_FAULT = re.compile(r"\[fault `([\w-]+)`\]\((tests/faults/rows/[\w/]+\.py)\)")


class Promise(NamedTuple):
    """One of the list: what it says, and the tests and faults that it names with their files."""

    number: int
    words: str
    tests: tuple[tuple[str, str], ...]
    faults: tuple[tuple[str, str], ...]


def promises() -> list[Promise]:
    """All of README's."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.split("\n## What it promises\n")[1].split("\n## ")[0]
    found = []
    for number, item in _ITEM.findall(section):
        flat = " ".join(item.split())
        tests, faults = _TEST.findall(flat), _FAULT.findall(flat)
        words = _FAULT.sub("", _TEST.sub("", flat)).rstrip(" ·,()→")
        found.append(Promise(int(number), words, tuple(tests), tuple(faults)))
    return found


PROMISES = promises()


@cache
def functions(path: str) -> frozenset[str]:
    """The names of all functions of a file."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_there_are_promises_numbered_from_one() -> None:
    """A list that could not be read would promise nothing."""
    assert [promise.number for promise in PROMISES] == [*range(1, len(PROMISES) + 1)]
    assert len(PROMISES) >= 10


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: str(promise.number))
def test_a_promise_is_one_sentence_and_names_its_test(promise: Promise) -> None:
    """A test that there is, in the file that is linked."""
    assert promise.words.count(". ") == 0, "more than one sentence"
    assert promise.words.endswith(".")
    assert promise.tests, "no test is named"
    assert [name for name, path in promise.tests if name not in functions(path)] == []


@pytest.mark.parametrize(
    "promise", [p for p in PROMISES if p.faults], ids=lambda promise: str(promise.number)
)
def test_the_faults_that_a_promise_names_are_rows_of_the_table(promise: Promise) -> None:
    """Announced by a file that is there."""
    rows = load_rows()
    assert [name for name, path in promise.faults if name not in rows or not (ROOT / path).is_file()] == []
