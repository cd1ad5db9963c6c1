"""One SQL statement under way: how long it takes, what it is called, and when it is over."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ParamSpec, TypeVar

from collector.client.hooks.base import Recorder, attempt, plain, report

P = ParamSpec("P")
T = TypeVar("T")

LONGEST_SQL = 20_000
LONGEST_NAME = 100
_READ_FOR_NAME = 1000
_MODULE_DIALECTS = {
    "sqlite3": "sqlite", "pysqlite3": "sqlite", "psycopg": "postgresql", "psycopg2": "postgresql",
    "pg8000": "postgresql", "pymysql": "mysql", "MySQLdb": "mysql", "mysql": "mysql", "mariadb": "mysql",
    "sqlite": "sqlite", "postgresql": "postgresql", "postgres": "postgresql",
}  # fmt: skip
# Peewee gives each savepoint a name of its own, and each name would be another statement.
_SAVEPOINTS = frozenset({"SAVEPOINT", "RELEASE", "ROLLBACK"})
# Comments and literals are matched to be stepped over: a name must hold nothing of them.
_TOKEN = re.compile(
    r"""--[^\n]* | /\*.*?(?:\*/|\Z) | '[^']*(?:'|\Z)
    | (?P<name>(?:"[^"]*"|`[^`]*`|\[[^\]]*\]|\w+)(?:\.(?:"[^"]*"|`[^`]*`|\[[^\]]*\]|\w+))*)
    | (?P<sign>[(),;]) | ["`].*""",
    re.VERBOSE | re.DOTALL,
)
# What is a literal after these depends on the dialect, so nothing behind them is read.
_READ_TO = re.compile(r"\\|#|\$\w*\$")
_BEFORE_TABLE = frozenset({"FROM", "INTO", "UPDATE", "TABLE", "VIEW", "INDEX"})
_BETWEEN = frozenset({"IF", "NOT", "EXISTS", "ONLY", "LATERAL", "IGNORE", "LOW_PRIORITY"})
_PLAIN_NAME = re.compile(r"[A-Za-z_][\w$]*(?:\.[A-Za-z_][\w$]*)*")


@dataclass(frozen=True, slots=True)
class Source:
    """Where statements come from: which dialect, what the database is called, who is told."""

    dialect: str = "generic"
    database: str | None = None
    client: Recorder | None = None


def dialect_of(module: str) -> str:
    """The dialect of a driver's module, or of SQLAlchemy's name for it; ``generic`` where unknown."""
    return _MODULE_DIALECTS.get(module.split(".", maxsplit=1)[0], "generic")


class Statement:
    """A statement that runs: sums the time inside the driver and is reported once.

    Only what goes through `run` counts, so the time that the application spends between two fetches
    does not.
    """

    __slots__ = ("_began_ms", "_ended", "_metadata", "_source", "_spent_ns", "_sql", "rows")

    def __init__(self, source: Source, sql: object, **metadata: Any) -> None:
        self._source = source
        self._sql = sql
        self._metadata = metadata
        self._began_ms = time.time_ns() // 1_000_000
        self._spent_ns = 0
        self._ended = False
        self.rows: int | None = None

    def run(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """What ``call`` answers, its time counted; if it raises, the statement has failed."""
        started_ns = time.perf_counter_ns()
        try:
            answer = call(*args, **kwargs)
        except BaseException as error:
            self.spend(time.perf_counter_ns() - started_ns)
            self.end(error)
            raise
        self.spend(time.perf_counter_ns() - started_ns)
        return answer

    def spend(self, spent_ns: int) -> None:
        """Count time that was measured elsewhere."""
        self._spent_ns += spent_ns

    def took(self, rows: int, *, last: bool) -> None:
        """Count rows that were fetched; after the last the statement is over."""
        self.rows = (self.rows or 0) + rows
        if last:
            self.end()

    def wrote(self, rowcount: object) -> None:
        """The statement is over without a result; ``rowcount`` as DB-API has it, negative where unknown."""
        if isinstance(rowcount, int) and rowcount >= 0:
            self.rows = rowcount
        self.end()

    def end(self, error: BaseException | None = None) -> None:
        """Report it, the first time this is called."""
        if not self._ended:
            self._ended = True
            attempt("statement", self._report, error)

    def _report(self, error: BaseException | None) -> None:
        sql = text_of(self._sql)
        metadata = dict(self._metadata)
        if self._source.database:
            metadata["database"] = self._source.database
        if error is not None:
            metadata["error"] = type(error).__name__
        name = "query" if sql is None else name_of(_head(sql))
        fields = {
            "metric_type": "query",
            "metric_name": name,
            "duration_ms": self._spent_ns / 1e6,
            "timestamp": self._began_ms,
            "success": error is None,
            "rows": self.rows,
            "sql": name if name in _SAVEPOINTS else sql,
            "dialect": self._source.dialect,
            "metadata": metadata or None,
        }
        report(self._source.client, "operation", fields)


def text_of(sql: object) -> str | None:
    """A statement's text as it is sent, cut; None for objects that might hold literals, and for nothing."""
    if isinstance(sql, bytes):
        sql = sql[: LONGEST_SQL * 4].decode("utf-8", "replace")
    if not isinstance(sql, str):
        return None
    cut = sql[:LONGEST_SQL].encode("utf-8", "replace").decode("utf-8")
    return cut.replace("\x00", " ") if cut.strip() else None


def _head(sql: str) -> str:
    """As much of a statement as its name is read from, without half a word at its end."""
    return sql if len(sql) <= _READ_FOR_NAME else sql[:_READ_FOR_NAME].rpartition(" ")[0]


@lru_cache(maxsize=512)
def name_of(sql: str) -> str:
    """What a statement is called: its first word and its first table, as in ``SELECT users``."""
    words, tables, depth = "", [], 0
    wanted = False
    for token in _TOKEN.finditer(_READ_TO.split(sql, maxsplit=1)[0]):
        sign, name = token["sign"], token["name"]
        depth += (sign == "(") - (sign == ")")
        if name is None:
            wanted = wanted and token[0][0] in "-/"  # a comment changes nothing
        elif not words:
            words = name.upper()
            wanted = words in _BEFORE_TABLE
        elif wanted and name.upper() not in _BETWEEN:
            tables.append((depth, name))
            wanted = False
        elif not wanted:
            wanted = name.upper() in _BEFORE_TABLE
    return plain(_named(words, tables), LONGEST_NAME) or "query"


def _named(word: str, tables: list[tuple[int, str]]) -> str:
    """The table outside of all parentheses if there is one: ``extract(year FROM day)`` names none."""
    if not word.isalpha():
        return "query"
    outer = [name for depth, name in tables if depth == 0] or [name for _, name in tables]
    table = re.sub(r"[\"`\[\]]", "", outer[0]) if outer else ""
    return f"{word} {table}" if _PLAIN_NAME.fullmatch(table) else word
