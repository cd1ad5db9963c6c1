"""Workloads that are an HTTP request, timed to the last byte of the answer."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import SplitResult, urlsplit

import msgspec

from collector import __version__, redact
from collector.lean import without
from collector.settings import Text, WorkloadSettings
from collector.units import size, span
from collector.workloads.base import Result, Spawner, workload_kind
from collector.workloads.connection import Connection

if TYPE_CHECKING:
    import ssl
    from http.client import HTTPResponse

PORTS = {"http": 80, "https": 443}
# More of an answer is not read: what is timed is a request, not a download.
BODY_BYTES = 64 << 20
CHUNK_BYTES = 64 << 10

# What OpenSSL says of an answer that is not TLS, by version and by the answer's first bytes.
NOT_TLS = {"WRONG_VERSION_NUMBER", "PACKET_LENGTH_TOO_LONG", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"}

# While one thread hides ssl from an import, no other must be looking for it.
_loading = threading.Lock()

Status = Annotated[int, msgspec.Meta(ge=100, le=599, description="an HTTP status from 100 to 599")]


class Http(WorkloadSettings, frozen=True, kw_only=True):
    """``expect`` is the one status that is ok; without it every one below 400 is.

    Redirects are not followed: the answer of this URL is what is timed. ``connect_ms`` goes up to
    where the request can be sent: name, connection and keys.
    """

    url: Text
    method: Literal["GET", "HEAD", "OPTIONS", "POST"] = "GET"
    expect: Status | None = None

    def faults(self) -> Iterator[tuple[str, str]]:
        """An address that can be asked, without a password in it."""
        yield from super().faults()
        if fault := _url_fault(self.url):
            yield "url", fault

    def command_line(self) -> str:
        """The request, without the query string, which may hold a token."""
        url, _, query = self.url.partition("?")
        return redact.shortened(
            f"{self.method} {redact.redacted(url)}{'?…' if query else ''}", redact.LONGEST
        )


@workload_kind("http", Http)
def run(workload: Http, _: Spawner) -> Result:
    """Send one request on a connection of its own; resolving, connecting and reading share the timeout."""
    url = urlsplit(workload.url)
    client = _client()
    context = _tls() if url.scheme == "https" else None
    measured: dict[str, Any] = {}
    start = time.perf_counter()
    with Connection(workload.timeout) as connection:
        try:
            connection.open(url.hostname or "", url.port or PORTS[url.scheme], context)
            measured["connect_ms"] = _ms(start)
            connection.send(_request(workload.method, url))
            complaint = _read_answer(workload, connection, measured)
        except TimeoutError:
            took = f"took longer than {span(workload.timeout)}, while {connection.phase}"
            return Result("timeout", took, measured | _times(start, connection))
        except client.HTTPException as error:
            complaint = _not_http(error)
        except OSError as error:
            complaint = f"{_network_fault(error)}, while {connection.phase}"
        measured |= _times(start, connection)
    return Result("failed" if complaint else "ok", complaint, measured)


def _read_answer(workload: Http, connection: Connection, measured: dict[str, Any]) -> str | None:
    """Read all of the answer; what is wrong with it, if anything."""
    made: Any = _client().HTTPResponse
    answer: HTTPResponse = made(connection, method=workload.method)  # it only reads, by makefile
    answer.begin()
    measured["http_status"] = answer.status
    measured["received_bytes"] = received = _drain(answer)
    if received > BODY_BYTES:
        return f"the answer is longer than {size(BODY_BYTES)}"
    if answer.length:
        return f"the answer ended {answer.length} bytes too early"
    if workload.expect is None:
        return f"status {answer.status}" if answer.status >= 400 else None
    return None if answer.status == workload.expect else f"status {answer.status}, not {workload.expect}"


def _not_http(error: Exception) -> str:
    """What http.client did not understand, in words."""
    kind = type(error).__name__
    if kind == "IncompleteRead":
        return "the answer broke off"
    if kind == "RemoteDisconnected":
        return "it hung up without an answer"
    return f"this is not HTTP: {kind}: {error}"


def _network_fault(error: OSError) -> str:
    """What went wrong below HTTP, in words; ``reason`` is OpenSSL's."""
    if getattr(error, "reason", None) in NOT_TLS:
        return "it does not speak TLS; is it http://?"
    text = error.strerror or str(error)
    return re.sub(r"^\[[^]]*\] | \(_ssl\.c:\d+\)$", "", text)


def _drain(answer: HTTPResponse) -> int:
    """Read and count the body, and stop where it is too long."""
    buffer = bytearray(CHUNK_BYTES)
    received = 0
    while received <= BODY_BYTES and (count := answer.readinto(buffer)):
        received += count
    return received


def _request(method: str, url: SplitResult) -> bytes:
    """One request of HTTP/1.1 after which the server closes. Source: RFC 9112."""
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    lines = [
        f"{method} {path} HTTP/1.1",
        f"Host: {url.netloc}",
        f"User-Agent: collector/{__version__}",
        "Accept: */*",
        "Accept-Encoding: identity",
        "Connection: close",
        *(["Content-Length: 0"] if method == "POST" else []),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


@cache
def _client() -> ModuleType:
    """http.client, loaded with the first request and without OpenSSL, which is for `_tls` alone."""
    with _loading, without("ssl"):
        import http.client  # noqa: PLC0415

        return http.client


@cache
def _tls() -> ssl.SSLContext:
    """The context for https, with the machine's certificates: 6 MB, so only where it is used."""
    with _loading:
        import ssl  # noqa: PLC0415

        return ssl.create_default_context()


def _times(start: float, connection: Connection) -> dict[str, float]:
    times = {"wall_ms": _ms(start)}
    if connection.first_byte_at is not None:
        times["first_byte_ms"] = (connection.first_byte_at - start) * 1000
    return times


def _ms(start: float) -> float:
    return (time.perf_counter() - start) * 1000


def _url_fault(text: str) -> str | None:
    """What is wrong with a URL, in words."""
    if not text.isascii() or not text.isprintable() or " " in text:
        return "must be of plain ASCII characters; write others as %xx"
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:  # its words hold a part of the URL, which may be half a password
        return "is not a URL: http://host:port/path, with odd signs written as %xx"
    if url.scheme not in PORTS or not url.hostname:
        return "must begin with http:// or https:// and a host"
    if url.username is not None:
        return "must not hold a user or password"
    return "port 0 cannot be asked" if port == 0 else None
