"""What a good config becomes: frozen structs, absolute paths, and defaults without any file."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.errors import CollectorError
from collector.settings import Settings, default_folder, load
from tests.settings.conftest import KINDS, Config, Fetch, Sleep

FULL = """\
[collector]
database = "data/c.db"
durability = "normal"

[sampling]
every = "1s"
on_battery = "30s"
off = ["disk"]
processes = { every = "1m", top = 5 }

[slow]
query = "50ms"

[log]
level = "debug"

[runs]
parallel = 2

[[workloads]]
name = "nap"
kind = "sleep"
seconds = "100ms"
every = "1h30m"
keep = "64KiB"

[[workloads]]
name = "health"
kind = "fetch"
url = "http://127.0.0.1:8000/health"
cron = "0 3 * * *"
timeout = "10s"
budget = "250ms"
env = ["PATH", "LANG=C"]
"""


def test_a_full_config_becomes_settings(config: Config) -> None:
    """Times are seconds, sizes bytes, workloads of their kind's own type."""
    settings = config.load(FULL)
    assert settings.path == config.path
    assert settings.database == config.folder / "data/c.db"
    assert settings.collector.durability == "normal"
    assert (settings.sampling.every, settings.sampling.on_battery, settings.sampling.off) == (
        1.0,
        30.0,
        ("disk",),
    )
    assert (settings.sampling.processes.every, settings.sampling.processes.top) == (60.0, 5)
    assert (settings.slow.query, settings.log.level, settings.runs.parallel) == (0.05, "debug", 2)
    nap, health = settings.workloads
    assert isinstance(nap, Sleep)
    assert (nap.seconds, nap.every, nap.keep, nap.timeout) == (0.1, 5400.0, 65536, 600.0)
    assert isinstance(health, Fetch)
    assert (health.cron, health.timeout, health.budget, health.env) == (
        "0 3 * * *",
        10.0,
        0.25,
        ("PATH", "LANG=C"),
    )


def test_settings_are_frozen(config: Config) -> None:
    """They travel between threads."""
    settings = config.load("")
    with pytest.raises(AttributeError):
        settings.sampling.every = 3  # type: ignore[misc, assignment]


def test_an_empty_config_has_the_defaults_and_no_workloads(config: Config) -> None:
    """Like none at all, but for its path."""
    assert config.load("") == Settings(path=config.path)


def test_without_any_config_the_defaults_record_the_machine(config: Config) -> None:
    """The database goes to the user's own state folder."""
    settings = load(None, KINDS)
    assert settings == Settings(path=None)
    assert settings.database == config.folder / "home/.local/state/collector/collector.db"
    assert settings.socket == config.folder / "home/.local/state/collector/run/collector.sock"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("c.db", "{folder}/c.db"),
        ("../c.db", "{folder}/../c.db"),
        ("/var/lib/c.db", "/var/lib/c.db"),
        ("~/c.db", "{folder}/home/c.db"),
        ("~", "{folder}/home"),
    ],
)
def test_a_path_counts_from_the_folder_of_the_config(config: Config, written: str, meant: str) -> None:
    """Not from wherever the daemon was started; ``~`` is home."""
    settings = config.load(f'[collector]\ndatabase = "{written}"\nsocket = "{written}"\n')
    place = Path(meant.format(folder=config.folder))
    assert (settings.database, settings.socket) == (place.resolve(), place)


def test_a_database_behind_a_link_is_the_file_itself(config: Config) -> None:
    """SQLite keeps the log beside that; its lock must be one, however it is called."""
    (config.folder / "disk").mkdir()
    (config.folder / "c.db").symlink_to(config.folder / "disk" / "c.db")
    settings = config.load('[collector]\ndatabase = "c.db"\n')
    assert settings.database == (config.folder / "disk" / "c.db").resolve()
    assert settings.socket == config.folder / "run" / "c.sock"


def test_the_folder_of_a_linked_config_is_where_the_file_really_is(config: Config) -> None:
    """A config kept among dotfiles brings its own folder along."""
    dotfiles = config.folder / "dotfiles"
    (dotfiles / "work").mkdir(parents=True)
    (dotfiles / "c.toml").write_text(
        '[[workloads]]\nname = "a"\nkind = "fetch"\nurl = "x"\nevery = "1m"\ncwd = "work"\n'
    )
    config.path.symlink_to(dotfiles / "c.toml")
    assert config.again().workloads[0].cwd == dotfiles / "work"


def test_a_url_is_no_path(config: Config) -> None:
    """``database`` of a workload may be either."""
    text = '[[workloads]]\nname = "a"\nkind = "fetch"\nurl = "x"\nevery = "1m"\ndatabase = "{}"\n'
    (workload,) = config.load(text.format("sqlite:///~/app.db")).workloads
    assert isinstance(workload, Fetch)
    assert workload.database == "sqlite:///~/app.db"
    (workload,) = config.load(text.format("app.db")).workloads
    assert isinstance(workload, Fetch)
    assert workload.database == str(config.folder / "app.db")


def test_systemd_says_where_a_service_keeps_its_state(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the user's folders, whose owner a service is not."""
    monkeypatch.setenv("XDG_STATE_HOME", "/somewhere/else")
    assert default_folder() == Path("/somewhere/else/collector")
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/collector")
    assert default_folder() == Path("/var/lib/collector")


def test_a_relative_xdg_folder_is_ignored(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """So says the specification; the record would else be wherever the daemon was started."""
    monkeypatch.setenv("XDG_STATE_HOME", "state")
    assert default_folder() == config.folder / "home/.local/state/collector"


def test_a_user_without_a_home_is_told_to_name_a_place(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container that runs under any user id."""
    monkeypatch.setattr("pathlib.Path.expanduser", _no_home)
    with pytest.raises(CollectorError, match="has no home folder") as caught:
        default_folder()
    assert "database" in caught.value.hint
    assert load(None, KINDS) == Settings(path=None)


def _no_home(path: Path) -> Path:
    raise RuntimeError("Could not determine home directory.")
