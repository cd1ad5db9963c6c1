"""The ASGI middleware: Starlette driven by HTTPX, and bare applications."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware import Middleware as Use
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Mount, Route

from collector.client.hooks.asgi import Middleware
from collector.client.hooks.base import Kept


async def order(request: Request) -> PlainTextResponse:
    """One order."""
    return PlainTextResponse(f"order {request.path_params['number']}")


async def parts(request: Request) -> StreamingResponse:
    """An answer in three parts."""

    async def each() -> AsyncIterator[str]:
        for part in "abc":
            yield part

    return StreamingResponse(each())


async def broken(request: Request) -> PlainTextResponse:
    """Raises."""
    raise RuntimeError("hunter2")


def shop(kept: Kept, **kwargs: Any) -> Starlette:
    """A Starlette application with the middleware in it."""
    routes = [
        Route("/orders/{number:int}", order), Route("/parts", parts), Route("/broken", broken),
        Mount("/tenants/{tenant}", routes=[Route("/orders/{number:int}", order)]),
    ]  # fmt: skip
    return Starlette(routes=routes, middleware=[Use(Middleware, client=kept, **kwargs)])


def get(app: Any, path: str, **kwargs: Any) -> httpx.Response:
    """One request to an application in this process."""

    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=("192.0.2.7", 123))
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as http:
            return await http.get(path, **kwargs)

    return asyncio.run(run())


async def no_message() -> dict[str, Any]:
    """Nothing comes from the server."""
    return {"type": "http.disconnect"}


async def ignore(message: Any) -> None:
    """The server's side, which nobody looks at."""


def test_starlettes_requests_are_told_by_route(kept: Kept) -> None:
    """With who asked, and nothing of what was asked."""
    headers = {"User-Agent": "test/1", "X-Request-ID": "r-1", "Cookie": "a=hunter2", "X-Key": "hunter2"}
    app = shop(kept, user=lambda scope: scope["path_params"]["number"])
    assert get(app, "/orders/17?key=hunter2", headers=headers).text == "order 17"
    (operation,) = kept.operations
    assert operation.pop("duration_ms") > 0
    assert operation.pop("timestamp") > 0
    assert operation == {
        "metric_type": "api", "metric_name": "GET /orders/{number:int}",
        "endpoint": "GET /orders/{number:int}",
        "success": True, "user_id": "17", "request_id": "r-1", "user_agent": "test/1",
        "ip_address": "192.0.2.7", "metadata": {"status": 200},
    }  # fmt: skip


def test_starlettes_failures_mounts_streams_and_strangers_are_told(kept: Kept) -> None:
    """A route that nobody knows has the path for a name."""
    paths = ("/broken", "/parts", "/tenants/7/orders/9", "/nothing/9")
    assert [get(shop(kept), path).status_code for path in paths] == [500, 200, 200, 404]
    assert [(o["metric_name"], o["success"], o["metadata"]) for o in kept.operations] == [
        ("GET /broken", False, {"error": "RuntimeError"}),
        ("GET /parts", True, {"status": 200}),
        ("GET /tenants/:id/orders/{number:int}", True, {"status": 200}),
        ("GET /nothing/:id", True, {"status": 404}),
    ]
    assert "hunter2" not in repr(kept.records)


def test_around_the_whole_application_a_failure_has_its_status(kept: Kept) -> None:
    """Starlette answers 500 and raises once more: told once."""
    app = Starlette(routes=[Route("/broken", broken)])
    assert get(Middleware(app, kept), "/broken").status_code == 500
    assert [(o["success"], o["metadata"]["status"]) for o in kept.operations] == [(False, 500)]


def test_background_tasks_do_not_count(kept: Kept) -> None:
    """They run after the last part of the answer, when it is told already."""
    told_before: list[int] = []

    async def answer(request: Request) -> PlainTextResponse:
        return PlainTextResponse(
            "x", background=BackgroundTask(lambda: told_before.append(len(kept.operations)))
        )

    app = Middleware(Starlette(routes=[Route("/", answer)]), kept)
    assert get(app, "/").text == "x"
    assert told_before == [1]


def test_an_error_passes_through_and_is_told(kept: Kept) -> None:
    """The very object."""
    wrong = RuntimeError("hunter2")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise wrong

    with pytest.raises(RuntimeError) as raised:
        asyncio.run(Middleware(app, kept)({"type": "http", "method": "GET", "path": "/"}, no_message, ignore))
    assert raised.value is wrong
    assert [o["success"] for o in kept.operations] == [False]


def test_a_cancelled_request_has_failed(kept: Kept) -> None:
    """As when a client goes away."""

    async def run() -> None:
        began = asyncio.Event()

        async def app(scope: Any, receive: Any, send: Any) -> None:
            began.set()
            await asyncio.Event().wait()

        scope = {"type": "http", "method": "GET", "path": "/"}
        task = asyncio.ensure_future(Middleware(app, kept)(scope, no_message, ignore))
        await began.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert [o["metadata"] for o in kept.operations] == [{"error": "CancelledError"}]


@pytest.mark.parametrize("kind", ["websocket", "lifespan"])
def test_everything_but_http_passes_untouched(kept: Kept, kind: str) -> None:
    """The very objects of the server reach the application."""
    seen: list[Any] = []

    async def app(*given: Any) -> None:
        seen.extend(given)

    given: Any = ({"type": kind}, no_message, ignore)
    asyncio.run(Middleware(app, kept)(*given))
    assert all(one is other for one, other in zip(seen, given, strict=True))
    assert kept.operations == []


def test_two_requests_at_once_are_told_apart(kept: Kept) -> None:
    """The second begins and ends inside the first."""

    async def run() -> None:
        first_began, second_done = asyncio.Event(), asyncio.Event()

        async def app(scope: Any, receive: Any, send: Any) -> None:
            if scope["path"] == "/first":
                first_began.set()
                await second_done.wait()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"x"})

        served = Middleware(app, kept)
        first = asyncio.ensure_future(
            served({"type": "http", "method": "GET", "path": "/first"}, no_message, ignore)
        )
        await first_began.wait()
        await served({"type": "http", "method": "GET", "path": "/second"}, no_message, ignore)
        second_done.set()
        await first

    asyncio.run(run())
    second, first = kept.operations
    assert (second["metric_name"], first["metric_name"]) == ("GET /second", "GET /first")
    assert second["duration_ms"] < first["duration_ms"]
