"""Code that runs inside the daemon on demand: to break a thread as no outside force can.

Python imports `sitecustomize` from PYTHONPATH as it starts; ours waits for orders, in a thread of its own.
"""

from __future__ import annotations

import socket
from pathlib import Path
from types import TracebackType

WAIT_SECONDS = 30.0

_LISTENER = """
import os, socket, sys, threading, traceback

def thread(name):
    return next(each for each in threading.enumerate() if each.name == name)

def owner(name):
    return thread(name)._target.__self__  # whose method the thread runs

def obey(path):
    line = socket.socket(socket.AF_UNIX)
    line.connect(path)
    known = {"thread": thread, "owner": owner}
    while order := line.recv(1 << 16):
        try:
            exec(order, known)
            line.sendall(b"done")
        except BaseException:
            line.sendall(traceback.format_exc().encode())

if path := os.environ.pop("FAULTS_INSIDE", ""):
    threading.Thread(target=obey, args=(path,), name="inside", daemon=True).start()
"""


class Inside:
    """Orders to one process, with files in ``folder``. They may use ``thread(name)`` and ``owner(name)``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / "sitecustomize.py").write_text(_LISTENER, encoding="utf-8")
        self._door = socket.socket(socket.AF_UNIX)
        self._door.bind(str(folder / "inside"))
        self._door.listen(1)
        self._door.settimeout(WAIT_SECONDS)
        self._line: socket.socket | None = None

    def __enter__(self) -> Inside:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._door.close()
        if self._line is not None:
            self._line.close()

    def environment(self) -> dict[str, str]:
        """What the process needs to be started with."""
        return {"PYTHONPATH": str(self._folder), "FAULTS_INSIDE": str(self._folder / "inside")}

    def do(self, code: str) -> None:
        """Run ``code`` there. Raises RuntimeError with what it raised."""
        if self._line is None:
            self._line, _ = self._door.accept()
            self._line.settimeout(WAIT_SECONDS)
        self._line.sendall(code.encode())
        answer = self._line.recv(1 << 16)
        if answer != b"done":
            raise RuntimeError(answer.decode() or "the process has ended")
