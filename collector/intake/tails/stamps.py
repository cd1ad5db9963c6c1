"""The moments that logs write: ISO 8601, Apache's, syslog's, and seconds since the epoch."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_APACHE = re.compile(r"(\d\d)/([A-Z][a-z]{2})/(\d{4}):([\d:.]+)(?: ([+-]\d{4}))?")
_SYSLOG = re.compile(r"([A-Z][a-z]{2}) +(\d\d?) (\d\d:\d\d:\d\d(?:\.\d+)?)")
# Seconds since the epoch have ten digits until 2286, milliseconds have had twelve since 1973.
_SMALLEST_IN_MS = 100_000_000_000


class Stamps:
    """Reads moments. Those without a zone are in the one named ``timezone``, or else in the machine's.

    ``now`` gives seconds since the epoch. It is asked only by syslog's form, which has no year: there
    the year is the latest that does not put the moment more than a day ahead.
    """

    def __init__(self, timezone: str | None, now: Callable[[], float]) -> None:
        """Raises what ZoneInfo raises for a zone that is not known."""
        self._zone = ZoneInfo(timezone) if timezone else None
        self._now = now

    def ms(self, text: str) -> int | None:
        """The moment in milliseconds since the epoch; None for what is none of these."""
        try:
            if text[4:5] in {"-", "/"}:
                return self._iso(text)
            if text[2:3] == "/":
                return self._apache(text)
            return self._syslog(text) if text[:1].isalpha() else _epoch(float(text))
        except (ValueError, OverflowError, OSError):  # no such day or month, or beyond what a calendar holds
            return None

    def _iso(self, text: str) -> int:
        text = text.replace("/", "-")
        for word in (" UTC", " GMT"):
            if text.endswith(word):
                text = text[:-4] + "Z"
        if text[-6:-4] in {" +", " -"} or text[-7:-5] in {" +", " -"}:
            text = "".join(text.rsplit(" ", 1))
        return self._since_epoch(datetime.fromisoformat(text))

    def _apache(self, text: str) -> int | None:
        found = _APACHE.fullmatch(text)
        if found is None:
            return None
        day, month, year, time, zone = found.groups("")
        return self._iso(f"{year}-{_number(month)}-{day}T{time}{zone}")

    def _syslog(self, text: str) -> int | None:
        found = _SYSLOG.fullmatch(text)
        if found is None:
            return None
        month, day, time = _number(found[1]), int(found[2]), found[3]
        latest = datetime.fromtimestamp(self._now(), self._zone) + timedelta(days=1)
        for year in range(latest.year, latest.year - 9, -1):  # 29 February may be eight years back
            ms = self.ms(f"{year}-{month}-{day:02}T{time}")
            if ms is not None and ms <= latest.timestamp() * 1000:
                return ms
        return None

    def _since_epoch(self, moment: datetime) -> int:
        if moment.tzinfo is None and self._zone is not None:
            moment = moment.replace(tzinfo=self._zone)
        return round(moment.timestamp() * 1000)


def _number(month: str) -> str:
    return f"{_MONTHS.index(month) + 1:02}"


def _epoch(value: float) -> int:
    return round(value if abs(value) >= _SMALLEST_IN_MS else value * 1000)
