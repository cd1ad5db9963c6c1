"""Lines that were not understood, as they can be shown."""

from __future__ import annotations

from collector.fingerprint import redacted as without_literals
from collector.redact import redacted


def shown(example: str) -> str:
    """``example`` without what could be a literal or a secret."""
    return redacted(without_literals(example))


def not_understood(lines: int, example: str) -> str:
    """How many lines there were that say nothing we know, as half a sentence; ``example`` may be shown."""
    words = "line was" if lines == 1 else "lines were"
    return f"{lines:,} {words} not understood, such as {example!r}"
