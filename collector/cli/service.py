"""``collector service``: install, show and uninstall the systemd unit."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from collector.commands import config_option, json_option
from collector.errors import CollectorError
from collector.service import systemctl, unit
from collector.service.bytecode import compile_environment
from collector.terminal import print_json, with_progress

system_option = click.option("--system", is_flag=True, help="The machine's service instead of this user's.")


@click.group()
def command() -> None:
    """Install, show and uninstall the systemd service."""


@command.command()
@system_option
@click.option("--print", "only_print", is_flag=True, help="Print the unit file and do nothing else.")
@config_option
def install(system: bool, only_print: bool, config: Path | None) -> None:
    """Install the unit and start it: for this user, or with --system for the machine (as root)."""
    from collector.config import checked  # noqa: PLC0415  # loads every kind of workload and the scheduler

    checked(config)  # a unit with a config that is not taken would fail at every start
    text = unit.render(system=system, config=config)
    if only_print:
        click.echo(text, nl=False)
        return
    _refuse_install(system)
    path = unit.path(system=system)
    _write(path, text)
    click.echo(f"wrote {path}")
    compile_environment(with_progress)
    _start(system)


@command.command()
@system_option
def uninstall(system: bool) -> None:
    """Stop the service and take the unit away; what was recorded stays."""
    path = unit.path(system=system)
    if not path.exists():
        click.echo(f"not installed: there is no {path}")
        return
    reason = systemctl.unreachable(system=system)
    if not reason:
        systemctl.do("disable", "--now", unit.NAME, system=system)
    _remove(path)
    click.echo(f"removed {path}; what was recorded stays")
    if not reason:
        systemctl.do("daemon-reload", system=system)


@command.command()
@system_option
@json_option
def status(system: bool, as_json: bool) -> int:
    """Tell whether the service is installed, enabled and active. Exits with 1 when it is not."""
    found = _state(system)
    if as_json:
        print_json(found)
    else:
        click.echo(_in_words(found))
    return 0 if found["installed"] and found["active"] in ("active", "reloading", None) else 1


def _refuse_install(system: bool) -> None:
    """Raise CollectorError where the unit could not be written, or would not start."""
    if not system:
        return
    if os.geteuid() != 0:
        raise CollectorError(
            "only root can install the machine's service",
            hint="run it with sudo, or write the output of `collector service install --system --print` "
            f"to {unit.path(system=True)} yourself",
        )
    if closed := unit.closed_to_others(Path(sys.executable)):
        raise CollectorError(
            f"the service's own user could not start {sys.executable}: {closed} is closed to others",
            hint="install collector where everybody may read it, such as a virtual environment in /opt",
        )


def _write(path: Path, text: str) -> None:
    """Whole or not at all: systemd may read the folder at any moment."""
    new = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new.write_text(text, encoding="utf-8")
        new.chmod(0o644)
        new.replace(path)
    except OSError as error:
        raise CollectorError(f"{path}: {error.strerror or error}", hint="make its folder writable") from error


def _remove(path: Path) -> None:
    try:
        path.unlink()
    except OSError as error:
        raise CollectorError(f"{path}: {error.strerror or error}", hint="remove it as its owner") from error


def _start(system: bool) -> None:
    """Enable and start it, or say how: a container or an ssh session may have no systemd to ask."""
    steps = [["daemon-reload"], ["enable", "--now", unit.NAME]]
    if reason := systemctl.unreachable(system=system):
        click.echo(f"no systemd can be asked from here ({reason}). Where there is one, run:")
        for step in steps:
            click.echo(f"  {' '.join(systemctl.command(*step, system=system))}")
        return
    if systemctl.show(unit.NAME, system=system).get("ActiveState") == "active":
        steps.append(["restart", unit.NAME])  # `enable --now` leaves the one that runs as it is
    for step in steps:
        systemctl.do(*step, system=system)
    click.echo("the service is enabled and running: ask it with `collector status`")
    if not system:
        click.echo("it stops when you log out, unless you allow it to stay: `loginctl enable-linger`")


def _state(system: bool) -> dict[str, Any]:
    path = unit.path(system=system)
    reason = systemctl.unreachable(system=system)
    told = {} if reason else systemctl.show(unit.NAME, system=system)
    return {
        "installed": path.is_file(),
        "path": str(path),
        "reachable": not reason,
        "reason": reason or None,
        "enabled": told.get("UnitFileState") or None,
        "active": told.get("ActiveState"),
        "sub_state": told.get("SubState"),
        "pid": int(told.get("MainPID") or 0) or None,
        "since": told.get("ActiveEnterTimestamp") or None,
        "says": told.get("StatusText") or None,
    }


def _in_words(found: dict[str, Any]) -> str:
    if not found["installed"]:
        return f"not installed: there is no {found['path']}; `collector service install` makes it"
    if not found["reachable"]:
        return f"installed as {found['path']}; no systemd can be asked from here ({found['reason']})"
    parts = [f"installed as {found['path']}", found["enabled"] or "not enabled"]
    parts.append(
        f"{found['active']} ({found['sub_state']})" + (f" since {found['since']}" if found["since"] else "")
    )
    parts += [f"pid {found['pid']}"] if found["pid"] else []
    parts += [found["says"]] if found["says"] else []
    return " · ".join(parts)
