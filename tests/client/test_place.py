"""Where the client looks for the daemon: where a daemon with the same settings listens."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector import config_file
from collector.client import Client, place
from collector.settings import load
from tests.client.conftest import Peer, settled


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without anything in it."""
    for name in (
        "COLLECTOR_SOCKET",
        "COLLECTOR_CONFIG",
        "XDG_CONFIG_HOME",
        "XDG_STATE_HOME",
        "STATE_DIRECTORY",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def write(path: Path, text: str) -> Path:
    """A file with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_path_that_is_given_is_taken(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before all else."""
    monkeypatch.setenv("COLLECTOR_SOCKET", "/elsewhere")
    assert place.find(home / "s") == home / "s"
    assert place.find(Path("~/s")) == home / "s"


def test_the_environment_comes_before_the_config(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So one application can report to another recorder."""
    write(home / ".config/collector/collector.toml", '[collector]\nsocket = "/of/the/config"')
    monkeypatch.setenv("COLLECTOR_SOCKET", "~/of/the/environment")
    assert place.find(None) == home / "of/the/environment"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[collector]",
        '[collector]\nsocket = "/run/x.sock"',
        '[collector]\nsocket = "near.sock"\ndatabase = "x.db"',
        '[collector]\nsocket = "~/at/home.sock"',
        '[collector]\ndatabase = "/var/lib/x/machine.db"',
        '[collector]\ndatabase = "../up.sqlite3"',
        '[collector]\ndatabase = "~/x.db"',
        '[sampling]\nevery = "1s"',
    ],
)
@pytest.mark.parametrize("state", [None, "state", "/state"])
@pytest.mark.parametrize("where", ["home", "xdg", "named", "linked"])
def test_the_place_is_that_of_a_daemon_with_these_settings(
    home: Path, monkeypatch: pytest.MonkeyPatch, text: str, state: str | None, where: str
) -> None:
    """Every rule of the settings, told twice, is the same rule."""
    if state:
        monkeypatch.setenv("XDG_STATE_HOME", state)
    if where == "xdg":
        monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "xdg"))
    elif where != "home":
        monkeypatch.setenv("COLLECTOR_CONFIG", "~/named/c.toml")
    folder = {"home": ".config/collector", "xdg": "xdg/collector", "named": "named", "linked": "real"}[where]
    made = write(home / folder / ("c.toml" if where in ("named", "linked") else "collector.toml"), text)
    if where == "linked":
        (home / "named").symlink_to(made.parent)
    assert config_file.find(None) is not None
    assert place.find(None) == load(None, {}).socket


@pytest.mark.parametrize(
    "text", ["not TOML", "[collector]\nsocket = 3", "collector = 1", "a = " + "[" * 5000]
)
def test_a_config_that_is_no_good_says_nothing(home: Path, text: str) -> None:
    """The daemon would not run with it either."""
    write(home / ".config/collector/collector.toml", text)
    assert place.find(None) == home / ".local/state/collector/run/collector.sock"


def test_a_config_that_is_not_there_says_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does one that is a folder."""
    for named in (home / "none.toml", home):
        monkeypatch.setenv("COLLECTOR_CONFIG", str(named))
        assert place.find(None) == home / ".local/state/collector/run/collector.sock"


def test_without_a_config_it_is_the_default_place(home: Path) -> None:
    """As `Settings` has it."""
    if config_file.find(None) is None:  # there may be one in /etc
        assert place.find(None) == load(None, {}).socket


def test_the_place_is_found_when_the_first_record_is_sent(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not when the client is made: an application may set its environment later."""
    client = Client()
    monkeypatch.setenv("COLLECTOR_SOCKET", str(home / "late.sock"))
    peer = Peer(home / "late.sock").start()
    client.record("skill")
    assert settled(client)["committed"] == 1
    client.close()
    peer.stop()


def test_a_path_longer_than_a_socket_address_works(tmp_path: Path) -> None:
    """And one that is impossible is like a daemon that is absent."""
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    peer = Peer(deep / "c.sock").start()
    with Client(peer.path) as client:
        client.record("skill")
        assert settled(client)["committed"] == 1
    peer.stop()
    with Client("/x\0y") as client:
        client.record("skill")
    assert client.counters()["dropped"] == 1
