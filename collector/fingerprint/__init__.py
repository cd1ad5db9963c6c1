"""SQL fingerprints: statements that differ only in their literals become one text and one hash.

``docs/fingerprints.md`` tells the rules. What may be a secret though it is no plain literal is set to ``?``
first (``secrets``; seldom needed), then one regex a dialect cuts out literals, comments and quoted names
(``cutting``); what is left is made uniform by string methods and a few guarded patterns (``arranging``),
which is several times faster than a Python loop over tokens.
"""

from collector.fingerprint.api import (
    FP_VERSION,
    OTHER_HASH,
    TEXT_CHARACTERS,
    Fingerprint,
    Seen,
    digest,
    fingerprint,
    redacted,
)
from collector.fingerprint.cutting import Dialect

__all__ = [
    "FP_VERSION",
    "OTHER_HASH",
    "TEXT_CHARACTERS",
    "Dialect",
    "Fingerprint",
    "Seen",
    "digest",
    "fingerprint",
    "redacted",
]
