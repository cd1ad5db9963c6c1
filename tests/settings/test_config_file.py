"""The config file as a file: found in order, readable, and writable by nobody else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from collector import config_file
from collector.errors import ConfigError
from tests.settings.conftest import Config

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
SOMEBODY = 65534


def test_the_named_file_comes_first_then_the_environment_then_home(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is looked for only when those before it are not given."""
    places = {}
    for name in ("explicit", "environment", "xdg/collector/collector", "home/.config/collector/collector"):
        places[name] = config.folder / f"{name}.toml"
        places[name].parent.mkdir(parents=True, exist_ok=True)
        places[name].write_text("")
    explicit, environment, xdg, home = places.values()
    assert config_file.find(None) == home
    monkeypatch.setenv("XDG_CONFIG_HOME", str(config.folder / "xdg"))
    assert config_file.find(None) == xdg
    monkeypatch.setenv("COLLECTOR_CONFIG", str(environment))
    assert config_file.find(None) == environment
    assert config_file.find(explicit) == explicit


def test_a_relative_xdg_folder_is_ignored(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon must not take its commands from wherever it was started."""
    monkeypatch.chdir(config.folder)
    (config.folder / "xdg/collector").mkdir(parents=True)
    (config.folder / "xdg/collector/collector.toml").write_text("")
    monkeypatch.setenv("XDG_CONFIG_HOME", "xdg")
    assert config_file.find(None) is None


@pytest.mark.parametrize("key", ["--config", "$COLLECTOR_CONFIG"])
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nowhere.toml", "there is no such file"),
        ("home", "is a directory, not a config file"),
        ("x" * 300, "File name too long"),
        ("~no-such-user/c.toml", "there is no such file"),
    ],
)
def test_a_file_that_was_named_and_is_not_there_is_a_fault(
    config: Config, monkeypatch: pytest.MonkeyPatch, key: str, name: str, reason: str
) -> None:
    """The defaults are no answer to a slip of the pen; the fault says who named it."""
    path = Path(name) if name.startswith("~") else config.folder / name
    if key == "$COLLECTOR_CONFIG":
        monkeypatch.setenv("COLLECTOR_CONFIG", str(path))
    with pytest.raises(ConfigError) as caught:
        config_file.find(path if key == "--config" else None)
    assert [str(problem) for problem in caught.value.problems] == [f"{key}: {reason}"]


def test_a_config_of_the_users_that_leads_nowhere_is_a_fault(config: Config) -> None:
    """A dangling link is not the wish to have no config."""
    place = config.folder / "home/.config/collector/collector.toml"
    place.parent.mkdir(parents=True)
    place.symlink_to(config.folder / "gone.toml")
    with pytest.raises(ConfigError, match=r"collector\.toml: 1 fault"):
        config_file.find(None)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a = \n", "line 1: not TOML: Invalid value"),
        (
            "[sampling]\nevery = 5s\n",
            "line 2: not TOML: Expected newline or end of document after a statement",
        ),
        ("[a]\n[a]\n", "line 2: not TOML: Cannot declare ('a',) twice"),
        ("a = [1,\n", "not TOML: "),
        ("a = " + "1" * 5000 + "\n", "not usable: Exceeds the limit"),
        ("a = " + "[" * 5000 + "\n", "not usable: "),
    ],
)
def test_what_is_no_toml_is_told_with_its_line(config: Config, text: str, fault: str) -> None:
    """Whatever makes it unreadable."""
    assert config.fault(text).startswith(fault)


def test_what_is_not_utf8_is_told_with_its_line(config: Config) -> None:
    """An editor may write another encoding."""
    config.path.write_bytes(b"[sampling]\n# gr\xf6\xdfer\n")
    with pytest.raises(ConfigError) as caught:
        config.again()
    assert [str(problem) for problem in caught.value.problems] == ["line 2: not UTF-8: byte 15 is none"]


def test_line_ends_of_other_systems_are_read(config: Config) -> None:
    """And counted right."""
    config.path.write_bytes(b'[sampling]\r\nevery = "1s"\r\n[collector]\r\nzzz = 1\r\n')
    with pytest.raises(ConfigError) as caught:
        config.again()
    assert caught.value.problems[0].line == 4


def refusal(config: Config) -> dict[str, str]:
    """What is wrong with the place, by path."""
    with pytest.raises(ConfigError) as caught:
        config_file.read(config.path)
    return {problem.key: problem.message for problem in caught.value.problems}


@pytest.fixture
def written(config: Config) -> Config:
    """A config in a folder below that of the test."""
    folder = config.folder / "etc/collector"
    folder.mkdir(parents=True, mode=0o755)
    inner = Config(folder)
    inner.path.write_text("")
    inner.path.chmod(0o644)
    return inner


def test_a_config_that_only_its_owner_can_write_is_taken(written: Config) -> None:
    """Reading is for everyone."""
    assert config_file.read(written.path) == ({}, {})


@pytest.mark.parametrize("place", ["c.toml", ".", ".."])
def test_a_config_that_everybody_could_write_is_refused(written: Config, place: str) -> None:
    """It names commands that run as this user; the file, its folder or one above it is enough."""
    open_place = (written.folder / place).resolve()
    open_place.chmod(0o777)
    assert refusal(written) == {str(open_place): f"everybody can write it; run `chmod o-w {open_place}`"}


def test_a_sticky_folder_is_no_danger(written: Config) -> None:
    """In /tmp nobody can replace a file that is not theirs."""
    written.folder.chmod(0o1777)
    assert config_file.read(written.path) == ({}, {})


def test_a_sticky_bit_on_the_file_itself_does_not_help(written: Config) -> None:
    """Everybody can still write into it."""
    written.path.chmod(0o1666)
    assert list(refusal(written)) == [str(written.path)]


@as_root
@pytest.mark.parametrize("place", ["c.toml", "."])
def test_a_config_that_a_group_could_write_is_refused(written: Config, place: str) -> None:
    """The file or its folder."""
    shared = (written.folder / place).resolve()
    os.chown(shared, -1, SOMEBODY)
    shared.chmod(0o775)
    assert refusal(written) == {str(shared): f"others in its group can write it; run `chmod g-w {shared}`"}


@as_root
def test_a_group_further_up_may_be_one_of_administrators(written: Config) -> None:
    """As /usr/local belongs to staff."""
    os.chown(written.folder.parent, -1, SOMEBODY)
    written.folder.parent.chmod(0o775)
    assert config_file.read(written.path) == ({}, {})


@as_root
@pytest.mark.parametrize("place", ["c.toml", ".", ".."])
def test_a_config_of_somebody_else_is_refused(written: Config, place: str) -> None:
    """Whoever owns a folder can put another file into it, whatever its mode."""
    theirs = (written.folder / place).resolve()
    os.chown(theirs, SOMEBODY, -1)
    (message,) = refusal(written).values()
    assert message.startswith("belongs to ")
    assert message.endswith("; it must belong to you or root")


def test_a_link_is_judged_by_where_it_leads(written: Config) -> None:
    """The target and its folders, not the link, hold what is read."""
    link = written.folder.parent / "link.toml"
    link.symlink_to(written.path)
    assert config_file.read(link) == ({}, {})
    written.folder.chmod(0o777)
    with pytest.raises(ConfigError):
        config_file.read(link)


def test_several_faults_of_the_place_are_told_at_once(written: Config) -> None:
    """One chmod after the other would be tedious."""
    written.path.chmod(0o666)
    written.folder.chmod(0o777)
    assert list(refusal(written)) == [str(written.path), str(written.folder)]
