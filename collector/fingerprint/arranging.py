"""A cut statement made uniform: spaces, lists, rows, keywords in upper case and the rest in lower case."""

from __future__ import annotations

import itertools
import re
from typing import Final

# The text is lower-case with single spaces until keywords are set.
_KEYWORDS: Final = {
    word.lower(): word
    for word in """
    ADD ALL ALTER ANALYZE AND ANY ARRAY AS ASC BEGIN BETWEEN BY CASCADE CASE CHECK COLLATE COMMIT CONFLICT
    CONSTRAINT CREATE CROSS DEFAULT DELETE DESC DISTINCT DO DROP DUPLICATE ELSE END ESCAPE EXCEPT EXISTS
    EXPLAIN FALSE FETCH FILTER FOR FROM FULL GLOB GROUP HAVING IF ILIKE IN INDEX INNER INSERT
    INTERSECT INTO IS JOIN LATERAL LEFT LIKE LIMIT NATURAL NOT NOTHING NULL OFFSET ON OR ORDER OUTER
    OVER PARTITION PRAGMA RECURSIVE REGEXP RELEASE REPLACE RETURNING RIGHT ROLLBACK
    SAVEPOINT SELECT SET TABLE TEMPORARY THEN TO TRANSACTION TRIGGER TRUE TRUNCATE UNION UNIQUE UPDATE USING
    VALUES VIEW WHEN WHERE WINDOW WITH
    """.split()  # noqa: SIM905  # a list of a hundred strings would be a page
}
_OPERATOR = re.compile(
    r"([-+*#@<>=!~|&^%/:](?:(?<=-)(?:>>?)?|(?<=\+)|(?<=\*)(?<!\.\*)|(?<=#)(?:>>?|-)|(?<=@)>|(?<=<)@(?!\w)"
    r"|(?<=[<>=!~|&^%/:])[<>=!~|&^%/:]*+))"
)
_CASTS = re.compile(r"(?: ::)++ ")
_ITEM = r"(?:[-+] )*+(?:\?(?: \+)?+|null|true|false)(?:::[\w.]++)*+"
_IN_LIST = re.compile(rf" in \( {_ITEM}(?: , {_ITEM})*+ \)")
_ARRAY = re.compile(rf" array \[ {_ITEM}(?: , {_ITEM})*+ \]")
_CONSTANT = re.compile(r"\b(?:NULL|TRUE|FALSE)\b(?<!\bIS ....)(?<!\bIS .....)(?<!\bNOT ....)(?<!\bNOT .....)")
_SIGN = re.compile(r" [-+](?<=[(\[,=<>!~|&^%/:*+A-Z-] [-+])(?<!\bEND [-+])(?: [-+])*+ \?")
_CALL = re.compile(r" \((?<=[^\WA-Z] \(|[\"\1] \()")
_ROW = r"\((?:[^()]++|\([^()]*+\))*+\)"
_ROWS = re.compile(rf"(?:(?<=VALUES )|(?<=IN \()){_ROW}(?:, {_ROW})*+")
_EACH_ROW = re.compile(_ROW)
_SAVEPOINT = re.compile(
    r"(?:^|(?<=; ))(SAVEPOINT|RELEASE(?: SAVEPOINT)?+|ROLLBACK(?: work| TRANSACTION)? TO(?: SAVEPOINT)?+)"
    r" [^ ;]++"
)
_TIGHT: Final = (("( ", "("), (" )", ")"), (" ,", ","), (" ;", ";"), ("[ ", "["), (" ]", "]"), (" [", "["))
_MARK = re.compile("\1([0-9]+)\1")


def arranged(text: str, names: dict[str, int]) -> str:
    """The normalised text of what ``cutting.cut`` left of a statement."""
    text = " ".join(_OPERATOR.split(text.lower()))
    for mark in "?,;()[]":
        text = text.replace(mark, f" {mark} ")
    text = _joined(f" {' '.join(text.split())} ")
    text = " ".join([_KEYWORDS.get(word, word) for word in text.split()])
    text = _punctuated(_plain_values(text))
    if "VALUES (" in text or "IN ((" in text:
        text = _ROWS.sub(_distinct_rows, text)
    if "SAVEPOINT " in text or "ROLLBACK " in text or "RELEASE " in text:
        text = _SAVEPOINT.sub(r"\1 ?", text)
    text = text.strip(" ;")
    if names:
        quoted = list(names)
        text = _MARK.sub(lambda mark: quoted[int(mark[1])], text)
    return text


def _joined(text: str) -> str:
    """Dotted names, casts and lists of literals as one word each; spaces at both ends."""
    if " ." in text or ". " in text:
        text = text.replace(" .", ".").replace(". ", ".")
    if "::" in text:
        text = _CASTS.sub("::", text)
    if " in (" in text:
        text = _IN_LIST.sub(" in ( ?+ )", text)
    if " array [" in text:
        text = _ARRAY.sub(" array [ ?+ ]", text)
    return text


def _plain_values(text: str) -> str:
    """NULL, TRUE and FALSE are literals unless after IS or NOT; a sign belongs to its literal."""
    if "NULL" in text or "TRUE" in text or "FALSE" in text:
        text = _CONSTANT.sub("?", text)
    if "- ?" in text or "+ ?" in text:
        text = _SIGN.sub(" ?", text)
    return text


def _punctuated(text: str) -> str:
    for spaced, tight in _TIGHT:
        text = text.replace(spaced, tight)
    return _CALL.sub("(", text) if " (" in text else text


def _distinct_rows(rows: re.Match[str]) -> str:
    return ", ".join([row for row, _ in itertools.groupby(_EACH_ROW.findall(rows[0]))])
