"""The private talk over the control socket: length, then a dict in marshal.

Both ends are the same interpreter and belong to the same user, so marshal serves; it is built in.
"""

from __future__ import annotations

import marshal
import os

TYPE_CHECKING = False  # importing typing would cost 3 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

VERSION = 4  # the same from Python 3.4 on: it may be upgraded under a running recorder
CHUNK_BYTES = 64 << 10


def packed(message: dict[str, Any]) -> bytes:
    """A message as it goes over the socket."""
    body = marshal.dumps(message, VERSION)
    return len(body).to_bytes(4, "little") + body


def receive(read: Callable[[int], bytes]) -> dict[str, Any] | None:
    """Read one message by ``read(most)``, and nothing of the next; None when the other end is closed."""
    size = int.from_bytes(exactly(read, 4), "little")
    body = exactly(read, size)
    return marshal.loads(body) if body else None  # noqa: S302  # our own words


def exactly(read: Callable[[int], bytes], size: int) -> bytes:
    """Read ``size`` bytes; nothing when the stream ends before."""
    data = b""
    while len(data) < size:
        chunk = read(size - len(data))
        if not chunk:
            return b""
        data += chunk
    return data


def write(fd: int, data: bytes) -> None:
    """Write all of ``data``."""
    while data:
        data = data[os.write(fd, data) :]
