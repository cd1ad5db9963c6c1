"""``collector service``: the unit files, and putting them in place. No systemd is ever asked here.

A small script stands in for systemctl: it writes down what it was called with and answers what it is told.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from collector.service import unit
from collector.service.bytecode import compile_part, parts
from tests.cli.conftest import Said

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
NO_BUS = "Failed to connect to bus: No medium found"
Service = Callable[..., Said]

SYSTEMCTL = """\
#!/bin/sh
echo "$*" >> "{folder}/calls"
case "$*" in
  *"$REFUSED"*) [ -n "$REFUSED" ] && {{ echo "Access denied" >&2; exit 4; }} ;;
esac
[ -n "$REACHABLE" ] || {{ echo "{no_bus}" >&2; exit 1; }}
case "$*" in *UnitFileState*) printf 'UnitFileState=enabled\\nActiveState=%s\\nSubState=running\\n' "$ACTIVE"
  printf 'MainPID=4121\\nActiveEnterTimestamp=Tue 2026-03-17 14:05:03 CET\\nStatusText=recording\\n' ;; esac
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the stand-in lives, and the user's units go."""
    script = tmp_path / "bin/systemctl"
    script.parent.mkdir()
    script.write_text(SYSTEMCTL.format(folder=tmp_path, no_bus=NO_BUS), encoding="utf-8")
    script.chmod(0o755)
    return tmp_path


@pytest.fixture
def service(folder: Path) -> Service:
    """Runs `collector service` as a real process with the stand-in in front of PATH."""

    def run(*words: str, **environment: str) -> Said:
        path = f"{folder / 'bin'}:{os.environ['PATH']}"
        given = {**os.environ, "PATH": path, "XDG_CONFIG_HOME": str(folder / "config"), **environment}
        done = subprocess.run(
            [sys.executable, "-m", "collector", "service", *words],
            capture_output=True, text=True, timeout=60, check=False, env=given,
        )  # fmt: skip
        return Said(done.returncode, done.stdout, done.stderr)

    return run


def calls(folder: Path) -> list[str]:
    """What systemctl was called with, but for questions."""
    called = (folder / "calls").read_text().splitlines() if (folder / "calls").exists() else []
    return [line for line in called if " show " not in f" {line} "]


def installed(folder: Path) -> Path:
    """Where the user's unit belongs."""
    return folder / "config/systemd/user/collector.service"


def test_install_writes_the_unit_and_starts_it(folder: Path, service: Service) -> None:
    """With the full path of this environment's program in it."""
    said = service("install", REACHABLE="1")
    assert (said.code, said.err) == (0, "")
    program = Path(sys.executable).with_name("collector")
    assert f"ExecStart={program} run" in installed(folder).read_text().splitlines()
    assert calls(folder) == ["--user daemon-reload", "--user enable --now collector.service"]
    assert "collector status" in said.out


def test_a_running_service_is_started_anew(folder: Path, service: Service) -> None:
    """`enable --now` would leave the old one running."""
    service("install", REACHABLE="1", ACTIVE="active")
    assert calls(folder)[-1] == "--user restart collector.service"


def test_without_a_reachable_systemd_it_says_what_to_run(folder: Path, service: Service) -> None:
    """As in a container: the unit is there, and the exact commands are told."""
    said = service("install")
    assert said.code == 0
    assert f"no systemd can be asked from here ({NO_BUS})" in said.out
    assert said.lines[-2:] == [
        "  systemctl --user daemon-reload",
        "  systemctl --user enable --now collector.service",
    ]
    assert installed(folder).exists()
    assert calls(folder) == []


def test_what_systemctl_refuses_is_told(service: Service) -> None:
    """In its own words, with where to look."""
    said = service("install", REACHABLE="1", REFUSED="enable")
    assert said.code == 1
    assert "`systemctl --user enable --now collector.service` failed: Access denied" in said.err
    assert "journalctl --user -u collector" in said.err


def test_uninstall_reverses_it(folder: Path, service: Service) -> None:
    """Stopped, removed, forgotten; doing it twice is fine."""
    service("install", REACHABLE="1")
    said = service("uninstall", REACHABLE="1")
    assert (said.code, said.err) == (0, "")
    assert calls(folder)[-2:] == ["--user disable --now collector.service", "--user daemon-reload"]
    assert not installed(folder).exists()
    again = service("uninstall", REACHABLE="1")
    assert (again.code, again.out.startswith("not installed")) == (0, True)


def test_status_is_told_in_words(folder: Path, service: Service) -> None:
    """Installed, enabled, active; exit status 1 when it is not so."""
    before = service("status", REACHABLE="1")
    assert (before.code, before.out.startswith("not installed: ")) == (1, True)
    service("install")
    unreachable = service("status")
    assert (unreachable.code, NO_BUS in unreachable.out) == (0, True)
    running = service("status", REACHABLE="1", ACTIVE="active")
    assert running.code == 0
    assert running.out == (
        f"installed as {installed(folder)} · enabled · active (running) since Tue 2026-03-17 14:05:03 CET"
        " · pid 4121 · recording\n"
    )
    assert service("status", REACHABLE="1", ACTIVE="failed").code == 1
    document = service("status", "--json", REACHABLE="1", ACTIVE="active").json
    assert (document["installed"], document["enabled"], document["active"]) == (True, "enabled", "active")


def test_the_machines_unit_can_be_printed_by_anybody(service: Service) -> None:
    """And is not written by that."""
    said = service("install", "--system", "--print")
    assert said.code == 0
    assert "DynamicUser=yes" in said.out
    assert re.search(r"^ExecStart=/.* run$", said.out, re.MULTILINE)


def test_a_folder_that_cannot_be_written_is_a_sentence(folder: Path, service: Service) -> None:
    """Here a file stands in its way."""
    (folder / "config").write_text("")
    said = service("install")
    assert (said.code, "Traceback" in said.err) == (1, False)
    assert str(installed(folder)) in said.err


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("/opt/c/bin/collector", "/opt/c/bin/collector"),
        ("/home/me/my tools/collector", '"/home/me/my tools/collector"'),
        ("/a/100%/$HOME", "/a/100%%/$$HOME"),
        ('/a"b\\c', '"/a\\"b\\\\c"'),
        ("/größe", '"/größe"'),
    ],
)
def test_paths_are_quoted_as_systemd_reads_them(word: str, expected: str) -> None:
    """Spaces and quotes, and the characters that it would replace."""
    assert expected == unit.quoted(word)


def test_a_config_is_named_by_its_full_path(tmp_path: Path) -> None:
    """The service has another working directory."""
    text = unit.render(system=False, config=Path("some.toml"), program=tmp_path)
    assert f"run --config {Path.cwd() / 'some.toml'}" in text
    assert f"ExecStart={sys.executable} -m collector run" in text


@pytest.mark.parametrize("name", ["collector.service", "collector-user.service"])
def test_the_listing_at_the_top_shows_the_packaged_units(name: str) -> None:
    """`systemd/` holds the very files that a wheel carries."""
    assert (ROOT / "systemd" / name).read_text() == (ROOT / "collector/service" / name).read_text()


@pytest.fixture
def analyze(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """systemd-analyze, which looks at files and asks no running systemd."""
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")

    def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, *map(str, words)], capture_output=True, text=True, timeout=60, check=False,
            env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path), "SYSTEMD_PAGER": "cat"},
        )  # fmt: skip

    return run


@pytest.mark.parametrize(("system", "scope"), [(True, "--system"), (False, "--user")])
@pytest.mark.parametrize("rendered", [True, False])
def test_systemd_finds_no_fault_in_the_units(
    analyze: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path: Path,
    system: bool,
    scope: str,
    rendered: bool,
) -> None:
    """`verify` exits with 0 on unknown keys, so nothing printed is what counts."""
    path = tmp_path / "collector.service"
    name = "collector.service" if system else "collector-user.service"
    path.write_text(unit.render(system=system) if rendered else (ROOT / "systemd" / name).read_text())
    found = analyze(scope, "verify", path)
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


def test_the_machines_service_is_well_shut_in(
    analyze: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    """An exposure of at most 2.0, where a bare unit has 9.6."""
    path = tmp_path / "collector.service"
    path.write_text(unit.render(system=True))
    found = analyze("security", "--offline=true", "--no-pager", path)
    level = re.search(r"Overall exposure level for \S+: ([\d.]+)", found.stdout)
    assert level is not None
    assert float(level[1]) <= 2.0


@pytest.mark.parametrize(
    "key",
    [
        "Type=notify",
        "NotifyAccess=main",
        "WatchdogSec=60",
        "ExecReload=/bin/kill -HUP $MAINPID",
        "Restart=on-failure",
        "KillMode=mixed",
        "TimeoutStopSec=15",
    ],
)
def test_both_units_say_how_the_recorder_is_run(key: str) -> None:
    """Notify, watchdog, reload, restart and stop are the same for both."""
    for system in (True, False):
        assert key in unit.render(system=system).splitlines()


def test_the_machines_unit_hides_nothing_that_is_recorded() -> None:
    """ProcSubset=pid and ProtectProc=invisible would blind the samplers, a nice value the timings."""
    for system in (True, False):
        keys = {line.partition("=")[0] for line in unit.render(system=system).splitlines()}
        assert not keys & {"ProcSubset", "ProtectProc", "PrivateNetwork", "Nice", "IOSchedulingClass"}


def test_bytecode_is_made_for_whatever_lacks_it(tmp_path: Path) -> None:
    """Packages and single modules; what is no Python is left."""
    package = tmp_path / "package"
    package.mkdir()
    for path in (package / "__init__.py", tmp_path / "module.py"):
        path.write_text("x = 1\n")
    (tmp_path / "broken.py").write_text("def (:\n")
    (tmp_path / "data.txt").write_text("x")
    for item in tmp_path.iterdir():
        compile_part(item)
    assert sorted(path.name.split(".")[0] for path in tmp_path.rglob("*.pyc")) == ["__init__", "module"]


def test_the_whole_environment_is_looked_at() -> None:
    """The libraries, and this package itself where it is a checkout."""
    names = {part.name for part in parts()}
    assert names >= {"collector", "peewee.py", "psutil"}


def test_a_program_behind_a_closed_folder_is_found_out(tmp_path: Path) -> None:
    """The service's own user could not start it."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    found = unit.closed_to_others(closed / "bin/collector")
    assert found is not None
    assert found.stat().st_mode & 0o001 == 0
    assert unit.closed_to_others(Path("/usr/bin/env")) is None


def test_a_config_that_is_not_taken_is_not_installed(service: Service, folder: Path) -> None:
    """It would fail at every start; its faults are told, and nothing is written."""
    broken = folder / "c.toml"
    broken.write_text('[sampling]\nevery = "never"\n', encoding="utf-8")
    for config, fault in ((broken, "every"), (folder / "nosuch.toml", "nosuch.toml")):
        said = service("install", "--config", str(config))
        assert (said.code, said.out) == (2, "")
        assert fault in said.err
    assert not (folder / "config").exists()
