"""A line that is no good JSON, taken apart: what is wrong with one record must not cost its neighbours.

Slow, and needed rarely. Pure.
"""

from __future__ import annotations

import gc
import json
import re
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, TypeVar

from collector.intake.check import Refused, Twice

# Nobody means so many elements: those after them are not looked for. A line of a thousand and a few is told
# how many it has.
MOST_PIECES = 10_000
PORTION = 1_024  # tokens that are looked at in a row

Made = TypeVar("Made")

# Runs of brackets are one token, so that a hundred thousand of them cost no more than one. A text that
# does not end goes to the end: nothing is ever read twice, however many quotes there are.
_TOKENS = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[{]+|[\]}]+|,', re.DOTALL)


def loads(text: str) -> Any:
    """One JSON document, with objects marked in which a key stands twice. Raises Refused.

    NaN and Infinity, which are no JSON, are read too: the check then says where they stand.
    """
    try:
        with uncollected():
            return json.loads(text, object_pairs_hook=_object)
    except RecursionError:
        raise Refused([("", "not JSON that can be read: it is nested too deep")]) from None
    except ValueError as error:
        raise Refused([("", f"not JSON: {error}")]) from None


@contextmanager
def uncollected() -> Iterator[None]:
    """Look for no garbage meanwhile: among 300,000 lists in the making that takes four times the reading."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def finished(portions: Generator[None, None, Made]) -> Made:
    """What comes of work that is done in portions, with nothing in between."""
    while True:
        try:
            next(portions)
        except StopIteration as end:
            made: Made = end.value
            return made


def apart(text: str) -> Generator[None, None, list[str]]:
    """The elements of the list that ``text`` is, as they stand there; in portions.

    The whole text where it is no list, or one that does not end: a batch that broke off is not stored
    in part. Of more than 10,000 elements the last one returned holds all the others.
    """
    whole = text.strip()
    commas = (yield from _commas(whole)) if whole.startswith("[") and whole.endswith("]") else None
    if commas is None:
        return [whole]
    bounds = [0, *commas, len(whole) - 1]
    elements = [whole[start + 1 : end].strip() for start, end in pairwise(bounds)]
    return elements if any(elements) else [whole]


def _commas(whole: str) -> Generator[None, None, list[int] | None]:
    """Where the outermost list has its commas; None when it does not end at the end."""
    commas, depth = [], 0
    for number, token in enumerate(_TOKENS.finditer(whole), 1):
        first = token[0][0]
        if first in "[{":
            depth += len(token[0])
        elif first in "]}":
            depth -= len(token[0])
            if depth < 0 or (depth == 0 and token.end() < len(whole)):
                return None
        elif first == "," and depth == 1:
            commas.append(token.start())
            if len(commas) == MOST_PIECES:
                return commas
        if number % PORTION == 0:
            yield
    return commas if depth == 0 else None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    twice, counts = Twice(made), Counter(name for name, _ in pairs)
    twice.key = next(name for name, count in counts.items() if count > 1)
    return twice
