"""What the tests of hooks share: a recorder that keeps, a slow query, and a server to talk to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec
import pytest

from collector.client.hooks.base import Kept
from collector.records.base import KINDS
from collector.records.operation import DIALECTS

# Its rows cost time when they are fetched, not when it is executed.
SLOW = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) "
    "SELECT i FROM n WHERE i % 50000 = 0"
)


@pytest.fixture
def kept() -> Iterator[Kept]:
    """A recorder of the test's own; whatever it was told must be what the daemon would store."""
    recorder = Kept()
    yield recorder
    for kind, fields in recorder.records:
        columns = {name: value for name, value in fields.items() if name not in KINDS[kind].inputs}
        msgspec.convert({"kind": kind, **columns}, KINDS[kind].struct, strict=True)
        assert fields.get("dialect", "generic") in DIALECTS


@dataclass
class Server:
    """A server on this machine; ``/gated`` sends headers, then waits with the body."""

    url: str
    headers_sent: threading.Event = field(default_factory=threading.Event)
    body_may_go: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def server() -> Iterator[Server]:
    """A real server in a thread."""

    class Handler(BaseHTTPRequestHandler):
        """Answers ``/status/N`` with that status, everything else with 200."""

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            status = int(path.rpartition("/")[2]) if path.startswith("/status/") else 200
            self.send_response(302 if path == "/moved" else status)
            if path == "/moved":
                self.send_header("Location", "/status/200")
            self.send_header("Content-Length", "4")
            self.end_headers()
            self.wfile.flush()
            if path == "/gated":
                told.headers_sent.set()
                told.body_may_go.wait(30)
            self.wfile.write(b"body")

        def log_message(self, *args: object) -> None:
            """Nobody reads it."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told = Server(f"http://127.0.0.1:{http.server_port}")
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield told
    told.body_may_go.set()
    http.shutdown()
    thread.join()
    http.server_close()


@pytest.fixture
def nobody() -> str:
    """An address where nobody listens."""
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as http:
        return f"http://127.0.0.1:{http.server_port}"
