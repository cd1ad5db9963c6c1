"""HTTPX: each request made through a client becomes one operation.

    undo = httpx.watch(http)                      # httpx.Client or httpx.AsyncClient

One operation is one ``http.get()``: authentication, redirects and their bodies included, their number
in ``metadata.redirects``. The time ends when the body is read; with ``http.stream()`` when the headers
are here. It has failed when there was no answer or the status is 500 or more, or when it was cancelled.

HTTPX's own event hooks do not see errors to connect, so the client's ``send`` is timed.

What it cannot see:

| not seen | why |
|---|---|
| ``httpx.get()`` and its sisters | they make a client of their own |
| the body of a streamed answer | it is read later, if at all |
| the single steps of redirects and authentication, retries of the transport | parts of one call |
| query strings, headers, bodies, user and password | they are not looked at |
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx

from collector.client.hooks.base import Recorder
from collector.client.hooks.web import Call, called


def watch(http: httpx.Client | httpx.AsyncClient, /, *, client: Recorder | None = None) -> Callable[[], None]:
    """Time all requests of ``http`` from now on; answers what undoes it.

    ``client`` is who is told. Each call watches once more: undo in the reverse order.
    """
    before = vars(http).get("send")
    timed: Any = _timed_async(http, client) if isinstance(http, httpx.AsyncClient) else _timed(http, client)

    def undo() -> None:
        if vars(http).get("send") is timed:
            del vars(http)["send"]
            vars(http).update({} if before is None else {"send": before})

    vars(http)["send"] = timed
    return undo


def _timed(http: httpx.Client, client: Recorder | None) -> Callable[..., httpx.Response]:
    send = http.send

    def timed(request: httpx.Request, **kwargs: Any) -> httpx.Response:
        call = _begin(request, client)
        try:
            response = send(request, **kwargs)
        except BaseException as error:
            call.end(error)
            raise
        _answered(call, response)
        return response

    return timed


def _timed_async(http: httpx.AsyncClient, client: Recorder | None) -> Callable[..., Any]:
    send = http.send

    async def timed(request: httpx.Request, **kwargs: Any) -> httpx.Response:
        call = _begin(request, client)
        try:
            response = await send(request, **kwargs)
        except BaseException as error:
            call.end(error)
            raise
        _answered(call, response)
        return response

    return timed


def _begin(request: httpx.Request, client: Recorder | None) -> Call:
    return Call(client, lambda: called(request.method, urlsplit(str(request.url))))


def _answered(call: Call, response: httpx.Response) -> None:
    call.answered(response.status_code, len(response.history))
    call.end()
