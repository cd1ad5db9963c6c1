"""The WSGI middleware: Flask behind Werkzeug's real server, and bare applications behind wsgiref's check."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from wsgiref.util import FileWrapper, setup_testing_defaults
from wsgiref.validate import validator

import flask
import httpx
import pytest
from werkzeug.serving import make_server

from collector.client.hooks.base import Kept
from collector.client.hooks.wsgi import Middleware


def call(app: Any, **environ: Any) -> bytes:
    """What a server does with an application: call, read, close."""
    setup_testing_defaults(environ)
    environ.setdefault("QUERY_STRING", "")
    body = app(environ, lambda status, headers, exc_info=None: lambda data: None)
    try:
        return b"".join(body)
    finally:
        getattr(body, "close", lambda: None)()


def answers(body: Iterable[bytes], status: str = "200 OK") -> Callable[..., Iterable[bytes]]:
    """An application that answers this."""

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response(status, [("Content-Type", "text/plain")])
        return body

    return app


@pytest.fixture
def shop(kept: Kept) -> Iterator[str]:
    """The address of a Flask application behind a real server."""
    app = flask.Flask("shop")

    @app.get("/orders/<int:number>")
    def order(number: int) -> str:
        return f"order {number}"

    @app.get("/parts")
    def parts() -> flask.Response:
        return flask.Response(part for part in ("a", "b", "c"))

    @app.get("/broken")
    def broken() -> str:
        raise RuntimeError("hunter2")

    app.wsgi_app = Middleware(app.wsgi_app, kept, user=lambda environ: 42)  # type: ignore[method-assign]
    server = make_server("127.0.0.1", 0, app, threaded=True)
    server.log_startup = lambda: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_flasks_requests_are_told_by_route(shop: str, kept: Kept) -> None:
    """With who asked, and nothing of what was asked."""
    headers = {"User-Agent": "test/1", "X-Request-ID": "r-1", "Cookie": "a=hunter2", "X-Key": "hunter2"}
    assert httpx.get(f"{shop}/orders/17?key=hunter2", headers=headers).text == "order 17"
    kept.wait_for(1)  # a server closes an answer after the client has it
    (operation,) = kept.operations
    assert operation.pop("duration_ms") > 0
    assert operation.pop("timestamp") > 0
    assert operation == {
        "metric_type": "api", "metric_name": "GET /orders/<int:number>",
        "endpoint": "GET /orders/<int:number>",
        "success": True, "user_id": "42", "request_id": "r-1", "user_agent": "test/1",
        "ip_address": "127.0.0.1", "metadata": {"status": 200},
    }  # fmt: skip


def test_flasks_failures_and_strangers_are_told(shop: str, kept: Kept) -> None:
    """A route that nobody knows has the path for a name."""
    assert httpx.get(f"{shop}/broken").status_code == 500
    assert httpx.get(f"{shop}/nothing/9").status_code == 404
    assert httpx.get(f"{shop}/parts").text == "abc"
    kept.wait_for(3)
    told = [(o["metric_name"], o["success"], o["metadata"]["status"]) for o in kept.operations]
    assert sorted(told) == [
        ("GET /broken", False, 500), ("GET /nothing/:id", True, 404), ("GET /parts", True, 200),
    ]  # fmt: skip


def test_a_streamed_answer_is_over_when_it_is_closed(kept: Kept) -> None:
    """Not when the application returns, and not with its last part."""
    app = Middleware(answers(part for part in (b"a", b"b")), kept)
    environ: dict[str, Any] = {}
    setup_testing_defaults(environ)
    body: Any = app(environ, lambda *_: lambda _: None)
    assert list(body) == [b"a", b"b"]
    assert kept.operations == []
    body.close()
    body.close()
    assert len(kept.operations) == 1


def test_errors_pass_through_and_are_told(kept: Kept) -> None:
    """When called, when read, and when closed: the very object."""
    wrong = RuntimeError("hunter2")

    def at_once(environ: Any, start_response: Any) -> Iterable[bytes]:
        raise wrong

    def while_read() -> Iterator[bytes]:
        yield b"a"
        raise wrong

    class AtClose(list[bytes]):
        """Cannot be closed."""

        def close(self) -> None:
            raise wrong

    for app in (at_once, answers(while_read()), answers(AtClose([b"a"]))):
        with pytest.raises(RuntimeError) as raised:
            call(Middleware(app, kept))
        assert raised.value is wrong
    assert [o["success"] for o in kept.operations] == [False] * 3
    assert {o["metadata"]["error"] for o in kept.operations} == {"RuntimeError"}
    assert "hunter2" not in repr(kept.records)


def test_a_server_finds_what_pep_3333_promises(kept: Kept) -> None:
    """wsgiref's own check stands on both sides of the middleware."""
    app = validator(Middleware(validator(answers([b"body"])), kept))
    environ: dict[str, Any] = {"QUERY_STRING": "", "REMOTE_ADDR": "unix:"}
    setup_testing_defaults(environ)
    body: Any = app(environ, lambda *_: lambda _: None)
    assert list(body) == [b"body"]
    body.close()
    assert "ip_address" not in kept.operations[0]


def test_a_length_stays_a_length(kept: Kept) -> None:
    """Servers make a Content-Length of an answer of one part; one without a length has none."""
    environ: dict[str, Any] = {}
    setup_testing_defaults(environ)
    body: Any = Middleware(answers([b"body"]), kept)(environ, lambda *_: lambda _: None)
    assert len(body) == 1
    stream: Any = Middleware(answers(iter([b"body"])), kept)(environ, lambda *_: lambda _: None)
    assert not hasattr(stream, "__len__")


def test_a_file_is_left_to_the_server(kept: Kept, tmp_path: Any) -> None:
    """It sends it as it likes best."""
    (tmp_path / "f").write_bytes(b"body")
    with (tmp_path / "f").open("rb") as file:
        wrapped = FileWrapper(file)
        environ: dict[str, Any] = {"wsgi.file_wrapper": FileWrapper}
        setup_testing_defaults(environ)
        assert Middleware(answers(wrapped), kept)(environ, lambda *_: lambda _: None) is wrapped
    assert len(kept.operations) == 1


def test_what_the_application_says_of_route_and_user_may_fail(kept: Kept) -> None:
    """Then the path is the name, and the user unknown."""

    def broken(environ: Any) -> str:
        raise KeyError("hunter2")

    assert call(Middleware(answers([b"x"]), kept, user=broken, route=broken), PATH_INFO="/a/1") == b"x"
    assert call(Middleware(answers([b"x"]), kept, route=lambda _: "/a/{n}"), PATH_INFO="/a/1") == b"x"
    assert [o["metric_name"] for o in kept.operations] == ["GET /a/:id", "GET /a/{n}"]
    assert all("user_id" not in o for o in kept.operations)


def test_a_status_that_is_none_is_the_servers_affair(kept: Kept) -> None:
    """The operation has failed, and the application's answer is as it was."""
    assert call(Middleware(answers([b"x"], "what?"), kept)) == b"x"
    assert kept.operations[0]["success"] is False


def test_a_broken_environment_is_left_to_the_application(kept: Kept) -> None:
    """It is served, untold."""
    assert Middleware(answers([b"x"]), kept)({}, lambda *_: lambda _: None) == [b"x"]
    assert kept.operations == []
