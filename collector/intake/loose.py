"""A line that is no good JSON, taken apart: what is wrong with one record must not cost its neighbours.

Slow, and needed rarely. Pure.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import pairwise
from typing import Any

from collector.intake.check import Refused, Twice

# Runs of brackets are one token, so that a hundred thousand of them cost no more than one. A text that
# does not end goes to the end: nothing is ever read twice, however many quotes there are.
_TOKENS = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[{]+|[\]}]+|,', re.DOTALL)


def loads(text: str) -> Any:
    """One JSON document, with objects marked in which a key stands twice. Raises Refused.

    NaN and Infinity, which are no JSON, are read too: the check then says where they stand.
    """
    try:
        return json.loads(text, object_pairs_hook=_object)
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
    twice, counts = Twice(made), Counter(name for name, _ in pairs)
    twice.key = next(name for name, count in counts.items() if count > 1)
    return twice
