"""Plans that are documents: JSON and YAML, as auto_explain and EXPLAIN (FORMAT …) write them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from collector.fingerprint import redacted
from collector.plans.words import full_scan

UNREADABLE = "a plan that could not be read"

# The statement itself stands beside its plan in `queries`; settings may hold anything.
_LEFT_OUT = ("Query Text", "Query Parameters", "Settings")
_YAML = re.compile(r"^(?:- )?Plan:\s*$", re.MULTILINE)
_YAML_LINE = re.compile(
    r"(?P<key>\s*(?:- )*(?:[A-Z][\w/ -]*:)?) ?"
    r'(?:(?P<figure>-?[\d.]+|true|false)|(?P<text>"(?:[^"\\]|\\.)*"))?'
)


def is_document(text: str) -> bool:
    """Whether a plan is JSON or YAML."""
    return text.lstrip()[:1] in ("{", "[") or _YAML.search(text) is not None


def redacted_document(text: str, dialect: str) -> str:
    """The document with ``?`` for every literal in its texts."""
    if text.lstrip()[:1] not in ("{", "["):
        return "\n".join(_yaml_lines(text))
    try:
        found = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return UNREADABLE
    return json.dumps(_walked(found, dialect), indent=2, ensure_ascii=False)


def remarks(text: str) -> Iterator[str]:
    """Full scans and sorts of a plan of PostgreSQL in JSON."""
    try:
        found = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return
    for node in _nodes(found):
        kind = node.get("Node Type")
        if kind == "Seq Scan" and "Relation Name" in node:
            yield full_scan(str(node["Relation Name"]), str(node.get("Alias", "")))
        elif kind == "Sort":
            key = ", ".join(redacted(str(part), "postgresql") for part in node.get("Sort Key", []))
            where = " on disk" if node.get("Sort Space Type") == "Disk" else ""
            yield f"sort{where} by {key}" if key else f"sort{where}"


def _walked(value: Any, dialect: str) -> Any:
    if isinstance(value, dict):
        return {key: _walked(part, dialect) for key, part in value.items() if key not in _LEFT_OUT}
    if isinstance(value, list):
        return [_walked(part, dialect) for part in value]
    if isinstance(value, str):
        return redacted(value, "mysql" if dialect == "mysql" else "postgresql")
    return value


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    parts = value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()
    if isinstance(value, dict) and "Node Type" in value:
        yield value
    for part in parts:
        yield from _nodes(part)


def _yaml_lines(text: str) -> Iterator[str]:
    """Each line that is a key with a figure or a quoted text; no other line is one of a plan."""
    for line in text.splitlines():
        found = _YAML_LINE.fullmatch(line.rstrip())
        if found is None or found["key"].strip("- :") in _LEFT_OUT:
            continue
        if found["text"] is None:
            yield line.rstrip()
        else:
            said = redacted(_unquoted(found["text"]), "postgresql")
            yield f"{found['key'].rstrip()} {json.dumps(said, ensure_ascii=False)}"


def _unquoted(text: str) -> str:
    try:
        return str(json.loads(text, strict=False))
    except ValueError:
        return "?"
