"""The server, and what pgbench needs of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.servers import postgresql as servers

postgresql = servers.postgresql
Logged = Callable[..., dict[str, bytes]]


@pytest.fixture(scope="session")
def bench(postgresql: servers.PostgreSQL) -> servers.PostgreSQL:
    """The server with the tables of pgbench and a table ``t``."""
    postgresql.pgbench("-i", "-q")
    postgresql.psql("CREATE TABLE t (a int, b text); CREATE EXTENSION pg_stat_statements")
    return postgresql


@pytest.fixture
def logged(bench: servers.PostgreSQL) -> Logged:
    """Runs SQL by psql, or what it is given, and gives the three logs of just that."""

    def logged(what: str | Callable[[], object], *, options: str = "") -> dict[str, bytes]:
        before = {name: path.stat().st_size for name, path in bench.written().items()}
        if callable(what):
            what()
        else:
            bench.psql(what, options=options, check=False)
        return {name: path.read_bytes()[before[name] :] for name, path in bench.written().items()}

    return logged
