"""What the system unit promises: each right that it takes away is one the recorder does without.

Its exposure and what `systemd-analyze verify` says of it are tested with `collector service`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.service import unit
from tests.daemon.conftest import Recorder
from tests.faults.unharmed import until

# Each stands in SECURITY.md's words as well: what no process of the service may do.
TAKEN_AWAY = {
    "CapabilityBoundingSet": "", "AmbientCapabilities": "", "NoNewPrivileges": "yes", "DynamicUser": "yes",
    "ProtectSystem": "strict", "ProtectHome": "read-only", "PrivateTmp": "yes", "PrivateDevices": "yes",
    "DevicePolicy": "closed", "PrivateUsers": "yes", "ProtectClock": "yes", "ProtectControlGroups": "yes",
    "ProtectHostname": "yes", "ProtectKernelLogs": "yes", "ProtectKernelModules": "yes", "RemoveIPC": "yes",
    "ProtectKernelTunables": "yes", "RestrictNamespaces": "yes", "RestrictRealtime": "yes",
    "RestrictSUIDSGID": "yes", "LockPersonality": "yes", "SystemCallArchitectures": "native",
    "RestrictAddressFamilies": "AF_UNIX AF_INET AF_INET6 AF_NETLINK", "StateDirectoryMode": "0700",
}  # fmt: skip


def settings(text: str) -> dict[str, list[str]]:
    """The keys of a unit with all their values."""
    made: dict[str, list[str]] = {}
    for line in text.splitlines():
        key, is_setting, value = line.partition("=")
        if is_setting and not line.startswith("#"):
            made.setdefault(key, []).append(value)
    return made


def test_the_machines_unit_takes_these_rights_away() -> None:
    """One that is dropped, or weakened, must be dropped here and in SECURITY.md, too."""
    given = settings(unit.render(system=True))
    assert {key: given.get(key, []) for key in TAKEN_AWAY} == {k: [v] for k, v in TAKEN_AWAY.items()}
    assert given["SystemCallFilter"] == ["@system-service", "~@privileged"]


@pytest.mark.parametrize("system", [True, False])
def test_no_unit_carries_a_secret_or_runs_a_shell(system: bool) -> None:
    """The environment of a unit is there for everybody to read; a word of ExecStart= is one word."""
    given = settings(unit.render(system=system, config=Path("/etc/a $(b) 'c' %h")))
    assert given["Environment"] == ["MALLOC_ARENA_MAX=1"]
    assert "EnvironmentFile" not in given
    assert given["ExecStart"][0].endswith(""" "/etc/a $$(b) 'c' %%h\"""")


@pytest.fixture
def shut_in(tmp_path: Path) -> Iterator[Recorder]:
    """A daemon without any capability, which no program it runs can get back, as the unit has it."""
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is not installed")
    with tempfile.TemporaryDirectory() as notify_folder:
        recorder = Recorder(tmp_path, notify_folder)
        recorder.configure(
            '[sampling]\nevery = "1s"\n[[workloads]]\nname = "look"\nkind = "command"\nevery = "1s"\n'
            'argv = ["grep", "-E", "CapEff|NoNewPrivs", "/proc/self/status"]\n'
        )
        rights = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"]
        with recorder.log.open("ab") as out:
            recorder.process = subprocess.Popen(
                [*rights, sys.executable, "-m", "collector", "run", "--config", str(recorder.config)],
                env=recorder._environment, stderr=out, stdout=out,
            )  # fmt: skip
        recorder.wait_for(b"READY=1")
        yield recorder
        recorder.end()


def test_the_recorder_records_without_any_capability(shut_in: Recorder) -> None:
    """It samples and runs workloads, which have no right that it lacks."""
    assert shut_in.process is not None
    shut_in.wait_for_event("workload.ran")
    until(lambda: shut_in.rows("SELECT 1 FROM cpu_samples LIMIT 1") == [(1,)], "a sample")
    status = Path(f"/proc/{shut_in.process.pid}/status").read_text()
    assert re.findall(r"(?:CapEff|NoNewPrivs):\t(\w+)", status) == ["0000000000000000", "1"]
    assert shut_in.stop() == 0
    ((outcome, output),) = shut_in.rows("SELECT outcome, output FROM workload_runs LIMIT 1")
    assert (outcome, re.findall(r"\t(\w+)", output)) == ("ok", ["0000000000000000", "1"])


def test_every_test_that_security_md_names_is_there() -> None:
    """A promise without its test is none."""
    root = Path(__file__).parents[2]
    text = (root / "SECURITY.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:tests/(?:\w+/)*)?(?:test_\w+|safe_sql)(?:\.py)?)`", text))
    assert len(named) > 10
    for name in named:
        place = root / name if "/" in name else Path(__file__).parent / f"{name}.py"
        assert place.is_file(), name
