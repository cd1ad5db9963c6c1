"""A config file in a folder of its own, and two small kinds of workload."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.errors import ConfigError
from collector.settings import Settings, Text, WorkloadSettings, load
from collector.units import Duration, Size


class Sleep(WorkloadSettings, frozen=True, kw_only=True):
    """A kind whose own rule is that it sleeps less than its timeout."""

    seconds: Duration
    keep: Size | None = None

    def faults(self) -> Iterator[tuple[str, str]]:
        """The common rules, and its own."""
        yield from super().faults()
        if self.seconds >= self.timeout:
            yield "seconds", "must be shorter than the timeout"


class Fetch(WorkloadSettings, frozen=True, kw_only=True):
    """A kind that is given what may hold a password."""

    url: Text
    argv: tuple[Text, ...] = ()
    retries: int = 0
    verify: bool = True
    weight: float = 1.0
    database: Text | None = None


KINDS: dict[str, type[WorkloadSettings]] = {"sleep": Sleep, "fetch": Fetch}
SAMPLERS = ("cpu", "memory", "disk")


class Config:
    """``c.toml`` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "c.toml"

    def load(self, text: str) -> Settings:
        """Write the file and load it."""
        self.path.write_text(text, encoding="utf-8")
        self.path.chmod(0o600)  # whatever the umask of whoever runs this
        return self.again()

    def again(self) -> Settings:
        """Load the file as it is."""
        return load(self.path, KINDS, cron_fault=cron_fault, samplers=SAMPLERS)

    def faults(self, text: str) -> list[str]:
        """Each fault as a person reads it."""
        with pytest.raises(ConfigError) as caught:
            self.load(text)
        return [str(problem) for problem in caught.value.problems]

    def fault(self, text: str) -> str:
        """The only fault."""
        (fault,) = self.faults(text)
        return fault


def cron_fault(expression: str) -> str | None:
    """A check of cron expressions that needs no scheduler."""
    return None if len(expression.split()) == 5 else "must have five fields"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """Nothing of the machine's own settings is looked at."""
    for variable in ("COLLECTOR_CONFIG", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "STATE_DIRECTORY"):
        monkeypatch.delenv(variable, raising=False)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    return Config(tmp_path)
