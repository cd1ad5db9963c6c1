"""What is said alike of every database's plans."""

from __future__ import annotations

import re


def full_scan(table: str, alias: str | None = None, index: str | None = None) -> str:
    """``full scan of tasks (as t)``, or of an index of it from end to end."""
    known_as = f" (as {alias})" if alias and alias != table.rpartition(".")[2] else ""
    return f"full scan of {f'the index {index} of ' if index else ''}{table}{known_as}"


def aliased(shown: str, sql: str) -> tuple[str, str | None]:
    """The table and its alias, where a plan shows only the alias: the statement tells, if it is sure."""
    before, name = r"(?:\bfrom|\bjoin|\bupdate|,)\s+", rf'"?{re.escape(shown)}(?!\w)'
    tables = set(re.findall(rf'{before}([\w."`]+)\s+(?:as\s+)?{name}', sql, re.IGNORECASE))
    is_table = re.search(before + name, sql, re.IGNORECASE)
    return (tables.pop(), shown) if len(tables) == 1 and not is_table else (shown, None)
