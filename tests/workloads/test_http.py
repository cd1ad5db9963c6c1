"""Workloads that are an HTTP request, against real servers on loopback."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from collector.workloads import http
from collector.workloads.http import Http, run
from collector.workloads.spawn import Children
from tests.workloads.made import faults, made
from tests.workloads.served import OK, request, says, serving


def ask(port: int, path: str = "/", **keys: Any) -> Any:
    """One request to a server on loopback."""
    keys = {"timeout": 5, **keys}
    return run(made(Http, url=f"http://127.0.0.1:{port}{path}", **keys), Children())


def test_a_request_is_timed_from_the_connection_to_the_last_byte() -> None:
    """In this order."""
    with serving(says(OK)) as port:
        result = ask(port)
    assert (result.outcome, result.detail) == ("ok", None)
    found = result.measured
    assert (found["http_status"], found["received_bytes"]) == (200, 5)
    assert 0 < found["connect_ms"] < found["first_byte_ms"] <= found["wall_ms"] < 5000


@pytest.mark.parametrize(
    ("answer", "size"),
    [
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x\r\ndefg\r\n0\r\n\r\n",
            7,
        ),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", 13),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 0),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 2),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", 0),
    ],
)
def test_every_way_to_end_a_body_is_understood(answer: bytes, size: int) -> None:
    """Chunks, a length, the end of the connection; and a redirect is an answer."""
    with serving(says(answer)) as port:
        result = ask(port)
    assert (result.outcome, result.measured["received_bytes"]) == ("ok", size)


def test_the_request_is_what_the_config_says() -> None:
    """With its host, and a word on who asks."""
    heads: list[bytes] = []

    def answer(peer: socket.socket) -> None:
        heads.append(request(peer))
        peer.sendall(OK)

    with serving(answer) as port:
        ask(port, "/health?deep=1", method="POST")
    lines = heads[0].decode().split("\r\n")
    assert lines[0] == "POST /health?deep=1 HTTP/1.1"
    assert lines[1] == f"Host: 127.0.0.1:{port}"
    assert "Content-Length: 0" in lines
    assert any(line.startswith("User-Agent: collector/") for line in lines)


def test_a_head_request_has_no_body() -> None:
    """Whatever length is announced."""
    with serving(says(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")) as port:
        assert ask(port, method="HEAD").outcome == "ok"


@pytest.mark.parametrize(
    ("status", "expect", "outcome", "detail"),
    [
        (399, None, "ok", None),
        (404, None, "failed", "status 404"),
        (500, None, "failed", "status 500"),
        (404, 404, "ok", None),
        (200, 404, "failed", "status 200, not 404"),
    ],
)
def test_a_status_below_400_is_ok_unless_one_is_expected(
    status: int, expect: int | None, outcome: str, detail: str | None
) -> None:
    """Measured all the same."""
    with serving(says(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status)) as port:
        result = ask(port, expect=expect)
    assert (result.outcome, result.detail, result.measured["http_status"]) == (outcome, detail, status)


def test_a_server_that_stalls_after_its_headers_is_left() -> None:
    """At the timeout, with what is known until then."""
    stop = threading.Event()

    def answer(peer: socket.socket) -> None:
        request(peer)
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
        stop.wait(10)

    with serving(answer) as port:
        result = ask(port, timeout=0.3)
        stop.set()
    assert (result.outcome, result.detail) == ("timeout", "took longer than 300ms, while reading the answer")
    assert 290 < result.measured["wall_ms"] < 900
    assert result.measured["http_status"] == 200
    assert result.measured["first_byte_ms"] < 300


def test_a_server_that_drips_is_left_too() -> None:
    """A byte now and then keeps a socket's own timeout from ever being reached."""
    stop = threading.Event()

    def answer(peer: socket.socket) -> None:
        request(peer)
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not stop.wait(0.02):
            peer.sendall(b"x")

    with serving(answer) as port:
        result = ask(port, timeout=0.3)
        stop.set()
    assert (result.outcome, result.detail) == ("timeout", "took longer than 300ms, while reading the answer")
    assert result.measured["wall_ms"] < 900


def test_a_server_that_never_answers_is_left() -> None:
    """With the phase it was in."""
    stop = threading.Event()

    def answer(_: socket.socket) -> None:
        stop.wait(10)

    with serving(answer) as port:
        result = ask(port, timeout=0.2)
        stop.set()
    assert result.detail == "took longer than 200ms, while waiting for the answer"


def test_a_server_that_is_not_there_fails() -> None:
    """With the words of the kernel."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    result = ask(port)
    assert (result.outcome, result.detail) == ("failed", "Connection refused, while connecting")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"SSH-2.0-OpenSSH\r\n", "this is not HTTP: BadStatusLine: SSH-2.0-OpenSSH"),
        (b"", "it hung up without an answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", "the answer ended 5 bytes too early"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "the answer broke off"),
    ],
)
def test_a_broken_answer_fails(answer: bytes, said: str) -> None:
    """And says how it is broken."""
    with serving(says(answer)) as port:
        result = ask(port)
    assert result.outcome == "failed"
    assert str(result.detail).startswith(said)


def test_a_server_without_tls_is_told_in_words() -> None:
    """OpenSSL would say WRONG_VERSION_NUMBER."""
    with serving(lambda talk: talk.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port:
        result = run(made(Http, url=f"https://127.0.0.1:{port}/", timeout=5), Children())
    assert result.outcome == "failed"
    assert str(result.detail).startswith("it does not speak TLS; is it http://?")


def test_an_endless_answer_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request is timed, not a download."""
    monkeypatch.setattr(http, "BODY_BYTES", 100_000)

    def answer(peer: socket.socket) -> None:
        request(peer)
        peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            peer.sendall(bytes(10_000))

    with serving(answer) as port:
        result = ask(port)
    assert (result.outcome, result.detail) == ("failed", "the answer is longer than 100 KB")


def test_a_name_is_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    """All its addresses are tried in turn: nobody listens at the first."""
    asked: list[str] = []

    with serving(says(OK)) as port:

        def two(host: str, *_: object, **__: object) -> list[Any]:
            asked.append(host)
            stream = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
            return [(*stream, ("127.0.0.2", port)), (*stream, ("127.0.0.1", port))]

        monkeypatch.setattr("socket.getaddrinfo", two)
        result = run(made(Http, url=f"http://shop.example:{port}/", timeout=5), Children())
    assert (asked, result.outcome, result.detail) == (["shop.example"], "ok", None)


def test_a_name_that_does_not_exist_fails() -> None:
    """The top-level domain invalid never does (RFC 2606)."""
    result = run(made(Http, url="http://name.invalid/", timeout=5), Children())
    assert result.outcome == "failed"
    assert str(result.detail).endswith(", while resolving the name")


def test_a_resolver_that_hangs_cannot_outlive_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its thread is left behind, one a name at the most."""
    release = threading.Event()
    asked: list[str] = []

    def hang(host: str, *_: object, **__: object) -> list[Any]:
        asked.append(host)
        release.wait(10)
        return []

    monkeypatch.setattr("socket.getaddrinfo", hang)
    began = time.monotonic()
    results = [run(made(Http, url="http://slow.example/", timeout=0.2), Children()) for _ in range(2)]
    assert time.monotonic() - began < 2
    release.set()
    assert {result.detail for result in results} == {"took longer than 200ms, while resolving the name"}
    assert asked == ["slow.example"]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
def test_https_is_timed_with_its_handshake_and_the_certificate_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate that nobody vouches for is a failure; one that is trusted is not."""
    key, certificate = tmp_path / "key", tmp_path / "certificate"
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    make += ["-keyout", str(key), "-out", str(certificate), "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*make, "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with serving(says(OK), context) as port:
        workload = made(Http, url=f"https://localhost:{port}/", timeout=5)
        stranger = run(workload, Children())
        trusting = ssl.create_default_context(cafile=str(certificate))
        monkeypatch.setattr(http, "_tls", lambda: trusting)
        friend = run(workload, Children())
    assert stranger.outcome == "failed"
    assert "certificate verify failed" in str(stranger.detail)
    assert (friend.outcome, friend.measured["received_bytes"]) == ("ok", 5)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://host/", "must begin with http:// or https:// and a host"),
        ("http:///path", "must begin with http:// or https:// and a host"),
        ("127.0.0.1:8000", "must begin with http:// or https:// and a host"),
        ("http://host:port/", "is not a URL: "),
        ("http://[::1/", "is not a URL: "),
        ("http://host:0/", "port 0 cannot be asked"),
        ("http://me:geheim@host/", "must not hold a user or password"),
        ("http://host/a b", "must be of plain ASCII characters"),
        ("http://host/\r\nX: y", "must be of plain ASCII characters"),
        ("http://höst/", "must be of plain ASCII characters"),
    ],
)
def test_a_url_that_cannot_be_asked_is_a_fault(url: str, said: str) -> None:
    """Told by `collector check`."""
    assert said in faults(made(Http, url=url))["url"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/health", "https://host", "http://[::1]:80/?a=b"])
def test_a_good_url_has_no_faults(url: str) -> None:
    """Of either scheme."""
    assert faults(made(Http, url=url)) == {}


def test_the_command_line_leaves_the_query_out() -> None:
    """It may hold a token."""
    assert made(Http, url="http://h/a?token=x", method="HEAD").command_line() == "HEAD http://h/a?…"
    assert made(Http, url="http://h:80/a").command_line() == "GET http://h:80/a"
