"""The words of ``on_alert`` with what they are about, for programs that take no JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

_PLACES = {"sentence": "sentence", "subject": "subject", "state": "to_state"}
_PLACE = re.compile(rf"\{{({'|'.join(_PLACES)})\}}")


def filled(argv: Sequence[str], alert: Mapping[str, Any]) -> list[str]:
    """``argv`` with ``{sentence}``, ``{subject}`` and ``{state}`` filled in, each within its own word.

    The first word, the program, stays as it is. A word that only what is filled in would make an option
    gets a space in front: subjects may come from outside.
    """
    texts = {place: _plain(str(alert[column])) for place, column in _PLACES.items()}

    def fill(word: str) -> str:
        made = _PLACE.sub(lambda match: texts[match[1]], word)
        return f" {made}" if made.startswith("-") and not word.startswith("-") else made

    return [*argv[:1], *map(fill, argv[1:])]


def _plain(text: str) -> str:
    """Spaces for what cannot be seen: control characters, and those that turn the direction of text."""
    return "".join(character if character.isprintable() else " " for character in text)
