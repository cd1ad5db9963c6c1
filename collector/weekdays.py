"""The fifth field of a cron expression, in words: APScheduler counts days from Monday, cron from Sunday."""

from __future__ import annotations

DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


def named(expression: str) -> str:
    """A cron expression whose weekdays are names; 0 and 7 are Sunday. Source: crontab(5).

    Raises ValueError for a weekday that is none, or without five fields.
    """
    fields = expression.split()
    if len(fields) != 5:
        raise ValueError(f"it has {len(fields)} fields")
    return " ".join([*fields[:4], _weekdays(fields[4].lower())])


def either_day(expression: str) -> list[str]:
    """One expression, or two where both day and weekday are given: either is enough, says crontab(5)."""
    minute, hour, day, month, weekday = expression.split()
    if "*" in (day, weekday):
        return [expression]
    return [f"{minute} {hour} {day} {month} *", f"{minute} {hour} * {month} {weekday}"]


def _weekdays(field: str) -> str:
    """A list of days, since a range such as 5-7 ends before it begins where Sunday comes first."""
    if field == "*":
        return field
    days: set[int] = set()
    for part in field.split(","):
        span, slash, step = part.partition("/")
        first, dash, last = span.partition("-")
        if slash and not (step.isdigit() and int(step)):
            raise ValueError(f"a step is a whole number above 0, not {step!r}")
        begin = 0 if span == "*" else _day(first)
        end = 6 if span == "*" or (slash and not dash) else _day(last) if dash else begin
        end += 7 if end < begin else 0
        days |= {day % 7 for day in range(begin, end + 1, int(step or 1))}
    return ",".join(DAYS[day] for day in sorted(days))


def _day(text: str) -> int:
    if text.isdigit() and int(text) <= 7:
        return int(text)
    if text in DAYS:
        return DAYS.index(text)
    raise ValueError(f"a weekday is 0 to 7 or {DAYS[0]} to {DAYS[-1]}, not {text!r}")
