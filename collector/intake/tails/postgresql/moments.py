"""When a line was written: the second that it names, in milliseconds since the epoch."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

_UTC_NAMES = frozenset({"UTC", "GMT", "Z", "UCT"})


class Moments:
    """Reads seconds; the name of a zone is looked at only where it says itself how far it is from UTC.

    Abbreviations (CET, EST, …) mean one of many zones: the one that is set, or else the machine's, decides,
    and the abbreviation only tells the two hours apart that a clock strikes twice in autumn.
    """

    def __init__(self, zone: str | None) -> None:
        """Raises what ZoneInfo raises for a zone that is not known."""
        self._zone = ZoneInfo(zone) if zone else None

    def second_ms(self, second: str, zone: str | None) -> int | None:
        """``2026-11-22 12:56:44``, or seconds since the epoch; None for what is no moment."""
        try:
            if "-" not in second:
                return int(second) * 1000
            naive = datetime.fromisoformat(second)
            return round(self._placed(naive, zone or "").timestamp() * 1000)
        except (ValueError, OverflowError, OSError):
            return None

    def _placed(self, naive: datetime, zone: str) -> datetime:
        if zone in _UTC_NAMES:
            return naive.replace(tzinfo=UTC)
        if zone[:1] in {"+", "-"}:
            return naive.replace(tzinfo=_offset(zone))
        first = naive.replace(tzinfo=self._zone, fold=0)
        second = naive.replace(tzinfo=self._zone, fold=1)
        return second if _abbreviation(first) != zone == _abbreviation(second) else first


def _abbreviation(moment: datetime) -> str | None:
    if moment.tzinfo is not None:
        return moment.tzname()
    return time.localtime(moment.timestamp()).tm_zone


def _offset(zone: str) -> tzinfo:
    digits = zone[1:].replace(":", "").ljust(6, "0")
    away = timedelta(hours=int(digits[:2]), minutes=int(digits[2:4]), seconds=int(digits[4:6]))
    return timezone(-away if zone[0] == "-" else away)
