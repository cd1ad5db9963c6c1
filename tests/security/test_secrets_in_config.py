"""Secrets of the config: by file, by a variable's name or by a credential of systemd, and in no argv."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collector import targets
from collector.workloads.runner.tree import descendants
from collector.workloads.spawn import Children
from collector.workloads.sql import Sql, run
from tests.security.runs import config_faults
from tests.workloads.made import faults, made

SECRET = "sEcReT-0815"
SQL = '[[workloads]]\nname = "it"\nkind = "sql"\nevery = "1m"\nquery = "SELECT 1"\ndatabase = "{url}"\n'
POOL = '[[pools]]\nname = "it"\nkind = "postgresql"\ndatabase = "{url}"\n'
HTTP = '[[workloads]]\nname = "it"\nkind = "http"\nevery = "1m"\nurl = "{url}"\n'
INSTEAD = "must not hold a password; name its file as password_file, or its variable as password_env"


@pytest.mark.parametrize(
    ("text", "url", "said"),
    [
        (SQL, f"postgresql://me:{SECRET}@h/d", INSTEAD),
        (SQL, f"mysql://me:{SECRET}@h/d", INSTEAD),
        (SQL, f"postgresql://me:%73{SECRET}@h/d", INSTEAD),
        (SQL, f"postgresql:///d?host=/run&password={SECRET}", INSTEAD),
        (SQL, f"postgresql://h/d?sslpassword={SECRET}", INSTEAD),
        (SQL, f"mysql://h/d?passwd={SECRET}", INSTEAD),
        (POOL, f"postgresql://me:{SECRET}@h/d", INSTEAD),
        (POOL, f"postgresql://h/d?PASSWORD={SECRET}", INSTEAD),
        (HTTP, f"http://me:{SECRET}@h/", "must not hold a user or password"),
    ],
)
def test_a_password_in_a_url_is_refused_with_where_to_put_it(
    tmp_path: Path, text: str, url: str, said: str
) -> None:
    """It is not told again, whatever stands around it."""
    (fault,) = config_faults(tmp_path, text.format(url=url))
    assert fault.endswith(said)
    assert "line " in fault
    assert SECRET not in fault


def test_a_parameter_is_a_password_however_its_name_is_written() -> None:
    """Clients decode it first."""
    assert targets.url_fault("postgresql:///d?pass%77ord=x", None) == INSTEAD


def workload(path: Path) -> Sql:
    """One whose password is in a file."""
    return made(Sql, database="postgresql://me@h/d", query="SELECT 1", password_file=path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_a_password_that_others_can_read_is_refused_when_it_is_read(tmp_path: Path, mode: int) -> None:
    """As ssh does with keys: in the config, and since a file may change, in each run."""
    path = tmp_path / "password"
    path.write_text(SECRET)
    path.chmod(0o600)
    assert (faults(workload(path)), targets.password(workload(path))) == ({}, SECRET)
    path.chmod(mode)
    said = f"others can read it; run `chmod 600 {path}`"
    assert faults(workload(path)) == {"password_file": said}
    result = run(workload(path), Children())
    assert (result.outcome, result.detail) == ("failed", f"password_file: {said}")


def test_what_is_no_password_is_not_read(tmp_path: Path) -> None:
    """A pipe would be waited for, and a large file is a slip of the pen."""
    os.mkfifo(tmp_path / "pipe", 0o600)
    large = tmp_path / "large"
    large.write_bytes(bytes(65_537))
    large.chmod(0o600)
    for path, said in ((tmp_path / "pipe", "is not a file"), (large, "holds more than 65536 bytes")):
        assert faults(workload(path))["password_file"].startswith(said)
        assert str(run(workload(path), Children()).detail).startswith(f"password_file: {said}")


@pytest.fixture
def credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as systemd hands it over: that we may read it says an access list, seen as a group's."""
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "shop").write_text(SECRET)
    (folder / "shop").chmod(0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    return folder


def test_a_password_may_be_a_credential_of_systemd(tmp_path: Path, credentials: Path) -> None:
    """By the variable that names their folder, which a config cannot know; or by its whole path."""
    text = SQL.format(url="postgresql://me@h/d") + 'password_file = "$CREDENTIALS_DIRECTORY/shop"\n'
    assert config_faults(tmp_path, text) == []
    for path in (tmp_path / "$CREDENTIALS_DIRECTORY/shop", credentials / "shop"):
        assert (faults(workload(path)), targets.password(workload(path))) == ({}, SECRET)
    (credentials / "shop").chmod(0o444)
    assert "others can read it" in faults(workload(credentials / "shop"))["password_file"]


def test_a_credential_that_nobody_handed_over_fails_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The config is right nevertheless: `collector check` is no service, and has none."""
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    asking = workload(tmp_path / "$CREDENTIALS_DIRECTORY/shop")
    assert faults(asking) == {}
    said = "$CREDENTIALS_DIRECTORY of password_file is not set; LoadCredential= of a unit sets it"
    assert run(asking, Children()).detail == said


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[socket.socket]:
    """A socket at the place where libpq looks for a server of ``host=tmp_path``."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / ".s.PGSQL.5432"))
        server.listen()
        server.settimeout(20)
        yield server


def told_of(pid: int) -> bytes:
    """What every user of the machine may see of a process, and what its own user may besides."""
    folder = Path(f"/proc/{pid}")
    return (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()


@pytest.mark.parametrize("place", ["file", "variable"])
def test_no_process_carries_a_password_in_its_words_or_variables(
    tmp_path: Path, listening: socket.socket, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Looked at while a query waits for its server: the runner, and the process that has the password."""
    path = tmp_path / "password"
    path.write_text(SECRET)
    path.chmod(0o600)
    monkeypatch.setenv("SHOP_PASSWORD", SECRET)
    where: dict[str, Any] = {"password_file": path} if place == "file" else {"password_env": "SHOP_PASSWORD"}
    url = f"postgresql://me@/d?host={tmp_path}"
    asking = made(Sql, database=url, query="SELECT 1", timeout=20, **where)
    before = set(descendants(os.getpid()))
    thread = threading.Thread(target=run, args=(asking, Children()))
    thread.start()
    connection, _ = listening.accept()
    found = [told_of(pid) for pid in set(descendants(os.getpid())) - before]
    connection.close()
    thread.join(20)
    assert any(b"runner.main" in told for told in found)
    assert any(b"sql_child.main" in told for told in found)
    assert [told for told in found if SECRET.encode() in told] == []
