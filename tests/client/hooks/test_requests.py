"""Requests, against a real server."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import requests

from collector.client.hooks import requests as hook
from collector.client.hooks.base import Kept
from tests.client.hooks.conftest import Server


def test_a_request_is_one_operation_with_all_its_columns(server: Server, kept: Kept) -> None:
    """Named by host and path; nothing of what was sent is told."""
    with hook.watch(client=kept) as session:
        answer = session.get(
            f"{server.url}/users/17?key=hunter2", headers={"X-Key": "hunter2"}, cookies={"a": "hunter2"}
        )
    assert answer.text == "body"
    (operation,) = kept.operations
    assert operation.pop("duration_ms") > 0
    assert operation.pop("timestamp") > 0
    name = f"GET {server.url.removeprefix('http://')}/users/:id"
    assert operation == {
        "metric_type": "api", "metric_name": name, "endpoint": name, "success": True,
        "metadata": {"status": 200},
    }  # fmt: skip


@pytest.mark.parametrize(("status", "success"), [(204, True), (404, True), (500, False), (503, False)])
def test_a_server_that_fails_is_a_failure(server: Server, kept: Kept, status: int, success: bool) -> None:
    """A client's own mistake is not."""
    with hook.watch(client=kept) as session:
        assert session.get(f"{server.url}/status/{status}").status_code == status
    assert [(o["success"], o["metadata"]["status"]) for o in kept.operations] == [(success, status)]


def test_an_error_passes_through_and_is_told(nobody: str, kept: Kept) -> None:
    """There is nobody at this address."""
    with hook.watch(client=kept) as session, pytest.raises(requests.ConnectionError):
        session.get(nobody)
    assert [(o["success"], o["metadata"]) for o in kept.operations] == [(False, {"error": "ConnectionError"})]


def test_redirects_are_part_of_the_request(server: Server, kept: Kept) -> None:
    """One call of the application, one operation; the session goes on as usual."""
    with hook.watch(client=kept) as session:
        assert session.get(f"{server.url}/moved").url.endswith("/status/200")
        session.get(f"{server.url}/again")
    assert [o["metadata"] for o in kept.operations] == [{"status": 200, "redirects": 1}, {"status": 200}]
    assert kept.operations[0]["metric_name"].endswith("/moved")


def test_a_body_is_waited_for(server: Server, kept: Kept) -> None:
    """The operation is not over when the headers are here."""
    with hook.watch(client=kept) as session:
        thread = threading.Thread(target=session.get, args=(f"{server.url}/gated",))
        thread.start()
        assert server.headers_sent.wait(30)
        assert kept.operations == []
        server.body_may_go.set()
        thread.join()
    assert len(kept.operations) == 1


def test_a_streamed_body_is_not_waited_for(server: Server, kept: Kept) -> None:
    """The application reads it when it likes."""
    with (
        hook.watch(client=kept) as session,
        session.get(f"{server.url}/gated", stream=True) as answer,
    ):
        assert len(kept.operations) == 1
        server.body_may_go.set()
        assert answer.content == b"body"


def test_undone_it_is_as_before(server: Server, kept: Kept) -> None:
    """Two watches are undone one by one; one more does nothing."""
    with requests.Session() as session:
        for _ in range(2):
            assert hook.watch(session, client=kept) is session
        for expected in (2, 3, 3, 3):
            session.get(server.url)
            assert len(kept.operations) == expected
            hook.unwatch(session)
        assert "send" not in vars(session)


def test_two_threads_share_a_session(server: Server, kept: Kept) -> None:
    """As far as Requests allows it."""
    with hook.watch(client=kept) as session:
        threads: list[Any] = [threading.Thread(target=session.get, args=(server.url,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(kept.operations) == 2
