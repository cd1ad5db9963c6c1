"""Talking to systemd through systemctl, as far as there is one to talk to."""

from __future__ import annotations

import subprocess

from collector.errors import CollectorError

_SECONDS = 60.0
_SHOWN = ("UnitFileState", "ActiveState", "SubState", "MainPID", "ActiveEnterTimestamp", "StatusText")


def command(*words: str, system: bool) -> list[str]:
    """What a person would type for it."""
    return ["systemctl", *([] if system else ["--user"]), *words]


def unreachable(*, system: bool) -> str:
    """Why no systemd can be asked here, in its own words; empty when one can."""
    code, _, complaint = _call(*command("show", "--property=Version", system=system))
    return "" if code == 0 else complaint.strip().split("\n")[0] or "systemctl fails"


def do(*words: str, system: bool) -> None:
    """Have it done; raises CollectorError with what systemctl says when it is not."""
    code, _, complaint = _call(*command(*words, system=system))
    if code != 0:
        journal = "journalctl" if system else "journalctl --user"
        raise CollectorError(
            f"`{' '.join(command(*words, system=system))}` failed: {complaint.strip() or f'status {code}'}",
            hint=f"see `{journal} -u collector`",
        )


def show(unit: str, *, system: bool) -> dict[str, str]:
    """What systemd knows of a unit; empty when nobody answers."""
    code, told, _ = _call(*command("show", f"--property={','.join(_SHOWN)}", unit, system=system))
    pairs = (line.partition("=") for line in told.splitlines()) if code == 0 else ()
    return {key: value for key, _, value in pairs}


def _call(*words: str) -> tuple[int, str, str]:
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except FileNotFoundError:
        return 127, "", "there is no systemctl on this machine"
    except subprocess.TimeoutExpired:
        return 124, "", f"no answer within {_SECONDS:.0f} s"
    return done.returncode, done.stdout, done.stderr
