"""How the socket puts its answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

RETRY_AFTER_MS = 200

Words = dict[str, Any]
Reply = Callable[[Words], None]


def as_line(answer: Words) -> bytes:
    """An answer as it is sent."""
    return msgspec.json.encode(answer) + b"\n"


def busy(reason: str) -> Words:
    """Nothing was taken: it can be sent again in a moment."""
    return {"result": "busy", "reason": reason, "retry_after_ms": RETRY_AFTER_MS}


FULL = as_line(busy("too many connections"))
