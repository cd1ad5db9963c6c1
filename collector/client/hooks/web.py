"""What the four hooks of HTTP share: one call under way, and names for addresses that hold no secrets."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

from collector.client.hooks.base import Recorder, attempt, plain, report

_LONGEST_NAME = 100
_LONGEST_ENDPOINT = 200
_LONGEST_AGENT = 200
_LONGEST_PATH = 2000
_LONGEST_USER = 100
_METHODS = frozenset(
    {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY"}
)
_PLAIN_SEGMENT = re.compile(r"[A-Za-z0-9._~:-]*")
_ID = re.compile(
    r"(?<![0-9A-Za-z])"
    r"(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{8,}|[0-9]+)"
    r"(?![0-9A-Za-z])",
    re.IGNORECASE,
)
_LONGEST_WORD = 20
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,100}")
_FAILED_FROM = 500


class Call:
    """One HTTP call, made or served: begins when this is made and is reported once.

    ``name`` is asked for when the call is over. ``more`` holds columns of an operation; where a value is a
    function it is asked then as well, and may raise, which leaves the column out.
    """

    def __init__(self, client: Recorder | None, name: Callable[[], str], **more: Any) -> None:
        self._client = client
        self.name = name
        self.more = more
        self._metadata: dict[str, Any] = {}
        self._began_ms = time.time_ns() // 1_000_000
        self._started_ns = time.perf_counter_ns()
        self._ended = False
        self.status: int | None = None

    def answered(self, status: object, redirects: int = 0) -> None:
        """Note the status, a number or a text that begins with one, and how many redirects led to it."""
        number = str(status)[:3]
        self.status = int(number) if number.isascii() and number.isdecimal() else None
        self._metadata = {"status": self.status, "redirects": redirects or None}

    def end(self, error: BaseException | None = None) -> None:
        """Report it, the first time this is called."""
        if not self._ended:
            self._ended = True
            spent_ns = time.perf_counter_ns() - self._started_ns
            attempt("http", self._report, spent_ns, error)

    def _report(self, spent_ns: int, error: BaseException | None) -> None:
        columns = {
            name: attempt("http", value) if callable(value) else value for name, value in self.more.items()
        }
        called = attempt("http", self.name) or "request"
        metadata = {**self._metadata, "error": None if error is None else type(error).__name__}
        fields = {
            "metric_type": "api",
            "metric_name": plain(called, _LONGEST_NAME),
            "endpoint": plain(called, _LONGEST_ENDPOINT),
            "duration_ms": spent_ns / 1e6,
            "timestamp": self._began_ms,
            "success": error is None and self.status is not None and self.status < _FAILED_FROM,
            "metadata": {name: value for name, value in metadata.items() if value is not None} or None,
        }
        report(self._client, "operation", {**fields, **columns})


def templated(path: str) -> str:
    """A path with ``:id`` for what names one thing: numbers, uuids, hex of 8 and more.

    A whole segment becomes ``:id`` if it holds anything but letters, digits and ``._~:-`` (addresses,
    names of people, escapes), or is long and has a digit in it (tokens). No query string is left.
    """
    return "/".join(map(_segment, re.split(r"[?#;]", path[:_LONGEST_PATH], maxsplit=1)[0].split("/")))


def _segment(segment: str) -> str:
    long = len(segment) >= _LONGEST_WORD and any(letter.isdigit() for letter in segment)
    uuid_or_word = _ID.sub(":id", segment)
    if not _PLAIN_SEGMENT.fullmatch(segment) or (long and uuid_or_word == segment):
        return ":id"
    return uuid_or_word


def method_of(method: str) -> str:
    """The method, if it is one that HTTP knows; a client may send any word."""
    known = method.upper()
    return known if known in _METHODS else "OTHER"


def called(method: str, url: Any) -> str:
    """The name of a request that is made: ``GET host/path``, without user, query string or fragment.

    ``url`` is what `urllib.parse.urlsplit` answers or has its attributes.
    """
    host = url.hostname or ""
    host = f"[{host}]" if ":" in host else host
    port = f":{url.port}" if url.port else ""
    return f"{method_of(method)} {host}{port}{templated(url.path or '/')}"


def agent(value: object) -> str | None:
    """A user agent that a record takes."""
    return plain(value, _LONGEST_AGENT)


def address(value: object) -> str | None:
    """An IP address, or None for whatever else a server says of its peer (a unix socket)."""
    try:
        return str(ip_address(str(value).split("%", maxsplit=1)[0]))
    except ValueError:
        return None


def request_id(value: object) -> str | None:
    """A request's id as the header has it, if it looks like one."""
    return value if isinstance(value, str) and _REQUEST_ID.fullmatch(value) else None


def user_id(user: Callable[[Any], object] | None, about: Any) -> str | None:
    """What the application's ``user`` says of a request, which may be nothing."""
    return plain(attempt("user", user, about), _LONGEST_USER) if user is not None else None
