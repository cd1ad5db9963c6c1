"""``[[pools]]`` of the config: connection pools that are looked at every so often."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from collector import targets
from collector.convert import Section
from collector.sections import Name, Text
from collector.units import Duration

LONGEST_NAME = 50  # what `pool_name` of a record takes
CONSOLE = "pgbouncer"  # the database that is PgBouncer's admin console. Source: pgbouncer(1)
SHORTEST_S, LONGEST_S = 5, 300
USUAL_TIMEOUT_S = 10.0


class PoolSettings(Section, frozen=True, kw_only=True):
    """One pool. ``database`` is a URL: ``postgresql://user@host/name``.

    For ``kind = "pgbouncer"`` it is that of the admin console: ``postgresql://user@host:6432/pgbouncer``.
    The password may come from a variable or a file. A look takes at most ``timeout``, ten seconds where
    it is not given, and never longer than ``every``.
    """

    name: Name
    kind: Literal["postgresql", "pgbouncer"]
    database: Text
    every: Duration = Duration(60)
    timeout: Duration | None = None
    password_env: Text | None = None
    password_file: Path | None = None

    @property
    def longest_look_s(self) -> float:
        """How long one look may take, in seconds."""
        return float(min(self.timeout or USUAL_TIMEOUT_S, self.every))

    @property
    def cwd(self) -> None:
        """No path of a server's URL counts from a folder; see `collector.targets.Target`."""
        return None

    def faults(self) -> Iterator[tuple[str, str]]:
        """A server that can be named, one safe place for the password, and looks close to each other."""
        if len(self.name) > LONGEST_NAME:
            yield "name", f"must be at most {LONGEST_NAME} characters"
        if not SHORTEST_S <= self.every <= LONGEST_S:
            # With looks further apart no waiting could be told from two waits that have nothing in common.
            yield "every", "must lie between 5s and 5m"
        if self.timeout is not None and self.timeout > self.every:
            yield "timeout", f"must not be longer than every, {self.every}"
        if targets.scheme(self.database) != "postgresql":
            yield "database", "must begin with postgresql://"
        elif fault := targets.url_fault(self.database, self.cwd):
            yield "database", fault
        elif self.kind == "pgbouncer" and not _is_console(self.database):
            yield "database", f"must be that of the admin console: end in /{CONSOLE}"
        yield from ((key, fault) for key, fault in targets.faults(self) if key != "database")


def _is_console(url: str) -> bool:
    return unquote(urlsplit(url).path) == f"/{CONSOLE}"
