"""What a child sees of our environment."""

from __future__ import annotations

import pytest

from collector.workloads.environment import environment


def test_a_short_list_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Locale and home, no tokens, no passwords, no agents."""
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("LC_TIME", "C")
    monkeypatch.setenv("API_TOKEN", "x")
    monkeypatch.setenv("SSH_AUTH_SOCK", "/x")
    found = environment()
    assert (found["HOME"], found["LC_TIME"]) == ("/home/me", "C")
    assert not {"API_TOKEN", "SSH_AUTH_SOCK"} & found.keys()


def test_a_config_adds_by_name_and_by_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is not set here is left out; a value may hold an equals sign."""
    monkeypatch.setenv("API_TOKEN", "x")
    monkeypatch.delenv("ABSENT", raising=False)
    found = environment(("API_TOKEN", "ABSENT", "MODE=a=b", "EMPTY="))
    assert (found["API_TOKEN"], found["MODE"], found["EMPTY"]) == ("x", "a=b", "")
    assert "ABSENT" not in found


@pytest.mark.parametrize(
    "name",
    ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "JOURNAL_STREAM", "INVOCATION_ID",
     "CREDENTIALS_DIRECTORY"],
)  # fmt: skip
def test_what_systemd_tells_us_is_never_passed_on(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Not even where a config asks for it: a child must not speak to systemd in our name."""
    monkeypatch.setenv(name, "x")
    assert name not in environment()
    assert name not in environment((name,))
    assert name not in environment((f"{name}=x",))


def test_there_is_always_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise nothing could be found."""
    monkeypatch.delenv("PATH", raising=False)
    assert environment()["PATH"]
