"""The failures a person may see: each says what, where, and what to do."""

from __future__ import annotations

from dataclasses import dataclass


class CollectorError(Exception):
    """Something a person can mend. ``message`` tells what and where, ``hint`` what to do.

    The command line prints both without a traceback and exits with ``exit_code``.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(CollectorError):
    """The command's own words are off."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of a config file: where it stands, what was found and what is allowed."""

    key: str
    message: str
    line: int | None = None
    value: str | None = None

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line else ""
        found = f" = {self.value}" if self.value is not None else ""
        return f"{where}{self.key}{found}: {self.message}"


class ConfigError(CollectorError):
    """A config that is not taken. ``problems`` holds every fault of it at once."""

    exit_code = 2

    def __init__(self, path: str, problems: list[Problem]) -> None:
        count = "1 fault" if len(problems) == 1 else f"{len(problems)} faults"
        super().__init__(
            f"{path}: {count}",
            hint="mend the lines above, then look again with `collector check`",
        )
        self.path = path
        self.problems = problems


class DatabaseError(CollectorError):
    """The database file cannot be used as it is: foreign, newer, unwritable or damaged."""


class AlreadyRunning(CollectorError):
    """Another process holds the instance lock of the same database."""


class NotRunning(CollectorError):
    """A daemon was asked for and none runs on this database."""
