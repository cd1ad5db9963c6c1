"""What would help a statement, where its text and its plan leave no doubt."""

from __future__ import annotations

import re

_COMPARED = r"(?:\w+\.)?{} ?{} ?\?"
_ANY = _COMPARED.format(r"\w+", "(?:<=|>=|=|<|>)")
# The one table of a normalised statement, its rows chosen by columns that are compared to values.
_FILTERED = re.compile(
    r"(?:select .+? from|delete from|update) (?P<table>[\w.]+)(?: (?:as )?(?!set\b|where\b)\w+)?"
    rf"(?: set .+?)? where (?P<conditions>{_ANY}(?: and {_ANY})*)"
    r"(?: (?:order by|group by|limit|returning) .*)?",
    re.IGNORECASE,
)
_CONDITION = re.compile(_COMPARED.format(r"(\w+)", "(<=|>=|=|<|>)"))


def advice(text: str, dialect: str, remarks: list[str]) -> str:
    """The index that would serve the filter of a normalised statement; "" where that is not sure."""
    filtered = _FILTERED.fullmatch(text)
    if filtered is None or text.lower().count("select") > 1 or " join " in text.lower():
        return ""
    table = filtered["table"]
    scanned = re.compile(rf"full scan of (?:the index \S+ of )?{re.escape(table)}(?: \(as|$)", re.IGNORECASE)
    if not any(map(scanned.match, remarks)):
        return ""
    found = _CONDITION.findall(filtered["conditions"])
    equal = dict.fromkeys(name for name, sign in found if sign == "=")
    between = [name for name, sign in found if sign != "=" and name not in equal]
    columns = ", ".join([*equal, *between[:1]])
    if dialect == "sqlite":
        return f"an index on {table} ({columns}) would serve the filter"
    # A server may know an index and not take it: where most rows match, or few are there.
    return f"if {table} has no index on ({columns}), one would serve the filter"
