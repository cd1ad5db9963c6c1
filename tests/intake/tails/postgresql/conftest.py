"""What the server logs of something."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.servers.postgresql import PostgreSQL

Logged = Callable[..., dict[str, bytes]]


@pytest.fixture
def logged(bench: PostgreSQL) -> Logged:
    """Runs SQL by psql, or what it is given, and gives the three logs of just that."""

    def logged(what: str | Callable[[], object], *, options: str = "") -> dict[str, bytes]:
        before = {name: path.stat().st_size for name, path in bench.written().items()}
        if callable(what):
            what()
        else:
            bench.psql(what, options=options, check=False)
        return {name: path.read_bytes()[before[name] :] for name, path in bench.written().items()}

    return logged
