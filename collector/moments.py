"""Moments as people write and read them: ``7d``, ``2026-03-01 14:05``, ``12 s ago``, ``Tue 14:05``.

Every function takes ``now_ms`` and is pure but for the reader's time zone, which the C library knows.
"""

from __future__ import annotations

from datetime import UTC, datetime

from collector.units import Duration, ago

ALLOWED = "a length of time such as 7d or 12h, or a moment such as 2026-03-01 or '2026-03-01 14:05'"

_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS
_DAY_MS = 24 * _HOUR_MS


def parse_since(text: str, now_ms: int) -> int:
    """The moment ``text`` means, in ms since the epoch; raises ValueError that says what is allowed.

    A length of time counts back from ``now_ms``; a moment without a zone is local time.
    """
    try:
        seconds = float(Duration.parse(text))
    except ValueError:
        return _moment(text, now_ms)
    return round(max(0.0, now_ms - seconds * 1000))


def _moment(text: str, now_ms: int) -> int:
    try:
        found = datetime.fromisoformat(text.strip()).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"not {ALLOWED}") from None
    moment = round(found.timestamp() * 1000)
    if moment > now_ms:
        raise ValueError("lies in the future")
    return max(0, moment)


def when(ms: int | None, now_ms: int) -> str:
    """A moment at a glance: ``12 s ago`` or ``in 5 m`` within the hour, else as `at_minute` has it."""
    if ms is None:
        return "–"
    past = now_ms - ms
    if abs(past) >= _HOUR_MS:
        return at_minute(ms, now_ms)
    if abs(past) >= 2 * _MINUTE_MS:
        past -= past % _MINUTE_MS  # the seconds tell nothing any more
    return ago(past)


def at_minute(ms: int, now_ms: int) -> str:
    """A moment to the minute, with as much of the date as it takes: ``14:05``, ``Tue 14:05``."""
    return _local(ms).strftime(_date_format(ms, now_ms) + "%H:%M")


def between(from_ms: int, to_ms: int, now_ms: int) -> str:
    """A stretch of time: ``12:40–13:05``, ``Tue 23:50–Wed 06:10``; a short one to the second."""
    at = at_second if abs(to_ms - from_ms) < 2 * _MINUTE_MS else at_minute
    start, end = at(from_ms, now_ms), at(to_ms, now_ms)
    if _local(from_ms).date() == _local(to_ms).date():
        end = end.split()[-1]
    return f"{start}–{end}"


def at_second(ms: int, now_ms: int) -> str:
    """A moment to the second, likewise: ``Tue 14:05:03``."""
    return _local(ms).strftime(_date_format(ms, now_ms) + "%H:%M:%S")


def _date_format(ms: int, now_ms: int) -> str:
    """As much of the date as a reader needs: none today, the weekday within six days, and so on."""
    then, now = _local(ms), _local(now_ms)
    if then.date() == now.date():
        return ""
    if abs(now_ms - ms) < 6 * _DAY_MS:
        return "%a "
    return "%d %b " if then.year == now.year else "%Y-%m-%d "


def _local(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC).astimezone()
