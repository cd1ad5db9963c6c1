"""HTTP workloads: one request, to the host of the config, for a bounded time and a bounded answer."""

from __future__ import annotations

import socket
import threading
import tracemalloc
from typing import Any

import pytest

from collector.workloads import http
from collector.workloads.http import Http, run
from collector.workloads.spawn import Children
from tests.workloads.made import faults, made
from tests.workloads.served import OK, Answer, request, says, serving


def ask(url: str, **keys: Any) -> Any:
    """One request."""
    return run(made(Http, **{"url": url, "timeout": 5, **keys}), Children())


class Trap:
    """A server that must not be asked, and what it was asked nevertheless."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []

    def __call__(self, peer: socket.socket) -> None:
        self.asked.append(request(peer))
        peer.sendall(OK)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_is_not_followed(status: int) -> None:
    """To whatever scheme or host; so nothing is told to another one."""
    trap = Trap()
    with serving(trap) as trapped:
        for place in (f"http://127.0.0.1:{trapped}/", "file:///etc/passwd", "gopher://127.0.0.1/", "/"):
            head = f"HTTP/1.1 {status} Moved\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n"
            with serving(says(head.encode())) as port:
                result = ask(f"http://127.0.0.1:{port}/")
            assert (result.outcome, result.measured["http_status"]) == ("ok", status)
    assert trap.asked == []


def test_proxies_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is timed is the host of the config, and nobody else learns of it."""
    trap = Trap()
    with serving(trap) as trapped, serving(says(OK)) as port:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{trapped}")
        monkeypatch.delenv("no_proxy", raising=False)
        assert ask(f"http://127.0.0.1:{port}/").outcome == "ok"
    assert trap.asked == []


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://host/", "gopher://host/", "unix:///run/x", "HTTPX://host/", "//host/",
     "javascript:x", "http:host", "data:,x"],
)  # fmt: skip
def test_only_http_is_asked(url: str) -> None:
    """A file is no answer of a server."""
    assert faults(made(Http, url=url)) == {"url": "must begin with http:// or https:// and a host"}


@pytest.mark.parametrize(
    "url",
    ["http://h/\r\nX: y", "http://h/\nX: y", "http://h/\rX", "http://h\r\nX: y/", "http://h/ HTTP/1.1", "http://h/\tx",
     "http://h/\x00", "http://h/\x7f", "http://h/\x85", "http://h/\u2028", "http://h/?q=\nX", "http://h/#\n", "\nhttp://h/",
     "http://h/\u010a"],
)  # fmt: skip
def test_no_header_can_be_smuggled_into_a_request(url: str) -> None:
    """Line ends and spaces stand nowhere in a URL, nor what could become one by its encoding."""
    said = "must be of plain ASCII characters; write others as %xx"
    assert faults(made(Http, url=url)) == {"url": said}


def test_a_written_line_end_stays_written() -> None:
    """So the request has the lines that we wrote."""
    trap = Trap()
    with serving(trap) as port:
        ask(f"http://127.0.0.1:{port}/a%0d%0aX-Evil:%20y?b=%0aX-Evil:y")
    (head,) = trap.asked
    names = [line.partition(b":")[0] for line in head.split(b"\r\n")[1:-2]]
    assert names == [b"Host", b"User-Agent", b"Accept", b"Accept-Encoding", b"Connection"]


@pytest.mark.parametrize("url", ["http://me:geheim@h/", "http://me@h/", "http://@h/", "http://h\\@other/"])
def test_no_user_stands_in_a_url(url: str) -> None:
    """It would be a secret in the config, and is a way to make a host look like another."""
    assert faults(made(Http, url=url)) == {"url": "must not hold a user or password"}


def for_ever(first: bytes, then: bytes) -> Answer:
    """Sends ``then`` again and again."""

    def answer(peer: socket.socket) -> None:
        request(peer)
        peer.sendall(first)
        while True:
            peer.sendall(then)

    return answer


HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (b"", b"x" * 10_000),
        (HEAD, b"X: " + b"y" * 10_000),
        (HEAD, b"X: y\r\n" * 1000),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1" * 10_000),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", b"X: y\r\n" * 1000),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
        (HEAD + b"\r\n", b"y" * 60_000),
    ],
    ids=["status", "header", "headers", "chunk size", "trailers", "continue", "body"],
)
def test_no_answer_is_endless(monkeypatch: pytest.MonkeyPatch, first: bytes, then: bytes) -> None:
    """Each part of it has an end or a deadline, and takes no memory to speak of."""
    monkeypatch.setattr(http, "BODY_BYTES", 4 << 20)
    with serving(for_ever(first, then)) as port:
        tracemalloc.start()
        result = ask(f"http://127.0.0.1:{port}/", timeout=0.2)
        most_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert result.outcome in {"failed", "timeout"}
    assert most_bytes < 2 << 20


@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_a_server_that_sends_a_byte_at_a_time_is_left_at_the_deadline(first: bytes) -> None:
    """In its status, its headers or its body: the time counts for all of it."""
    left = threading.Event()

    def answer(peer: socket.socket) -> None:
        request(peer)
        peer.sendall(first)
        try:
            while not left.wait(0.02):
                peer.sendall(b"x")
        except OSError:
            left.set()

    with serving(answer) as port:
        result = ask(f"http://127.0.0.1:{port}/", timeout=0.2)
        assert left.wait(10)
    assert (result.outcome, result.measured["wall_ms"] < 5000) == ("timeout", True)
