"""The small application that the example config measures."""

from __future__ import annotations

import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

APP = Path(__file__).parents[2] / "config/example/app.py"


def test_a_taken_port_is_told_in_one_line() -> None:
    """No traceback, whoever holds the port: we, or what held it before us."""
    with socket.socket() as holder:
        with suppress(OSError):
            holder.bind(("127.0.0.1", 8765))
            holder.listen()
        ended = subprocess.run([sys.executable, APP], capture_output=True, text=True, timeout=20, check=False)
    assert (ended.returncode, ended.stderr) == (1, "port 8765 is taken\n")
