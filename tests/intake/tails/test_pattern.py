"""Logs of anything else, by a regular expression."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.intake.tails.base import FORMATS, Execution, Options
from collector.intake.tails.formats.pattern import LONGEST_BYTES, Pattern
from tests.intake.tails.pieces import in_pieces, read

END_MS = 1_795_352_462_000  # 2026-11-22 13:01:02 UTC
NGINX = (
    r'^\S+ - (?P<user>\S+) \[(?P<timestamp>[^\]]+)\] "\w+ (?P<endpoint>\S+) [^"]*" (?P<status>\d+)'
    r' (?P<rows>\d+) "[^"]*" "[^"]*" (?P<duration_s>\S+)$'
)
NGINX_LOG = b"""\
10.0.0.7 - - [22/Nov/2026:13:01:02 +0000] "GET /orders?state=open HTTP/1.1" 200 512 "-" "curl/7.88.1" 0.250
10.0.0.7 - ada [22/Nov/2026:14:01:02 +0100] "POST /orders HTTP/1.1" 502 157 "https://x/" "Mozilla/5.0" 1.5
10.0.0.7 - - [22/Nov/2026:13:01:03 +0000] "GET / HTTP/1.1" 499 0 "-" "-" -
"""
RAILS = (
    r"^\w, \[(?P<timestamp>\S+) #\d+\] DEBUG -- : \[(?P<request>\S+)\]\s+(?P<name>.+?)"
    r" \((?P<duration_ms>[\d.]+)ms\)\s+(?P<query>.*)$"
)
RAILS_LOG = (
    b"D, [2026-11-22T13:01:02.000004 #71] DEBUG -- : [9f-1]   Order Load (0.4ms)  SELECT * FROM orders\r\n"
)
DJANGO = r"^(?P<timestamp>\S+ \S+) DEBUG \S+ \((?P<duration_s>[\d.]+)\) (?P<query>.*); args="
DJANGO_LOG = b"2026-11-22 13:01:02,123 DEBUG django.db.backends (0.002) SELECT 1; args=(); alias=default\n"


def parsed(
    pattern: str, *pieces: bytes, timezone: str | None = "UTC", now: float = 1.8e9
) -> tuple[list[Execution], Pattern]:
    """What a parser makes of ``pieces``, and the parser."""
    parser = Pattern(Options(pattern=pattern, timezone=timezone), lambda: now)
    return read(parser, *pieces), parser


def test_an_access_log_with_request_times() -> None:
    """Of nginx or Apache: when a request began is its time less its duration; one without time is unread."""
    found, parser = parsed(NGINX, NGINX_LOG)
    assert found == [
        Execution(
            offset=0,
            timestamp=END_MS - 250,
            duration_ms=250.0,
            sql=None,
            columns={"endpoint": "/orders", "rows": 512, "success": True},
            metadata={"status": 200},
        ),
        Execution(
            offset=NGINX_LOG.index(b"\n") + 1,
            timestamp=END_MS - 1500,
            duration_ms=1500.0,
            sql=None,
            columns={"endpoint": "/orders", "user_id": "ada", "rows": 157, "success": False},
            metadata={"status": 502},
        ),
    ]
    assert parser.unread.lines == 1
    assert parser.unread.example.endswith('"-" "-" -')
    assert parser.held_from is None


def test_statements_as_rails_and_django_log_them() -> None:
    """With their name, and the request they belong to."""
    (found,), _ = parsed(RAILS, RAILS_LOG)
    assert (found.sql, found.duration_ms, found.timestamp) == ("SELECT * FROM orders", 0.4, END_MS)
    assert found.columns == {"metric_name": "Order Load", "request_id": "9f-1"}
    (found,), _ = parsed(DJANGO, DJANGO_LOG)
    assert (found.sql, found.duration_ms, found.timestamp) == ("SELECT 1", 2.0, END_MS + 121)


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("2026-11-22T13:01:02Z", END_MS),
        ("2026-11-22T14:01:02.123456789+01:00", END_MS + 123),
        ("2026-11-22 14:01:02,123 +0100", END_MS + 123),
        ("2026-11-22 13:01:02 UTC", END_MS),
        ("2026/11/22 13:01:02", END_MS),
        ("22/Nov/2026:14:01:02 +0100", END_MS),
        ("22/Nov/2026:13:01:02.5", END_MS + 500),
        ("Nov 22 13:01:02", END_MS),
        ("Nov 22 13:01:02.250", END_MS + 250),
        ("1795352462", END_MS),
        ("1795352462.125", END_MS + 125),
        ("1795352462125", END_MS + 125),
    ],
)
def test_moments_are_read_in_every_form(text: str, ms: int) -> None:
    """A duration of 2,000 µs lies before them."""
    (found,), _ = parsed(
        r"^(?P<timestamp>.*)\|(?P<duration_us>\d+)$", f"{text}|2000\n".encode(), now=END_MS / 1000
    )
    assert found.timestamp == ms - 2


@pytest.mark.parametrize(
    "text",
    ["", "-", "now", "2026-13-01 00:00:00", "32/Nov/2026:13:01:02", "22/Nix/2026:13:01:02", "22/x",
     "Nix 22 13:01:02", "nan", "inf", "1e400", "Feb 30 13:01:02", "2026-11-22T13:01:02 +25:00"],
)  # fmt: skip
def test_what_is_no_moment_leaves_its_line_unread(text: str) -> None:
    """Rather than guess."""
    found, parser = parsed(r"^(?P<timestamp>.*)\|(?P<duration_us>\d+)$", f"{text}|2000\n".encode())
    assert (found, parser.unread.lines) == ([], 1)


@pytest.mark.parametrize("text", ["", "-", "abc", "nan", "inf", "-1", "1e999"])
def test_what_is_no_duration_leaves_its_line_unread(text: str) -> None:
    """Likewise."""
    found, parser = parsed(r"^(?P<timestamp>\S+) (?P<duration_ms>.*)$", f"1795352462 {text}\n".encode())
    assert (found, parser.unread.lines) == ([], 1)


def test_a_moment_without_a_zone_is_in_the_one_of_the_config() -> None:
    """Or, without that, in the machine's."""
    pattern, line = r"^(?P<timestamp>.*) (?P<duration_ms>\d+)$", b"2026-07-01 12:00:00 0\n"
    (found,), _ = parsed(pattern, line, timezone="Europe/Berlin")
    noon = datetime(2026, 7, 1, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    assert found.timestamp == noon.timestamp() * 1000
    (found,), _ = parsed(pattern, line, timezone=None)
    assert found.timestamp == datetime(2026, 7, 1, 12).astimezone().timestamp() * 1000


@pytest.mark.parametrize(
    ("text", "now", "year"),
    [
        ("Dec 31 23:59:59", "2027-01-01T00:00:05", 2026),
        ("Jan  1 00:00:01", "2026-12-31T23:59:59", 2027),
        ("Nov 22 13:01:02", "2026-11-21T20:00:00", 2026),
        ("Nov 22 13:01:02", "2026-11-01T00:00:00", 2025),
        ("Feb 29 00:00:00", "2027-06-01T00:00:00", 2024),
    ],
)
def test_a_moment_without_a_year_is_the_latest_that_may_be(text: str, now: str, year: int) -> None:
    """Up to a day ahead, for clocks that differ."""
    moment = datetime.fromisoformat(now + "Z").timestamp()
    (found,), _ = parsed(r"^(?P<timestamp>.*)\|(?P<duration_us>\d+)$", f"{text}|0\n".encode(), now=moment)
    assert datetime.fromtimestamp(found.timestamp / 1000, ZoneInfo("UTC")).year == year


def test_a_line_that_is_too_long_is_not_tried() -> None:
    """An expression may take for ever with it."""
    line = b"1795352462 1 " + b"x" * LONGEST_BYTES + b"\n"
    found, parser = parsed(r"^(?P<timestamp>\d+) (?P<duration_ms>\d+)", line, line[:LONGEST_BYTES] + b"\n")
    assert (len(found), parser.unread.lines) == (1, 1)


@given(data=st.data())
def test_it_does_not_matter_how_the_log_is_cut_into_chunks(data: st.DataObject) -> None:
    """At the ends of lines."""
    found, parser = parsed(NGINX, *in_pieces(data, NGINX_LOG * 4))
    assert found == parsed(NGINX, NGINX_LOG * 4)[0]
    assert parser.unread.lines == 4


@given(text=st.binary())
def test_nothing_that_a_log_may_hold_breaks_the_parser(text: bytes) -> None:
    """NUL and what is no text least of all."""
    found, _ = parsed(
        r"(?P<timestamp>.*?) (?P<duration_ms>.*?) (?P<rows>.*?) (?P<query>.+)", b"1 2 3 a\0\xff\n" + text
    )
    assert (found[0].sql, found[0].columns) == ("a\ufffd", {"rows": 3})


TIMED = r"(?P<timestamp>\S+) (?P<duration_ms>\d+)"


@pytest.mark.parametrize(
    ("pattern", "fault"),
    [
        (None, None),
        (TIMED, None),
        (TIMED + " (?P<name>.*)", None),
        ("(?P<timestamp>", "is no regular expression: "),
        (".{99999999999}", "is too much of a regular expression: the repetition number is too large"),
        ("(" * 2000 + ")" * 2000, "is too much of a regular expression: "),
        (TIMED + " (?P<endpiont>.*)", "unknown group 'endpiont' (did you mean 'endpoint'?)"),
        (TIMED + " (?P<zzz>.*)", "unknown group 'zzz'; there are duration_ms, duration_s, "),
        (r"(?P<duration_ms>\d+)", r"needs the group timestamp, such as ^(?P<timestamp>\S+)"),
        (r"(?P<timestamp>\d+)", "needs exactly one group of duration_ms, duration_s, duration_us, such as "),
        (TIMED + r" (?P<duration_s>\d+)", "needs exactly one group of "),
        (r"(?P<timestamp>\S*)(?P<duration_ms>\d*)", "fits a line that is empty, so it would fit every line"),
    ],
)  # fmt: skip
def test_a_pattern_that_cannot_be_used_is_told_so(pattern: str | None, fault: str | None) -> None:
    """Before anything is followed; that one is needed at all is for the config to say."""
    form = FORMATS["pattern"]
    assert form.needs == ("pattern",)
    found = list(form.faults(Options(pattern=pattern)))
    if fault is None:
        assert found == []
    else:
        ((option, what),) = found
        assert (option, what[: len(fault)]) == ("pattern", fault)
