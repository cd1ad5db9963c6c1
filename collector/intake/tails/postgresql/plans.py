"""What auto_explain writes: the text of a statement and its plan, in one of four formats.

The text of the statement and its parameters are cut away from the plan. Its format is told from how it
begins.
"""

from __future__ import annotations

import html
import re

import msgspec

_TEXT = "Query Text: "
_ROOT = re.compile(r"^\S[^\n]*  \(cost=[\d.]+ rows=\d+ width=\d+\)", re.MULTILINE)
_QUOTED = r'"((?:[^"\\]++|\\.)*+)"'
_JSON = re.compile(rf'\{{\n  "Query Text": {_QUOTED},\n(?:  "Query Parameters": {_QUOTED},\n)?')
_YAML = re.compile(rf"Query Text: {_QUOTED}\n(?:Query Parameters: {_QUOTED}\n)?(?=Plan: *\n)")
_XML = re.compile(
    r"(<explain[^>\n]*>\n)  <Query-Text>([^<]*+)</Query-Text>\n"
    r"(?:  <Query-Parameters>[^<]*+</Query-Parameters>\n)?"
)
_NAME = r"\s+(\"[^\"]+\"|\w+)"
_EXECUTE = re.compile(rf"\s*execute{_NAME}", re.IGNORECASE)
_PREPARE = re.compile(rf"\s*prepare{_NAME}", re.IGNORECASE)


def tells_of(body: str, sql: str) -> bool:
    """Whether the entry of auto_explain is about ``sql``.

    For SQL's own EXECUTE auto_explain writes the PREPARE that made the statement.
    """
    if body.startswith(_TEXT + sql) and body[len(_TEXT) + len(sql) :][:1] in {"\n", ""}:
        return True
    text = query_of(body)
    return text == sql or _prepares(text, sql)


def query_of(body: str) -> str:
    """The statement that it is about; where it ends in the text format is told from how plans begin."""
    if found := _JSON.match(body) or _YAML.match(body):
        return _unquoted(found[1])
    if found := _XML.match(body):
        return html.unescape(found[2])
    root = _ROOT.search(body)
    text = body[: root.start()] if root else body
    text = text.partition("\nQuery Parameters: ")[0]
    return text.removeprefix(_TEXT).removesuffix("\n")


def plan_of(body: str, sql: str | None) -> str:
    """The plan without the statement, which is ``sql``, and without its parameters."""
    if found := _JSON.match(body):
        return "{\n" + body[found.end() :]
    if found := _YAML.match(body):
        return body[found.end() :]
    if found := _XML.match(body):
        return found[1] + body[found.end() :]
    start = len(_TEXT) + len(sql) if sql and body.startswith(_TEXT + sql) else 0
    root = _ROOT.search(body, start)
    return body[root.start() :] if root else ""


def _unquoted(text: str) -> str:
    try:
        return msgspec.json.decode(f'"{text}"', type=str)
    except msgspec.DecodeError:
        return text


def _prepares(text: str, sql: str) -> bool:
    executed, prepared = _EXECUTE.match(sql), _PREPARE.match(text)
    return executed is not None and prepared is not None and executed[1].lower() == prepared[1].lower()
