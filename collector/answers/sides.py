"""The sides of `collector compare`: ``commit:3f9c2ab``, ``window:7d..1d``, ``file:PATH``, ``name:X``.

A side is one such selector, or several joined by commas, which all hold. Without a prefix the first one is
what it can only be. Pure but for looking whether a file is there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from collector.answers.windows import A_WINDOW, window
from collector.errors import UsageError
from collector.homes import home_expanded
from collector.registry import nearest

EVER = 1 << 62
FORMS = "commit:3f9c2ab, window:7d..1d, file:PATH or name:WORKLOAD"

_KINDS = ("commit", "window", "file", "name")
_PARTS = re.compile(rf",(?=(?:{'|'.join(_KINDS)}):)")
_COMMIT = re.compile(r"[0-9a-fA-F]{4,64}\+?")
# HEAD~1, main^, @: what only git can resolve.
_GIT_NAME = re.compile(r"@|.*(?:[~^]\d*|@\{.*\})|HEAD")


@dataclass(frozen=True, slots=True)
class Side:
    """Which runs one side has; what is None is not asked for. ``said`` is how it was typed.

    ``dirty`` asks for runs with changes since the commit, which ``3f9c2ab+`` means.
    """

    said: str
    commit: str | None = None
    dirty: bool = False
    since_ms: int = 0
    until_ms: int = EVER
    file: Path | None = None
    name: str | None = None

    @property
    def has_window(self) -> bool:
        """Whether only a stretch of time is asked for."""
        return (self.since_ms, self.until_ms) != (0, EVER)


def explicit(text: str, now_ms: int) -> Side | None:
    """The side that a text with prefixes means; None for one without. Raises UsageError for a wrong one."""
    parts = _PARTS.split(text.strip())
    if not any(parts[0].startswith(f"{kind}:") for kind in _KINDS):
        return None
    return _joined(Side(text.strip()), parts, now_ms)


def _joined(side: Side, parts: Sequence[str], now_ms: int) -> Side:
    """A side with all of its parts, each with its prefix."""
    seen = set()
    for part in parts:
        kind, _, value = part.partition(":")
        if kind in seen:
            raise UsageError(f"{side.said!r} has two of {kind}:", hint=f"each may stand once: {FORMS}")
        seen.add(kind)
        side = _with(side, kind, value.strip(), now_ms)
    return side


def inferred(text: str, names: Collection[str], is_commit: Callable[[str], bool], now_ms: int) -> Side:
    """The side that a word without prefix can only mean; raises UsageError when it may be none or several.

    ``names`` are the workloads there are; ``is_commit`` says whether some run was of such a commit. What
    follows the word behind commas has prefixes.
    """
    word, *parts = [text.strip()] if text.strip() in names else _PARTS.split(text.strip())
    kind = _kind(word, names, is_commit, now_ms)
    return _joined(Side(text.strip()), [f"{kind}:{word}", *parts], now_ms)


def _kind(word: str, names: Collection[str], is_commit: Callable[[str], bool], now_ms: int) -> str:
    """What a word can only be; raises UsageError."""
    may_be = []
    if word in names:
        may_be.append("name")
    if _COMMIT.fullmatch(word) and is_commit(word.rstrip("+")):
        may_be.append("commit")
    if looks_like_file(word):
        may_be.append("file")
    if _is_window(word, now_ms):
        may_be.append("window")
    if len(may_be) > 1:
        choices = " or ".join(f"{kind}:{word}" for kind in may_be)
        raise UsageError(f"{word!r} may mean more than one thing", hint=f"say {choices}")
    if not may_be:
        raise _unknown(word, names)
    return may_be[0]


def looks_like_file(text: str) -> bool:
    """Whether a side begins with a path: it holds a slash or ends as our files do, and is no window."""
    word = _PARTS.split(text.strip())[0]
    return ".." not in word.replace("../", "") and ("/" in word or word.endswith((".db", ".sqlite")))


def _with(side: Side, kind: str, value: str, now_ms: int) -> Side:
    if not value:
        raise UsageError(f"{side.said!r} names no {kind}", hint=f"a side is {FORMS}")
    if kind == "name":
        return replace(side, name=value)
    if kind == "file":
        return replace(side, file=_file(value))
    if kind == "window":
        since_ms, until_ms = _window(value, now_ms)
        return replace(side, since_ms=since_ms, until_ms=until_ms)
    if not _COMMIT.fullmatch(value):
        raise _no_commit(value)
    return replace(side, commit=value.rstrip("+").lower(), dirty=value.endswith("+"))


def _file(value: str) -> Path:
    path = home_expanded(Path(value))
    if not path.is_file():
        raise UsageError(f"there is no file {path}", hint="file: takes the path of a collector.db")
    return path


def _window(value: str, now_ms: int) -> tuple[int, int]:
    try:
        return window(value, now_ms)
    except ValueError as error:
        raise UsageError(f"window {value!r}: {error}", hint=f"a side may be {A_WINDOW}") from None


def _is_window(word: str, now_ms: int) -> bool:
    """Whether it can be read as a window, be it one that lies ahead."""
    try:
        window(word, now_ms)
    except ValueError as error:
        return ".." in word and not str(error).startswith("not ")
    return True


def _no_commit(value: str) -> UsageError:
    if _GIT_NAME.fullmatch(value):
        return UsageError(
            f"{value!r} is a name that only git knows",
            hint=f"give the commit: commit:$(git rev-parse --short {value})",
        )
    return UsageError(
        f"{value!r} is no commit", hint="give 4 digits of it or more, as `collector runs` shows"
    )


def _unknown(word: str, names: Collection[str]) -> UsageError:
    if _GIT_NAME.fullmatch(word):
        return _no_commit(word)
    if _COMMIT.fullmatch(word):
        return UsageError(
            f"none of the newest runs is of a commit {word}", hint=f"commit:{word} looks through all of them"
        )
    return UsageError(
        f"{word!r} is no workload{nearest(word, names)}, commit, window or file", hint=f"a side is {FORMS}"
    )


def named_alike(before: Side, after: Side) -> tuple[Side, Side]:
    """Both sides with the workload that only one of them names."""
    return replace(before, name=before.name or after.name), replace(after, name=after.name or before.name)


def refuse_alike(before: Side, after: Side) -> None:
    """Raise UsageError where both sides ask for the same runs."""
    if replace(before, said="") != replace(after, said=""):
        return
    if before.has_window:
        raise UsageError(
            f"A and B are the same window twice: {before.said}",
            hint="the one before it may be meant, such as yesterday for today, or 14d..7d for 7d",
        )
    raise UsageError(
        f"A and B are the same: {before.said}", hint=f"each side is {FORMS}, or several by commas"
    )


def do_overlap(before: Side, after: Side) -> bool:
    """Whether runs may lie on both sides: they ask for the same ones, in windows that overlap."""
    alike = replace(before, said="", since_ms=0, until_ms=0) == replace(
        after, said="", since_ms=0, until_ms=0
    )
    return alike and max(before.since_ms, after.since_ms) < min(before.until_ms, after.until_ms)
