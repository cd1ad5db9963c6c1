"""HTTPX, with and without asyncio, against a real server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from collector.client.hooks import httpx as hook
from collector.client.hooks.base import Kept
from tests.client.hooks.conftest import Server

Get = Callable[..., httpx.Response]


@pytest.fixture(params=["sync", "async"])
def get(request: pytest.FixtureRequest, kept: Kept) -> Get:
    """``httpx.get`` through a watched client of either kind."""

    def plain(url: str, **kwargs: Any) -> httpx.Response:
        with httpx.Client() as http:
            hook.watch(http, client=kept)
            return http.get(url, **kwargs)

    def by_asyncio(url: str, **kwargs: Any) -> httpx.Response:
        async def run() -> httpx.Response:
            async with httpx.AsyncClient() as http:
                hook.watch(http, client=kept)
                return await http.get(url, **kwargs)

        return asyncio.run(run())

    return plain if request.param == "sync" else by_asyncio


def test_a_request_is_one_operation_with_all_its_columns(get: Get, server: Server, kept: Kept) -> None:
    """Named by host and path; nothing of what was sent is told."""
    sent = {"params": {"key": "hunter2"}, "headers": {"X-Key": "hunter2"}, "auth": ("ann", "hunter2")}
    assert get(f"{server.url}/users/17", **sent).text == "body"
    (operation,) = kept.operations
    assert operation.pop("duration_ms") > 0
    assert operation.pop("timestamp") > 0
    name = f"GET {server.url.removeprefix('http://')}/users/:id"
    assert operation == {
        "metric_type": "api", "metric_name": name, "endpoint": name, "success": True,
        "metadata": {"status": 200},
    }  # fmt: skip


@pytest.mark.parametrize(("status", "success"), [(404, True), (500, False)])
def test_a_server_that_fails_is_a_failure(
    get: Get, server: Server, kept: Kept, status: int, success: bool
) -> None:
    """A client's own mistake is not."""
    assert get(f"{server.url}/status/{status}").status_code == status
    assert [(o["success"], o["metadata"]["status"]) for o in kept.operations] == [(success, status)]


def test_an_error_passes_through_and_is_told(get: Get, nobody: str, kept: Kept) -> None:
    """HTTPX's own event hooks do not see it."""
    with pytest.raises(httpx.ConnectError):
        get(nobody)
    assert [(o["success"], o["metadata"]) for o in kept.operations] == [(False, {"error": "ConnectError"})]


def test_redirects_are_part_of_the_request(get: Get, server: Server, kept: Kept) -> None:
    """One call of the application, one operation."""
    get(f"{server.url}/moved", follow_redirects=True)
    assert [o["metadata"] for o in kept.operations] == [{"status": 200, "redirects": 1}]


def test_a_streamed_body_is_not_waited_for(server: Server, kept: Kept) -> None:
    """The application reads it when it likes."""
    with httpx.Client() as http:
        hook.watch(http, client=kept)
        with http.stream("GET", f"{server.url}/gated") as answer:
            assert len(kept.operations) == 1
            server.body_may_go.set()
            assert answer.read() == b"body"


def test_a_cancelled_request_has_failed(server: Server, kept: Kept) -> None:
    """Its body would have come too late."""

    async def run() -> None:
        async with httpx.AsyncClient() as http:
            hook.watch(http, client=kept)
            task = asyncio.ensure_future(http.get(f"{server.url}/gated"))
            await asyncio.to_thread(server.headers_sent.wait, 30)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(run())
    assert [(o["success"], o["metadata"]) for o in kept.operations] == [(False, {"error": "CancelledError"})]


def test_undone_it_is_as_before(server: Server, kept: Kept) -> None:
    """Two watches are undone one by one; twice does no harm."""
    with httpx.Client() as http:
        first, second = hook.watch(http, client=kept), hook.watch(http, client=kept)
        http.get(server.url)
        second()
        http.get(server.url)
        first()
        first()
        http.get(server.url)
        assert "send" not in vars(http)
    assert len(kept.operations) == 3
