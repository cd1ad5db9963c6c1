"""A real PostgreSQL and a real PgBouncer in front of it, one of each, and what looks put."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from collector.pool_settings import PoolSettings
from collector.pools.pools import Pools
from collector.units import Duration
from collector.workloads.spawn import Children
from tests.servers.postgresql import PASSWORD, PostgreSQL

# The pooler keeps connections to a database of its own, where they disturb no other test.
SET_UP = """
CREATE ROLE stranger LOGIN PASSWORD 'fremd';
CREATE DATABASE small CONNECTION LIMIT 7;
CREATE DATABASE bounced;
"""
BOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
# It refuses root.
DROP = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups"] if os.geteuid() == 0 else []


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """Where the pooler's socket is; the path of it must be short."""
    made = Path(tempfile.mkdtemp(prefix="pool"))
    _give(made)
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="session")
def postgresql(postgresql: PostgreSQL) -> str:
    """The URL of the server that all tests share, without its password."""
    postgresql.psql(SET_UP)
    return postgresql.asking_url


@pytest.fixture(scope="module")
def pgbouncer(folder: Path, postgresql: str) -> Iterator[str]:
    """The URL of a pooler's console; its database ``shop`` is that server, one connection at a time."""
    if BOUNCER is None:
        pytest.skip("PgBouncer is not installed on this machine")
    users = _written(folder / "users", f'"me" "{PASSWORD}"\n')
    host = postgresql.partition("?host=")[2]
    shop = f"host={host} dbname=bounced user=me password='{PASSWORD}' pool_size=1"
    keys = {
        "unix_socket_dir": folder, "listen_addr": "", "listen_port": 6432, "pidfile": folder / "pid",
        "auth_type": "plain", "auth_file": users, "admin_users": "me", "pool_mode": "session",
    }  # fmt: skip
    lines = [f"[databases]\nshop = {shop}\n[pgbouncer]", *(f"{key} = {value}" for key, value in keys.items())]
    config = _written(folder / "pgbouncer.ini", "\n".join(lines))
    running = subprocess.Popen([*DROP, BOUNCER, str(config)], stderr=subprocess.PIPE, cwd=folder)
    assert running.stderr is not None
    assert any(b"process up" in line for line in running.stderr)
    try:
        yield f"postgresql://me@/pgbouncer?host={folder}&port=6432"
    finally:
        running.kill()
        running.wait()
        running.stderr.close()


@pytest.fixture
def children() -> Iterator[Children]:
    """The recorder's side."""
    made = Children()
    yield made
    made.stop_all()


class Looks:
    """Looks as the daemon takes them, and what they put."""

    def __init__(self, children: Children) -> None:
        self.put: list[Any] = []
        self.pools = Pools(self._take, children)

    def __call__(self, pool: PoolSettings) -> Any:
        """Look once; the one record that was put, or None."""
        before = len(self.put)
        self.pools.look(pool)
        found = self.put[before:]
        assert len(found) <= 1
        return found[0] if found else None

    def until(self, pool: PoolSettings, good: Callable[[Any], bool]) -> Any:
        """Look until a record is good, for up to 20 seconds."""
        end = time.monotonic() + 20
        while not good(found := self(pool)):
            assert time.monotonic() < end, found
        return found

    def _take(self, _monotonic: float, records: list[msgspec.Struct]) -> None:
        self.put += records


@pytest.fixture
def looks(children: Children, monkeypatch: pytest.MonkeyPatch) -> Looks:
    """With the servers' password in a variable."""
    monkeypatch.setenv("POOL_PASSWORD", PASSWORD)
    return Looks(children)


def pool(database: str, **keys: Any) -> PoolSettings:
    """Settings as a config would make them; times may be given as plain seconds."""
    for name in ("every", "timeout"):
        if name in keys:
            keys[name] = Duration(keys[name])
    return PoolSettings(
        **{
            "name": "it",
            "kind": "postgresql",
            "database": database,
            "password_env": "POOL_PASSWORD",
            **keys,
        }
    )


def figures(record: Any) -> dict[str, Any]:
    """Total, active, idle, waiting and the most there can be."""
    names = ("total", "active", "idle", "waiting", "max")
    return {name: getattr(record, f"{name}_connections") for name in names}


def _written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    _give(path)
    return path


def _give(path: Path) -> None:
    if DROP:
        shutil.chown(path, "nobody")
