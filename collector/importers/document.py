"""Files that are one JSON document, and what is looked for in them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from collector.errors import CollectorError
from collector.importers.base import NotThis, Source

MOST_BYTES = 512 << 20


def whole(source: Source) -> bytes:
    """All of a file. Raises CollectorError when it is empty, or too large to be held in memory."""
    data = source.stream.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise CollectorError(f"{source.name} has more than {MOST_BYTES >> 20} MiB", hint="split it")
    if not data.strip():
        raise CollectorError(f"{source.name} is empty")
    return data


def rows(source: Source, expected: str, key: str, hint: str) -> tuple[dict[str, Any], list[Any]]:
    """The JSON object that a file is, and the list that stands in it under ``key``; raises NotThis."""
    try:
        document = json.loads(whole(source))
    except (ValueError, RecursionError) as error:
        raise NotThis(source, expected, f"not JSON: {error}", hint=hint) from None
    if not isinstance(document, dict):
        raise NotThis(source, expected, f"it is not an object with `{key}`", hint=hint)
    if key not in document:
        raise NotThis(source, expected, f"it has no `{key}`", hint=hint)
    if not isinstance(document[key], list):
        raise NotThis(source, expected, f"its `{key}` is not a list", hint=hint)
    return document, document[key]


def digest(*parts: Any) -> str:
    """The same 32 hex digits for the same content, whatever the order of its keys."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
