"""What auto_explain writes: the text of a statement and its plan, in one of four formats.

The text of the statement and its parameters are cut away from the plan. Its format is told from how it
begins. In the text format nothing marks where the statement ends: a line of one of its literals may look
like that of a plan. So the plan begins at the first such line outside of literals, comments and quoted
names; where a backslash before a quote leaves that open, there is no plan.
"""

from __future__ import annotations

import html
import re

import msgspec

from collector.fingerprint.cutting import tokens

_TEXT = "Query Text: "
_PARAMETERS = "Query Parameters: "
_ROOT = re.compile(r"^\S[^\n]*  \(cost=[\d.]+ rows=\d+ width=\d+\)", re.MULTILINE)
_BELOW = re.compile(rf"{_ROOT.pattern}|^{_PARAMETERS}", re.MULTILINE)
_QUOTED = r'"((?:[^"\\]++|\\.)*+)"'
_JSON = re.compile(rf'\{{\n  "Query Text": {_QUOTED},\n(?:  "Query Parameters": {_QUOTED},\n)?')
_YAML = re.compile(rf"Query Text: {_QUOTED}\n(?:Query Parameters: {_QUOTED}\n)?(?=Plan: *\n)")
_XML = re.compile(
    r"(<explain[^>\n]*>\n)  <Query-Text>([^<]*+)</Query-Text>\n"
    r"(?:  <Query-Parameters>[^<]*+</Query-Parameters>\n)?"
)
# A literal that a server may be set to read in another way (``standard_conforming_strings``).
_UNSURE = re.compile(r"(?:[nNbBxX]|[uU]&)?+'[^\\]*+(?:\\[^'\\]*+)*?\\'")
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
    """The statement that it is about; all of a text whose plan is not found."""
    if found := _JSON.match(body) or _YAML.match(body):
        return _unquoted(found[1])
    if found := _XML.match(body):
        return _unescaped(found[2])
    below = _outside(_BELOW, body, _start(body))
    return body[:below].removeprefix(_TEXT).removesuffix("\n")


def plan_of(body: str, sql: str | None) -> str:
    """The plan without the statement, which is ``sql``, and without its parameters."""
    if found := _JSON.match(body):
        return "{\n" + body[found.end() :]
    if found := _YAML.match(body):
        return body[found.end() :]
    if found := _XML.match(body):
        return found[1] + body[found.end() :]
    known = len(sql) if sql and body.startswith(f"{_TEXT}{sql}\n") else 0
    root = _outside(_ROOT, body, _start(body) + known)
    return "" if root is None else body[root:]


def _start(body: str) -> int:
    return len(_TEXT) if body.startswith(_TEXT) else 0


def _outside(pattern: re.Pattern[str], body: str, start: int) -> int | None:
    """Where ``pattern`` is first found behind ``start`` that is no part of a literal, comment or name."""
    found = pattern.search(body, start)
    for begins, ends in tokens(body, start) if found else ():
        while found and found.start() < ends:
            if found.start() <= begins:
                return found.start()
            found = pattern.search(body, ends)
        if found is None or _UNSURE.match(body, begins, ends):
            return None
    return found.start() if found else None


def _unquoted(text: str) -> str:
    try:
        return msgspec.json.decode(f'"{text}"', type=str)
    except msgspec.DecodeError:
        return text


def _unescaped(text: str) -> str:
    try:
        return html.unescape(text)
    except ValueError:  # a reference with thousands of digits
        return text


def _prepares(text: str, sql: str) -> bool:
    executed, prepared = _EXECUTE.match(sql), _PREPARE.match(text)
    return executed is not None and prepared is not None and executed[1].lower() == prepared[1].lower()
