"""A real MariaDB on a socket of its own, with its slow query log."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import IO, Any

import pymysql
import pytest

PROGRAM = shutil.which("mariadbd")
TABLES = ("mysql_system_tables.sql", "mysql_performance_tables.sql", "mysql_system_tables_data.sql")
# Everything is logged, with all that the log can say of it, and counted by the server as well.
SETTINGS = {
    "skip-networking": "1",
    "innodb-flush-log-at-trx-commit": "0",
    "slow-query-log": "1",
    "long-query-time": "0",
    "log-slow-verbosity": "query_plan,explain,innodb",
    "performance-schema": "1",
    "performance-schema-digests-size": "500",
}


class MariaDB:
    """Runs from when it is made until `stop`; ``settings`` come on top of `SETTINGS`.

    Under root it belongs to nobody, since it refuses root.
    """

    def __init__(self, settings: dict[str, str] | None = None) -> None:
        assert PROGRAM is not None
        self.folder = Path(tempfile.mkdtemp(prefix="maria"))
        self.socket = self.folder / "socket"
        self.log_file = self.folder / "slow.log"
        share = Path(PROGRAM).resolve().parent.parent / "share/mysql"
        self._base = [*self._drop(), PROGRAM, "--no-defaults", f"--datadir={self.folder}"]
        self._base += [f"--lc-messages-dir={share}", f"--socket={self.socket}"]
        self._settings = {**SETTINGS, "slow-query-log-file": str(self.log_file), **(settings or {})}
        system = "CREATE DATABASE mysql;\nUSE mysql;\n" + "".join((share / t).read_text() for t in TABLES)
        self._subprocess(["--bootstrap", "--skip-networking"], system)
        self._says: IO[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Come up, and wait until it answers; the log goes on where it was.

        It is no child of ours: tests look for children that others left behind.
        """
        assert self._says is None
        options = [f"--{name}={value}" for name, value in self._settings.items()]
        starter = subprocess.Popen(["setsid", "--fork", *self._base, *options], stderr=subprocess.PIPE)
        self._says = starter.stderr
        assert self._says is not None
        assert starter.wait() == 0
        assert any(b"ready for connections" in line for line in self._says)

    def stop(self) -> None:
        """Go down in order; the folder stays. A second time does nothing."""
        if self._says is not None:
            self.run("SHUTDOWN")
            self._says.read()  # to its end
            self._says.close()
            self._says = None

    def remove(self) -> None:
        """Go down, and leave nothing behind."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def url(self) -> str:
        """For a workload or a client, as root, without a password."""
        return f"mysql://root@localhost/?socket={self.socket}"

    def connect(self) -> pymysql.connections.Connection[Any]:
        """A new session."""
        return pymysql.connect(unix_socket=str(self.socket), user="root", autocommit=True)

    def run(self, *statements: str | bytes) -> list[Any]:
        """Each in turn, in one new session; the rows of the last."""
        with closing(self.connect()) as session, session.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall())

    def flush_logs(self) -> Path:
        """Rotate the log as logrotate does: rename, then tell the server; where the old one is now."""
        number = len(list(self.folder.glob("slow.log.*")))
        old = self.log_file.rename(self.folder / f"slow.log.{number + 1}")
        self.run("FLUSH SLOW LOGS")
        return old

    def _drop(self) -> list[str]:
        if os.geteuid() != 0:
            return []
        shutil.chown(self.folder, "nobody")
        return ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups"]

    def _subprocess(self, options: list[str], text: str) -> None:
        done = subprocess.run(
            [*self._base, *options], input=text.encode(), check=False, capture_output=True, timeout=60
        )
        assert done.returncode == 0, done.stderr.decode(errors="replace")


def served() -> Iterator[MariaDB]:
    """The fixture ``mariadb``."""
    if PROGRAM is None:
        pytest.skip("MariaDB is not installed on this machine")
    server = MariaDB()
    yield server
    server.remove()
