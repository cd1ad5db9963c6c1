"""One ``[[tails]]`` of the config: its file, or its files where the path has a ``*``."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from collector.intake.statements import Statements
from collector.intake.tails.arriving import Arriving
from collector.intake.tails.base import FORMATS, Parser
from collector.intake.tails.checking import options
from collector.intake.tails.examples import shown
from collector.intake.tails.follow import Follow, Portion
from collector.intake.tails.paths import files, is_pattern
from collector.intake.tails.rotation import Known
from collector.log import Folded, get_logger
from collector.sections import TailSettings

log = get_logger("tails")

LOOK_SECONDS = 10.0  # how often it is looked for new files where the path has a *


class Tail:
    """``known`` is where each file was left, by its path. It hears what its followers have to say."""

    def __init__(self, settings: TailSettings, statements: Statements, known: Mapping[str, Known]) -> None:
        self.settings = settings
        self.lost_parts = 0
        self._form = FORMATS[settings.format]
        self.arriving = Arriving(settings.source, settings.type, self._form.dialect, statements)
        self._known = known
        self._follows: dict[Path, Follow] = {}
        self._is_first = True
        self._looked_at = float("-inf")
        self._unreadable = Folded(log, "tail.unreadable")
        self._missing = Folded(log, "tail.missing", level="info")
        self._unread = Folded(log, "tail.unread")
        self._unread_lines = 0
        self._error: str | None = None

    def step(self, monotonic: float) -> Iterator[tuple[Path, Portion]]:
        """What there is to read now, portion by portion, and of which file."""
        self._look(monotonic)
        self._error = None
        for path, follow in self._follows.items():
            for portion in follow.step(monotonic):
                yield path, portion
        if self._error is None:
            self._unreadable.over(name=self.settings.source)
        self._tell(monotonic)

    @property
    def has_more(self) -> bool:
        """Whether there is more to read at once."""
        return any(follow.has_more for follow in self._follows.values())

    def close(self) -> None:
        """Let go of all files; closing twice is fine."""
        for follow in self._follows.values():
            follow.close()

    def health(self) -> dict[str, Any]:
        """How it goes, for `collector status`."""
        follows = self._follows.values()
        lines, example = self._not_understood()
        return {
            "name": self.settings.source,
            "path": str(self.settings.path),
            "format": self.settings.format,
            "files": sum(follow.is_open for follow in follows),
            "executions": sum(follow.executions for follow in follows),
            "behind_bytes": sum(follow.behind_bytes for follow in follows),
            "unread_lines": lines,
            "unread_example": example,
            "refused": self.arriving.refused,
            "lost_parts": self.lost_parts,
            "error": self._error,
        }

    # What its followers say. ------------------------------------------------------------------------

    def lost(self, path: Path, reason: str) -> None:
        """A part of a log cannot be read any more."""
        self.lost_parts += 1
        log.warning("tail.lost", name=self.settings.source, path=str(path), reason=reason)

    def unreadable(self, path: Path, error: OSError) -> None:
        """A log cannot be read now."""
        self._error = f"{path}: {error.strerror or error}"
        self._unreadable.happened(time.monotonic(), name=self.settings.source, error=self._error)

    # Its files. ---------------------------------------------------------------------------------------

    def _look(self, monotonic: float) -> None:
        """See which files there are; one that appears later is read from its beginning."""
        if monotonic - self._looked_at < LOOK_SECONDS:
            return
        self._looked_at = monotonic
        from_end = self._is_first and self.settings.start == "end"
        for path in self._paths():
            if path not in self._follows:
                known = self._known.get(str(path))
                self._follows[path] = Follow(path, self._parser, self, known, from_end=from_end)
        self._is_first = False

    def _paths(self) -> Iterable[Path]:
        path = self.settings.path
        return files(path) if is_pattern(path) else (path,)  # one that is named is waited for

    def _parser(self) -> Parser:
        return self._form.parser(options(self.settings, self._form))

    def _tell(self, monotonic: float) -> None:
        """Warn of lines that are not understood, and say when there is nothing to follow."""
        lines, example = self._not_understood()
        if lines > self._unread_lines:
            self._unread_lines = lines
            self._unread.happened(monotonic, name=self.settings.source, lines=lines, example=example)
        if not any(follow.is_open for follow in self._follows.values()):
            self._missing.happened(monotonic, name=self.settings.source, path=str(self.settings.path))
        else:
            self._missing.over(name=self.settings.source)

    def _not_understood(self) -> tuple[int, str]:
        """Lines that no entry could be made of, and the latest, without what could be a secret."""
        found = [follow.unread for follow in self._follows.values()]
        example = next((text for _, text in reversed(found) if text), "")
        return sum(lines for lines, _ in found), shown(example)
