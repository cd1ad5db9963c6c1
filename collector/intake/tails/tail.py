"""One ``[[tails]]`` of the config: its file, or its files where the path has a ``*``."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from collector.intake.statements import Statements
from collector.intake.tails.arriving import Arriving
from collector.intake.tails.base import FORMATS, Parser
from collector.intake.tails.checking import options
from collector.intake.tails.examples import shown
from collector.intake.tails.follow import Follow, Portion
from collector.intake.tails.logfile import LogFile
from collector.intake.tails.paths import MOST_FILES, closed_folder, files, is_pattern
from collector.intake.tails.rotation import Known
from collector.log import Folded, get_logger
from collector.sections import TailSettings

log = get_logger("tails")

LOOK_SECONDS = 10.0  # how often it is looked for new files where the path has a *
LOOK_SHARE = 0.0002  # of the time may go into that: a folder of thousands is looked at less often


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
        self._look_again = float("-inf")
        self._left: dict[Path, Known] = {}
        self._executions_before = 0
        self._unread_before = 0
        self._unreadable = Folded(log, "tail.unreadable")
        self._broken = Folded(log, "tail.broken", level="error")
        self._is_missing = False
        self._unread = Folded(log, "tail.unread")
        self._unread_lines = 0
        self._error: str | None = None
        self._closed_folder: str | None = None

    def step(self, monotonic: float) -> Iterator[tuple[Path, Portion]]:
        """What there is to read now, portion by portion, and of which file."""
        self._look(monotonic)
        self._error = self._closed_folder
        for path, follow in [*self._follows.items()]:
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
        follows = [*self._follows.values()]  # asked from another thread
        return {
            "name": self.settings.source,
            "path": str(self.settings.path),
            "format": self.settings.format,
            "files": sum(follow.is_open for follow in follows),
            "executions": self._executions_before + sum(follow.executions for follow in follows),
            "behind_bytes": sum(follow.behind_bytes for follow in follows),
            "unread_lines": self._lines_not_understood(),
            "unread_example": self._example(),
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

    def cut(self, path: Path) -> None:
        """A log was cut: what was written since the last look, a second at most, may be gone."""
        log.info("tail.cut", name=self.settings.source, path=str(path))

    def broken(self, path: Path, error: Exception) -> None:
        """Some of a log could not be taken; it is counted as not understood."""
        self._broken.happened(
            time.monotonic(),
            name=self.settings.source,
            path=str(path),
            error=f"{type(error).__name__}: {error}",
        )

    def failed(self, error: Exception) -> None:
        """Something nobody foresaw: said by name, and the other tails go on."""
        self._error = f"{self.settings.path}: {type(error).__name__}: {error}"
        self._broken.happened(time.monotonic(), name=self.settings.source, error=self._error)

    # Its files. ---------------------------------------------------------------------------------------

    def _look(self, monotonic: float) -> None:
        """See which files there are; one that appears later is read from its beginning."""
        if monotonic < self._look_again:
            return
        began = time.monotonic()
        is_many = is_pattern(self.settings.path)
        # One that is named is waited for.
        there = files(self.settings.path) if is_many else [self.settings.path]
        if self._is_first and self.settings.start == "end" and is_many:
            self._leave(there)
        self._closed_folder = closed_folder(self.settings.path) if is_many and not there else None
        newest = there[-MOST_FILES:]
        self._let_go_of_all_but(newest)
        for path in newest:
            if path not in self._follows:
                from_end = self._is_first and self.settings.start == "end"
                known = self._left.pop(path, None) or self._known.get(str(path))
                self._follows[path] = Follow(path, self._parser, self, known, from_end=from_end)
        self._is_first = False
        self._look_again = monotonic + max(LOOK_SECONDS, (time.monotonic() - began) / LOOK_SHARE)

    def _leave(self, there: list[Path]) -> None:
        """What is in these files already is not asked for, though they are too many to be followed now."""
        for path in there[:-MOST_FILES]:
            if str(path) not in self._known:
                with suppress(OSError), closing(LogFile(path)) as file:
                    self._left[path] = Known(file.inode, file.mark, file.last_line_end())

    def _let_go_of_all_but(self, newest: list[Path]) -> None:
        """Close files that are read to their end and no longer among the newest, or gone."""
        for path, follow in [*self._follows.items()]:
            if path not in newest and follow.is_at_rest:
                if path.exists() and follow.place is not None:
                    self._left[path] = follow.place
                follow.close()
                del self._follows[path]
                self._executions_before += follow.executions
                self._unread_before += follow.unread[0]

    def _parser(self) -> Parser:
        return self._form.parser(options(self.settings, self._form))

    def _tell(self, monotonic: float) -> None:
        """Warn of lines that are not understood, and say when there is nothing to follow."""
        lines = self._lines_not_understood()
        if lines > self._unread_lines:
            self._unread_lines = lines
            self._unread.happened(monotonic, name=self.settings.source, lines=lines, example=self._example())
        is_missing = self._error is None and not any(follow.is_open for follow in self._follows.values())
        if is_missing != self._is_missing:  # said once: it may be that it comes with its program
            self._is_missing = is_missing
            event = "tail.missing" if is_missing else "tail.missing.over"
            log.info(event, name=self.settings.source, path=str(self.settings.path))

    def _lines_not_understood(self) -> int:
        """Lines that no entry could be made of."""
        return self._unread_before + sum(follow.unread[0] for follow in [*self._follows.values()])

    def _example(self) -> str:
        """The latest of them, as it can be shown."""
        examples = (follow.unread[1] for follow in reversed([*self._follows.values()]))
        return shown(next(filter(None, examples), ""))
