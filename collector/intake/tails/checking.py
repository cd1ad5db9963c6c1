"""Whether a tail of the config can be followed: its format, and what that format says of its options."""

from __future__ import annotations

from collections.abc import Iterator

from collector.intake.tails import formats  # noqa: F401  # announces every format
from collector.intake.tails.base import FORMATS, LogFormat, Options
from collector.registry import nearest
from collector.sections import TailSettings

_KEYS = ("prefix", "timezone", "pattern")


def faults(tail: TailSettings) -> Iterator[tuple[str, str]]:
    """What is wrong with a tail beyond types: (key, fault)."""
    if tail.format not in FORMATS:
        hint = nearest(tail.format, FORMATS) or f"; there are {', '.join(FORMATS)}"
        yield "format", f"no log format is named so{hint}"
        return
    form = FORMATS[tail.format]
    for key in _KEYS:
        given = getattr(tail, key) is not None
        if given and key not in form.takes:
            yield key, f"means nothing to the format {form.name}"
        elif not given and key in form.needs:
            yield key, f"missing; the format {form.name} needs it"
    for key, fault in form.faults(options(tail, form)):
        if key != "timezone":  # whatever the format, a tail's own rules tell of one that is none
            yield key, fault


def options(tail: TailSettings, form: LogFormat) -> Options:
    """What a tail says to its format."""
    return Options(**{key: getattr(tail, key) for key in form.takes})
