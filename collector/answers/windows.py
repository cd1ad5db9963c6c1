"""Moments and windows of time in words: ``14:05``, ``yesterday 9:00``, ``10m ago``, ``7d..1d``.

Whatever the commands print can be typed: ``Tue 14:05:03`` and ``18 Nov 14:05``, too. Pure but for the
reader's time zone.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta

from collector.moments import parse_since
from collector.units import Duration

A_MOMENT = "a moment such as 14:05, 'yesterday 9:00', '10m ago' or '2026-03-01 14:05'"
A_WINDOW = "a window such as 7d..1d, yesterday, 2026-03-01 or 2026-03-01..2026-03-07"

_TIME = re.compile(r"(?:(?P<day>.+?)[ T])?(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d))?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_DAY_OF_YEAR = re.compile(r"(?P<day>\d{1,2}) (?P<month>[a-z]{3})")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY = timedelta(days=1)
# There is a 29 Feb every four years, but for those of most full centuries.
_LEAP_YEARS = 8


def moment(text: str, now_ms: int) -> int:
    """The moment that ``text`` means, in ms since the epoch; raises ValueError that says what is allowed.

    A time without a day is the newest such. A day alone is none.
    """
    words = " ".join(text.split())
    if words.lower() == "now":
        return now_ms
    if _day(words, now_ms) is not None:
        raise ValueError(f"is a whole day: add a time, as in '{words} 9:00'")
    if (found := _time_of_day(words, now_ms)) is None:
        found = parse_since(_without_ago(words), now_ms)
    if found > now_ms:
        raise ValueError("lies in the future")
    return found


def window(text: str, now_ms: int) -> tuple[int, int]:
    """From when to before when ``text`` goes, not beyond now; raises ValueError that says what is allowed.

    ``A..B`` goes from A to before B, where a day is its first moment: ``Thu..Fri`` is Thursday. An end left
    out is open. One word is a day, or a length of time back from now.
    """
    words = " ".join(text.split())
    if ".." in words:
        start, _, end = words.partition("..")
        since_ms = _edge(start, now_ms) if start.strip() else 0
        until_ms = _edge(end, now_ms) if end.strip() else now_ms
        if since_ms == until_ms:
            raise ValueError("is empty: its end, or the day there, does not belong to it")
    elif (day := _day(words, now_ms)) is not None:
        since_ms, until_ms = _midnight(day), _midnight(day + _DAY)
    elif _is_length(words):
        since_ms, until_ms = parse_since(words, now_ms), now_ms
    else:
        raise ValueError(f"not {A_WINDOW}")
    return _checked(since_ms, min(until_ms, now_ms), now_ms)


def _checked(since_ms: int, until_ms: int, now_ms: int) -> tuple[int, int]:
    if since_ms > now_ms:
        raise ValueError("lies in the future")
    if since_ms >= until_ms:
        raise ValueError("ends before it begins")
    return since_ms, until_ms


def _edge(words: str, now_ms: int) -> int:
    words = words.strip()
    day = _day(words, now_ms)
    return moment(words, now_ms) if day is None else _midnight(day)


def _without_ago(words: str) -> str:
    if not words.endswith(" ago"):
        return words
    length = words.removesuffix(" ago")
    if not _is_length(length):
        raise ValueError(f"not {A_MOMENT}")
    return length


def _is_length(words: str) -> bool:
    try:
        Duration.parse(words)
    except ValueError:
        return False
    return True


def _time_of_day(words: str, now_ms: int) -> int | None:
    """What a time means, with a day in words or the newest such; None where it is written another way."""
    match = _TIME.fullmatch(words)
    if match is None or (match["day"] and _DATE.fullmatch(match["day"])):
        return None
    try:
        at = time(int(match["hour"]), int(match["minute"]), int(match["second"] or 0))
    except ValueError:
        raise ValueError(f"not {A_MOMENT}") from None
    today = _local(now_ms).date()
    day = _day(match["day"], now_ms) if match["day"] else today
    if day is None:
        return None
    found = _ms(day, at)
    is_weekday = (match["day"] or "").lower()[:3] in _WEEKDAYS
    if found > now_ms and (is_weekday or not match["day"]):
        return _ms(day - _DAY * (7 if is_weekday else 1), at)
    return found


def _day(words: str, now_ms: int) -> date | None:
    """The day that is meant by ``today``, ``yesterday``, ``Tue``, ``18 Nov`` or a date; None for none."""
    today, word = _local(now_ms).date(), words.lower()
    if word in ("today", "yesterday"):
        return today - _DAY * (word == "yesterday")
    if word in _WEEKDAYS:
        return today - _DAY * ((today.weekday() - _WEEKDAYS.index(word)) % 7)
    try:
        return date.fromisoformat(words) if _DATE.fullmatch(words) else _day_of_year(word, today)
    except ValueError:
        raise ValueError("is a day that does not exist") from None


def _day_of_year(word: str, today: date) -> date | None:
    """``18 Nov``: the newest such day; raises ValueError for one that no year has."""
    match = _DAY_OF_YEAR.fullmatch(word)
    if match is None or match["month"] not in _MONTHS:
        return None
    month, number = _MONTHS.index(match["month"]) + 1, int(match["day"])
    for year in range(today.year, today.year - _LEAP_YEARS - 1, -1):
        with suppress(ValueError):  # not in this year
            if (day := date(year, month, number)) <= today:
                return day
    raise ValueError(f"no year has a {word}")


def _midnight(day: date) -> int:
    return _ms(day, time())


def _ms(day: date, at: time) -> int:
    """A moment of the reader's time zone; before the epoch nothing was recorded."""
    return max(0, round(datetime.combine(day, at).astimezone().timestamp() * 1000))


def _local(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC).astimezone()
