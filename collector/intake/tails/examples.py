"""Lines that were not understood, as they can be shown."""

from __future__ import annotations

from collector.fingerprint import redacted as without_literals
from collector.redact import redacted


def shown(example: str) -> str:
    """``example`` without what could be a literal or a secret."""
    return redacted(without_literals(example))
