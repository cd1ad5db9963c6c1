"""The log: structlog events with names and fields.

On a terminal a line reads as a sentence with fields to the right; elsewhere it is one JSON document
a line; under systemd each line starts with its journal priority. Whatever the style, no field holds what
looks like a secret, and no line a raw control or bidirectional character.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TextIO

from collector.colour import wants_colour
from collector.lean import CRYPTO, without
from collector.redact import redacted
from collector.systemd import stderr_is_journal

with without("rich", *CRYPTO):
    import structlog

if TYPE_CHECKING:
    from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

QUIET_SECONDS = 30.0

# C0 and C1 controls, the bidirectional marks and overrides that make text read as something else, what has
# no width at all (and so hides in a name), line separators, tags, and halves of surrogate pairs, which no
# stream can encode. The joiners of emoji are among them: a name is shown in pieces rather than misread.
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_PRIORITY = {"debug": "<7>", "info": "<6>", "warning": "<4>", "error": "<3>", "critical": "<2>"}


def printable(text: str) -> str:
    """``text`` with control and bidirectional characters written out as escapes."""
    return _UNPRINTABLE.sub(lambda m: m[0].encode("unicode_escape").decode(), text)


class Unfailing:
    """A stream that never raises: whoever logs must not fail because the log cannot be written.

    A log that stands on the same full disk as the database would else end the writer's thread. Lines
    that did not get through are counted in ``lost``, and the next one carries that count.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._failed = False
        self.lost = 0

    def write(self, line: str) -> None:
        """Write one line; `flush` tells whether it got through."""
        self._failed = not self._try(lambda: self._stream.write(line))

    def flush(self) -> None:
        """Pass the line on; it counts as lost when that failed, or the write before did."""
        self._failed = not self._try(self._stream.flush) or self._failed
        self.lost = self.lost + 1 if self._failed else 0

    def note(self, _: WrappedLogger, __: str, event: EventDict) -> EventDict:
        """Say on the first line after a failure how many are missing before it."""
        return {**event, "lost_lines": self.lost} if self.lost else event

    def _try(self, act: Callable[[], object]) -> bool:
        try:
            act()
        except (OSError, ValueError):  # a full disk, a reader that went away, a closed stream
            return False
        return True


def get_logger(name: str) -> FilteringBoundLogger:
    """A logger whose events carry ``component=name``."""
    return structlog.get_logger(component=name)  # type: ignore[no-any-return]


def configure(level: str = "info", *, style: str = "auto", stream: TextIO | None = None) -> None:
    """Set up logging for this process.

    ``style`` is ``console``, ``json`` or ``journal`` (JSON with a priority in front); ``auto`` picks
    by where stderr leads.
    """
    stream = sys.stderr if stream is None else stream
    if style == "auto":
        style = "journal" if stderr_is_journal() else "console" if stream.isatty() else "json"
    out = Unfailing(stream)
    structlog.configure(
        processors=[out.note, *_processors(style, colors=wants_colour(stream))],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=out),  # type: ignore[arg-type]
        cache_logger_on_first_use=False,
    )
    # APScheduler tells misses and errors by events, which the schedule turns into records; what it
    # logs besides would be told twice.
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)


def is_configured() -> bool:
    """Whether `configure` was called in this process."""
    return structlog.is_configured()


def _processors(style: str, *, colors: bool) -> list[Processor]:
    first: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,
        _hide_secrets,
    ]
    if style == "console":
        stamp = structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False)
        render = structlog.dev.ConsoleRenderer(
            colors=colors,
            pad_event_to=24,
            sort_keys=False,
            exception_formatter=structlog.dev.plain_traceback,
        )
        return [*first, stamp, _drop_component, _escape_controls, render]
    last: list[Processor] = [
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _in_order,
        structlog.processors.JSONRenderer(default=str),
        _escape_delete,
    ]
    return [*first, *last, _prefix_priority] if style == "journal" else [*first, *last]


def _in_order(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """What one looks for first stands first: when, how bad, what, and then its fields."""
    first = ("timestamp", "level", "event", "component")
    return {name: event.pop(name) for name in first if name in event} | dict(event)


def _hide_secrets(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Errors of servers and drivers may hold what they were given; none of it is logged."""
    return {name: _without_secrets(value) for name, value in event.items()}


def _without_secrets(value: object) -> object:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, dict):
        return {key: _without_secrets(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_secrets(inner) for inner in value]
    return redacted(value if isinstance(value, str) else str(value))


def _escape_delete(_: WrappedLogger, __: str, line: Any) -> str:
    """The one control character that JSON leaves raw; it can only stand inside a text."""
    return str(line).replace("\x7f", "\\u007f")


def _drop_component(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    event.pop("component", None)
    return event


def _escape_controls(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """The console renderer passes raw terminal escapes through; JSON does not."""
    trace = event.pop("exception", None)
    escaped: EventDict = {k: printable(v) if isinstance(v, str) else v for k, v in event.items()}
    if trace is not None:
        escaped["exception"] = "\n".join(printable(line) for line in str(trace).split("\n"))
    return escaped


def _prefix_priority(_: WrappedLogger, method: str, line: Any) -> str:
    return _PRIORITY.get(method, "<6>") + str(line)


class Folded:
    """Says a repeated complaint at once, then at most every 30 s with its count, and its end.

    Safe to share between threads. ``event`` is the log event's name; recovery is ``event + ".over"``.
    """

    def __init__(self, logger: FilteringBoundLogger, event: str, *, level: str = "warning") -> None:
        self._logger = logger
        self._event = event
        self._level = level
        self._lock = threading.Lock()
        self._since_said = 0
        self._total = 0
        self._said_at: float | None = None

    def happened(self, monotonic: float, **fields: Any) -> None:
        """Count one occurrence, and log it if nothing was logged in the last 30 s."""
        with self._lock:
            self._total += 1
            self._since_said += 1
            if self._said_at is not None and monotonic - self._said_at < QUIET_SECONDS:
                return
            count, self._since_said, self._said_at = self._since_said, 0, monotonic
        if count > 1:
            fields["count"] = count
        getattr(self._logger, self._level)(self._event, **fields)

    def over(self, **fields: Any) -> None:
        """Log that it has ended, with the total, if it ever began."""
        with self._lock:
            total, self._total, self._since_said, self._said_at = self._total, 0, 0, None
        if total:
            self._logger.info(f"{self._event}.over", count=total, **fields)
