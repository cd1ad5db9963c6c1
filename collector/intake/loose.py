"""A line that is no good JSON, taken apart: what is wrong with one record must not cost its neighbours.

Slow, and needed rarely. Pure.
"""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import Any, NoReturn

from collector.intake.check import Refused, Twice

# Runs of brackets are one token, so that a hundred thousand of them cost no more than one.
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]+|[\]}]+|,', re.DOTALL)


def loads(text: str) -> Any:
    """One JSON document, with objects marked in which a key stands twice. Raises Refused."""
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
    except RecursionError:
        raise Refused([("", "not JSON that can be read: it is nested too deep")]) from None
    except ValueError as error:
        raise Refused([("", f"not JSON: {error}")]) from None


def apart(text: str) -> list[str]:
    """The elements of the list that ``text`` is, as they stand there.

    The whole text where it is no list, or one that does not end: a batch that broke off is not stored
    in part.
    """
    whole = text.strip()
    commas = _commas(whole) if whole.startswith("[") and whole.endswith("]") else None
    if commas is None:
        return [whole]
    bounds = [0, *commas, len(whole) - 1]
    elements = [whole[start + 1 : end].strip() for start, end in pairwise(bounds)]
    return elements if any(elements) else [whole]


def _commas(whole: str) -> list[int] | None:
    """Where the outermost list has its commas; None when it does not end at the end."""
    commas, depth = [], 0
    for token in _TOKENS.finditer(whole):
        first = token[0][0]
        if first in "[{":
            depth += len(token[0])
        elif first in "]}":
            depth -= len(token[0])
            if depth < 0 or (depth == 0 and token.end() < len(whole)):
                return None
        elif first == "," and depth == 1:
            commas.append(token.start())
    return commas if depth == 0 else None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    names = [name for name, _ in pairs]
    twice = Twice(made)
    twice.key = next(name for name in names if names.count(name) > 1)
    return twice


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")
