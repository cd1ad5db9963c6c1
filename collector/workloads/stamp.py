"""What a run is stamped with: the commit of its folder, this boot, this machine."""

from __future__ import annotations

import os
import select
import subprocess
import time
from pathlib import Path

from collector import ownership
from collector.lean import CRYPTO, without
from collector.workloads.environment import environment

with without(*CRYPTO):
    import hashlib

GIT_SECONDS = 2.0
# The header and the first changes; more is not needed to know that there are changes.
GIT_BYTES = 64 << 10

UNKNOWN = "unknown"


def git_stamp(cwd: Path | None) -> tuple[str | None, bool | None]:
    """The commit that is checked out in ``cwd``, and whether tracked files were changed since.

    (None, None) outside a repository, without git, or when it takes longer than two seconds. Also for root
    in a repository that others can change: its config names programs (filters) that a look may start.
    """
    repository = None if cwd is None else _repository(cwd)
    if cwd is None or repository is None:
        return None, None
    if os.geteuid() == 0 and ownership.faults(repository / "config"):
        return None, None
    return parse_status(_git_status(cwd))


def parse_status(text: str) -> tuple[str | None, bool | None]:
    """Read ``git status --porcelain=v2 --branch``. Pure. Source: git-status(1)."""
    lines = text.splitlines()
    commits = [line.split()[2] for line in lines if line.startswith("# branch.oid ")]
    if not commits:
        return None, None
    # "(initial)" stands there before the first commit.
    return commits[0] if commits[0].isalnum() else None, any(not line.startswith("#") for line in lines)


def boot_id() -> str:
    """The kernel's id of this boot. Source: random(4)."""
    return _first_line("/proc/sys/kernel/random/boot_id")


def machine_id_hash() -> str:
    """Tells machines apart and names none: a keyed hash of the machine's id, as machine-id(5) asks."""
    name = _first_line("/etc/machine-id").encode()
    return hashlib.blake2b(name, key=b"collector machine", digest_size=16).hexdigest()


def _first_line(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii").strip() or UNKNOWN
    except (OSError, UnicodeDecodeError):
        return UNKNOWN


def _repository(cwd: Path) -> Path | None:
    """The ``.git`` that git would find; most folders are in none, and starting git costs milliseconds."""
    try:
        places = (folder / ".git" for folder in (cwd, *cwd.absolute().parents))
        return next((place for place in places if place.exists()), None)
    except OSError:
        return None


def _git_status(cwd: Path) -> str:
    """What git says, as far as it is needed; empty when it fails or takes too long."""
    # Neither a lock nor a program of the repository's own choice (fsmonitor): we only look.
    command = ["git", "-c", "core.fsmonitor=false", "--no-optional-locks", "-C", str(cwd)]
    command += ["status", "--porcelain=v2", "--branch", "--untracked-files=no"]
    try:
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment() | {"LC_ALL": "C"},
        ) as git:
            try:
                return _read(git)
            finally:
                git.kill()
    except OSError:
        return ""


def _read(git: subprocess.Popen[bytes]) -> str:
    assert git.stdout is not None
    pipe = git.stdout.fileno()
    ready = select.poll()
    ready.register(pipe, select.POLLIN)
    deadline = time.monotonic() + GIT_SECONDS
    data = b""
    while len(data) < GIT_BYTES:
        if not ready.poll(max(0.0, deadline - time.monotonic()) * 1000):
            return ""
        chunk = os.read(pipe, GIT_BYTES)
        if not chunk:
            break
        data += chunk
    return data.decode(errors="replace")
