"""What others call: a plan without literals, and what stands out in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, cast

from collector.fingerprint import Dialect, redacted
from collector.plans import document, mysql, postgresql, sqlite


class _Wording(Protocol):
    def redacted_plan(self, text: str) -> str: ...

    def remarks(self, text: str, sql: str = "") -> Iterable[str]: ...


_DIALECTS: dict[str, _Wording] = {"postgresql": postgresql, "mysql": mysql, "sqlite": sqlite}


def redacted_plan(text: str, dialect: str) -> str:
    """The plan with ``?`` for every literal; costs, rows, widths, times and buffers stay.

    Takes what EXPLAIN prints, what auto_explain logs (text, JSON, YAML; the statement above it is left
    out) and the ``# explain:`` lines of MariaDB's slow log, which become ``id=1 select_type=…``. Never
    raises.
    """
    if document.is_document(text):
        return document.redacted_document(text, dialect)
    if known := _DIALECTS.get(dialect):
        return known.redacted_plan(text)
    return redacted(text, "generic")


def remarks(text: str, dialect: str, sql: str = "") -> list[str]:
    """What is likely to cost time, in words, each once: ``full scan of tasks (as t)``, ``sort on disk …``.

    Only what the plan says for certain. With the statement, tables that the plan of SQLite or MySQL calls
    by their aliases are named, too.
    """
    known = _DIALECTS.get(dialect)
    if known is None:
        return []
    found = document.remarks(text) if document.is_document(text) else known.remarks(text, sql)
    return list(dict.fromkeys(found))


def as_dialect(scheme: str) -> Dialect:
    """The dialect of a kind of database."""
    return cast("Dialect", scheme) if scheme in _DIALECTS else "generic"
