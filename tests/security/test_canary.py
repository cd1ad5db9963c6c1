"""A secret given to a real daemon in every way: nothing that it keeps, says or shows of itself holds it.

What cannot be kept out by nature stands in `SECURITY.md`: the argv of a workload's own process, the
environment that the recorder was started with, and what a workload prints without saying what it is.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psutil
import pytest

from collector.client import Line
from collector.readings.state import Meter
from collector.workloads.command import Command
from collector.workloads.execute import Runs
from collector.workloads.spawn import Children
from tests.daemon.conftest import Recorder
from tests.intake.made import complete
from tests.workloads.made import made
from tests.workloads.served import serving

CANARY = "Canary7Zq9XwYv"
LIFE_SECONDS = 30.0

# As people do it, and as they should not: each is a command that does nothing with it.
COMMANDS = [
    ["true", "--password", CANARY], ["true", f"--token={CANARY}"], ["true", "-u", f"me:{CANARY}"],
    ["env", f"PGPASSWORD={CANARY}", "true"], ["true", f"postgresql://me:{CANARY}@h/d"],
    ["true", f"http://h/?page=1&token={CANARY}"], ["true", "-H", f"Authorization: Bearer {CANARY}"],
    ["env", "true", "sshpass", "-p", CANARY, "ssh", "h"], ["env", "true", "mysql", f"-p{CANARY}"],
    ["env", "true", "redis-cli", "-a", f"x {CANARY}"], ["env", "true", "docker", "login", "-p", CANARY],
    ["sh", "-c", f"TOKEN={CANARY} true"], ["printenv", "SHOP_TOKEN"], ["false", "-passin", f"pass:{CANARY}"],
]  # fmt: skip
COMMAND = """
[[workloads]]
name = "command-{number}"
kind = "command"
argv = {argv}
every = "1s"
env = ["SHOP_TOKEN={canary}"]
"""
CONFIG = """
[sampling]
every = "1s"

[alerts]
on_alert = ["sh", "-c", "echo the token is token={canary}; exit 3", "--password", "{canary}"]

[[workloads]]
name = "shell"
kind = "command"
shell = true
argv = ["TOKEN={canary} true; sshpass -p {canary} true || true # curl -u me:{canary}, mysql -p{canary}"]
every = "1s"

[[workloads]]
name = "answer"
kind = "http"
url = "http://127.0.0.1:{http}/?token={canary}"
every = "1s"

[[workloads]]
name = "query"
kind = "sql"
database = "postgresql://me@127.0.0.1:{postgresql}/d"
query = "SELECT 1 WHERE 'x' <> 'token={canary}'"
password_env = "SHOP_PASSWORD"
every = "1s"

[[workloads]]
name = "file"
kind = "sql"
database = "sqlite:///{folder}/other.db"
query = "SELECT '{canary}'"
every = "1s"

[[pools]]
name = "shop"
kind = "postgresql"
database = "postgresql://me@127.0.0.1:{postgresql}/d"
password_file = "{folder}/password"
every = "5s"

[[tails]]
name = "server"
format = "postgresql"
path = "{folder}/postgresql.log"
prefix = "%m [%p] "
start = "beginning"
"""
# All commands in one process, each after a NUL: starting one for each would take most of the time.
ASK = """
import os, sys
from collector.commands import main
os.dup2(1, 2)
for words in sys.argv[2:]:
    os.write(1, b"\\0")
    main([*words.split(), "--config", sys.argv[1]])
    sys.stdout.flush()
    sys.stderr.flush()
"""
READING = [
    "status", "status --json", "workloads", "workloads --json", "runs --limit 500", "runs --json --limit 500",
    "slow", "slow --json", "changes", "summary operations", "summary queries --json", "check", "check --json",
    *(f"export {kind}" for kind in ("run", "operation", "query", "workload", "alert")),
]  # fmt: skip


@dataclass
class Server:
    """Speaks so much of PostgreSQL that a client sends its password, which it puts into its refusal.

    Source: postgresql.org/docs/current/protocol-flow.html
    """

    looked: Callable[[], set[str]]
    passwords: list[bytes] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    def answer(self, peer: socket.socket) -> None:
        """One client."""
        talk = peer.makefile("rwb")
        while True:
            length, code = struct.unpack("!ii", talk.read(8))
            talk.read(length - 8)
            if code not in (80877103, 80877104):  # asks for TLS, for GSSAPI: no
                break
            talk.write(b"N")
            talk.flush()
        talk.write(b"R" + struct.pack("!ii", 8, 3))  # the password in clear, please
        talk.flush()
        _, length = talk.read(1), struct.unpack("!i", talk.read(4))[0]
        password = talk.read(length - 4).rstrip(b"\0")
        self.seen |= self.looked()  # while those who know it are there
        said = b"no entry: postgresql://me:%s@h/d, password=%s, it was %s" % ((password,) * 3)
        body = b"SFATAL\0C28P01\0M" + said + b"\0\0"
        talk.write(b"E" + struct.pack("!i", len(body) + 4) + body)
        talk.flush()
        self.passwords.append(password)


def told_http(peer: socket.socket) -> None:
    """No HTTP, but the request's own secret."""
    peer.recv(4096)
    peer.sendall(b"token=%s is wrong\r\n\r\n" % CANARY.encode())


@dataclass
class Life:
    """What a daemon left behind that was given the secret, and what was seen of it meanwhile."""

    recorder: Recorder
    server: Server
    said: dict[str, bytes]
    workloads: set[str]

    def kept(self) -> dict[str, bytes]:
        """Every file that it made."""
        mine = (self.recorder.folder / "state", self.recorder.log)
        files = [
            path for one in mine for path in (one.rglob("*") if one.is_dir() else [one]) if path.is_file()
        ]
        return {path.name: path.read_bytes() for path in files}


def shown_by(pid: int) -> set[str]:
    """The names of our processes below ``pid``, it included, in whose argv or environment the secret stands.

    Not looked at: the environment of the recorder itself, which is the user's, and processes of workloads.
    """
    found, recorder = set(), psutil.Process(pid)
    its_own = recorder.cmdline()
    for process in [recorder, *recorder.children(recursive=True)]:
        with suppress(psutil.Error):
            argv = process.cmdline()
            is_ours = any("collector" in word for word in argv)
            # A child that is about to become another program is still a copy of the recorder.
            environment = str(process.environ()) if argv != its_own else ""
            if is_ours and CANARY in f"{argv} {environment}":
                found.add(" ".join(argv))
    return found


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    """A daemon that ran each workload, was pushed to, was told on by an alert, and was asked everything."""
    folder = tmp_path_factory.mktemp("canary")
    with tempfile.TemporaryDirectory() as notify_folder:
        recorder = Recorder(folder, notify_folder)
        recorder.database = folder / "state" / "c.db"
        server = Server(lambda: shown_by(recorder.process.pid) if recorder.process else set())
        with serving(server.answer) as postgresql, serving(told_http) as http:
            names = configured(recorder, postgresql, http)
            recorder.start(SHOP_PASSWORD=CANARY)
            try:
                yield Life(recorder, server, live(recorder, names), names)
            finally:
                recorder.end()


def configured(recorder: Recorder, postgresql: int, http: int) -> set[str]:
    """Write the config and what it names; the workloads in it."""
    folder = recorder.folder
    (folder / "password").touch(0o600)
    (folder / "password").write_text(f"{CANARY}\n")
    (folder / "other.db").touch()
    stamp = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.000 UTC")
    duration = "LOG:  duration: 7.5 ms  statement: SELECT * FROM t WHERE"
    (folder / "postgresql.log").write_text(f"{stamp} [4] {duration} a = '{CANARY}'\n" * 3)
    commands = [
        COMMAND.format(number=number, argv=json.dumps(argv), canary=CANARY)
        for number, argv in enumerate(COMMANDS)
    ]
    recorder.configure(
        CONFIG.format(canary=CANARY, folder=folder, postgresql=postgresql, http=http) + "".join(commands)
    )
    return {"shell", "answer", "query", "file", *(f"command-{n}" for n in range(len(COMMANDS)))}


def live(recorder: Recorder, names: set[str]) -> dict[str, bytes]:
    """Let everything happen once; what the commands say then."""
    with Line(recorder.database.parent / "run" / "c.sock", timeout=LIFE_SECONDS) as line:
        sql = f"SELECT * FROM users WHERE token = '{CANARY}' AND id = 5"
        line.ask(complete("operation", query_hash=None, sql=sql, dialect="postgresql"))
        told = f"curl -u me:{CANARY} http://me:{CANARY}@h --password {CANARY}"
        line.ask(complete("run", command=told, detail=f"password={CANARY}", output=f"TOKEN_1={CANARY}"))
    for name in names:
        recorder.wait_for_event("workload.ran", lambda event, name=name: event["name"] == name)  # type: ignore[misc]
    recorder.wait_for_event("alert.not_told")
    recorder.wait_for_event("pool.failed")
    quiet(recorder)
    asked = [*READING, f"db backup {recorder.database.parent}/copy.db"]
    done = subprocess.run(
        [sys.executable, "-c", ASK, str(recorder.config), *asked],
        capture_output=True, timeout=LIFE_SECONDS, check=True, env={**os.environ, "SHOP_PASSWORD": CANARY},
    )  # fmt: skip
    return dict(zip(asked, (done.stdout + done.stderr).split(b"\0")[1:], strict=True))


def quiet(recorder: Recorder) -> None:
    """Have everything run every five minutes from now on: the same again would only take time."""
    recorder.config.write_text(re.sub('every = "[0-9]+s"', 'every = "5m"', recorder.config.read_text()))
    recorder.send(signal.SIGHUP)
    recorder.wait_for_event("config.reloaded")


def test_the_secret_was_used(life: Life) -> None:
    """Else the tests below would prove nothing."""
    assert {CANARY.encode()} == {*life.server.passwords}
    recorded = {name for (name,) in life.recorder.rows("SELECT DISTINCT workload FROM workload_runs")}
    assert life.workloads <= recorded
    details = [
        text for (text,) in life.recorder.rows("SELECT detail FROM workload_runs WHERE workload = 'query'")
    ]
    assert any("no entry: postgresql://me:***@h/d, password=*** it was ***" in text for text in details)


def test_no_file_of_the_recorder_holds_the_secret(life: Life) -> None:
    """The database, its log and index, the backup, and the recorder's own log, byte for byte."""
    kept = life.kept()
    assert {"c.db", "c.db-wal", "copy.db", "log"} <= kept.keys()
    assert [name for name, data in kept.items() if CANARY.encode() in data] == []


def test_no_answer_holds_the_secret(life: Life) -> None:
    """Of any reading command, of `check` neither, in words and in JSON."""
    assert [words for words, text in life.said.items() if CANARY.encode() in text] == []
    silent = [words for words, text in life.said.items() if not text]
    assert [words for words in silent if not words.startswith("export")] == []  # of what there is none


def test_no_process_of_ours_shows_the_secret(life: Life) -> None:
    """Looked at while the children that know it were talking to the server."""
    assert life.server.seen == set()


def test_what_a_workload_prints_is_kept_without_what_is_marked_as_a_secret() -> None:
    """Also the traceback of a function that raises with one."""
    kept: list[Any] = []
    runs = Runs(lambda _, records: kept.extend(records), Children(), Meter(), "boot", 1.0)
    told = f"echo 'password={CANARY} and more'; echo 'DSN postgresql://me:{CANARY}@h/d' >&2; exit 1"
    runs.run(made(Command, argv=("sh", "-c", told)))
    assert kept[0].output == "password=*** and more\nDSN postgresql://me:***@h/d\n"
