"""A real PostgreSQL on a socket of its own, which logs to stderr, csvlog and jsonlog at once."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

BINARIES = sorted(
    (path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()),
    key=lambda path: int(path.parent.name) if path.parent.name.isdecimal() else 0,
)

# All three destinations at once: what one of them says the others have to say too.
SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "fsync": "off",
    "logging_collector": "on",
    "log_destination": "stderr,csvlog,jsonlog",
    "log_filename": "all.log",
    "log_rotation_age": "0",
    "log_rotation_size": "0",
    "log_file_mode": "0644",
    "log_min_duration_statement": "0",
    "shared_preload_libraries": "auto_explain,pg_stat_statements",
    "lc_messages": "C",
}
ENDINGS = {"stderr": ".log", "csvlog": ".csv", "jsonlog": ".json"}
PASSWORD = "sehr geheim"
# All come in as they like, but for two roles whose connections are to be tested.
ACCESS = "local all me,stranger scram-sha-256\nlocal all all trust\n"
# As `options`: what is asked for the test's own sake is not logged.
UNHEARD = "-c log_min_duration_statement=-1"


class PostgreSQL:
    """Runs from `start` until `stop`; ``settings`` come on top of `SETTINGS`.

    Under root it belongs to nobody, since it refuses root.
    """

    def __init__(self, settings: Mapping[str, str] | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pg"))
        self._settings = {**SETTINGS, "unix_socket_directories": str(self.folder), **(settings or {})}
        self._drop: list[str] = []
        self._marks = 0
        self._is_made = False
        if os.geteuid() == 0:
            shutil.chown(self.folder, "nobody")
            self._drop = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups"]

    def start(self) -> None:
        """Come up, and wait until it answers; the log goes on where it was."""
        if not self._is_made:
            words = ["--no-sync", "-A", "trust", "-U", "postgres", "--no-locale", "-E", "UTF8"]
            self._run("initdb", "-D", f"{self.folder}/data", *words)
            lines = [f"{name} = '{value}'\n" for name, value in self._settings.items()]
            with (self.folder / "data/postgresql.conf").open("a", encoding="utf-8") as file:
                file.writelines(lines)
            (self.folder / "data/pg_hba.conf").write_text(ACCESS, encoding="utf-8")
        self._run("pg_ctl", "-D", f"{self.folder}/data", "-w", "-s", "-l", f"{self.folder}/start", "start")
        if not self._is_made:
            self.psql(f"CREATE ROLE me SUPERUSER LOGIN PASSWORD '{PASSWORD}'", options=UNHEARD)
            self._is_made = True

    def stop(self) -> None:
        """Go down at once; the folder stays."""
        self._run("pg_ctl", "-D", f"{self.folder}/data", "-w", "-s", "-m", "immediate", "stop")

    def remove(self) -> None:
        """Go down, and leave nothing behind."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def version(self) -> int:
        """Its major version."""
        return int((self.folder / "data/PG_VERSION").read_text())

    @property
    def url(self) -> str:
        """For a workload or a client, as the superuser, without a password."""
        return f"postgresql://postgres@/postgres?host={self.folder}"

    @property
    def asking_url(self) -> str:
        """The same for another superuser, who is asked for `PASSWORD`."""
        return self.url.replace("postgres@", "me@")

    def psql(self, sql: str, *, options: str = "", check: bool = True) -> str:
        """What psql prints for ``sql``, fields with ``|`` between; ``options`` as in PGOPTIONS.

        Without ``check`` it goes on after a statement that fails.
        """
        stop = f"ON_ERROR_STOP={int(check)}"
        return self._run("psql", "-XqtA", "-d", "postgres", "-v", stop, text=sql, options=options)

    def pgbench(self, *words: str, options: str = "") -> str:
        """What pgbench prints; its tables are made by ``-i``."""
        return self._run("pgbench", *words, "postgres", options=options)

    @property
    def log_files(self) -> dict[str, Path]:
        """The logs that are being written, by their destination."""
        log = self.folder / "data/log/all.log"
        return {name: log.with_suffix(ending) for name, ending in ENDINGS.items()}

    def written(self) -> dict[str, Path]:
        """The same, when all that was said until now stands in them; a last line says so."""
        self._marks += 1
        mark = f"mark {self._marks} of the tests"
        self.psql(f"DO $$ BEGIN RAISE LOG '{mark}'; END $$", options=UNHEARD)
        files = self.log_files
        self._until(lambda: all(mark.encode() in path.read_bytes() for path in files.values()))
        return files

    def rotate_logs(self) -> dict[str, Path]:
        """As logrotate does: rename, then tell the server; where the old ones are now, complete."""
        number = len(list(self.folder.glob("data/log/all.log*")))
        files = self.written()
        old = {name: path.rename(f"{path}.{number}") for name, path in files.items()}
        self.psql("SELECT pg_rotate_logfile()", options=UNHEARD)
        self._until(lambda: all(path.exists() for path in files.values()))
        return old

    def _until(self, is_so: Callable[[], bool]) -> None:
        """Wait for the process that writes the logs; the server does the waiting."""
        for _ in range(500):
            if is_so():
                return
            self.psql("SELECT pg_sleep(0.01)", options=UNHEARD)
        raise AssertionError("the log was not written")

    def _run(self, program: str, *words: str, text: str = "", options: str = "") -> str:
        environment = {**os.environ, "PGHOST": str(self.folder), "PGUSER": "postgres", "PGOPTIONS": options}
        done = subprocess.run(
            [*self._drop, str(BINARIES[-1] / program), *words],
            input=text.encode(),
            capture_output=True,
            env=environment,
            cwd=self.folder,
            check=False,
        )
        assert done.returncode == 0, (program, words, done.stdout, done.stderr)
        return done.stdout.decode()


def served() -> Iterator[PostgreSQL]:
    """The fixture ``postgresql``."""
    if not BINARIES:
        pytest.skip("PostgreSQL is not installed on this machine")
    server = PostgreSQL()
    server.start()
    yield server
    server.remove()
