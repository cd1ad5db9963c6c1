"""What systemd asks of a service: notify, watchdog, journal priorities, its folders.

Written by hand since the protocol is fifteen lines; source: sd_notify(3), systemd.exec(5).
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

SEND_SECONDS = 1.0


def notify(*lines: str) -> bool:
    """Send ``READY=1`` and the like to systemd; False when nobody listens. Never raises."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]  # an abstract socket is written with @ in the environment
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
            sock.settimeout(SEND_SECONDS)  # whoever listens and does not read must not hold us up
            sock.sendto("\n".join(lines).encode(errors="replace"), address)
    except OSError:
        return False
    return True


def watchdog_seconds() -> float | None:
    """How often systemd wants to hear from us, or None when it does not watch this process."""
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    return int(microseconds) / 1e6 if microseconds.isdecimal() and int(microseconds) else None


def stderr_is_journal() -> bool:
    """Whether stderr is connected to the journal, so that ``<4>`` before a line is its priority."""
    try:
        device, _, inode = os.environ.get("JOURNAL_STREAM", "").partition(":")
        stat = os.fstat(2)
        return (stat.st_dev, stat.st_ino) == (int(device), int(inode))
    except (ValueError, OSError):
        return False


def state_directory() -> Path | None:
    """The folder systemd made for a system service (``StateDirectory=``), if it did."""
    first = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    return Path(first) if first else None
