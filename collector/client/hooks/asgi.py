"""ASGI: each HTTP request that an application serves becomes one operation.

    application = asgi.Middleware(application)
    app.add_middleware(asgi.Middleware)           # Starlette, FastAPI

The time ends when the last part of the answer is handed to the server. The operation is called by the
route's template where the framework leaves it in the scope, as Starlette does: ``GET /orders/{number}``;
otherwise by the path with ``:id`` for what names one thing. It has failed when the application raised,
was cancelled, or the status is 500 or more.

What it cannot see:

| not seen | why |
|---|---|
| websockets and lifespan | they pass untouched: there is no one request to time |
| background tasks, and their errors | they run after the last part of the answer |
| the time in the server's queue, and of what wraps this middleware | it has not begun, or is over |
| the route in a framework that copies the scope | it is written into the copy |
| query strings, cookies, bodies, headers but the user agent and X-Request-ID | they are not looked at |
| the address of a client behind a proxy | headers can say anything; the proxy's is told |
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from collector.client.hooks.base import Recorder, attempt
from collector.client.hooks.web import Call, address, agent, method_of, request_id, templated, user_id

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class Middleware:
    """An ASGI application around another.

    ``user`` is asked when the request is over, with its scope, for the user's id. None, or raising,
    means that it does not know.
    """

    def __init__(
        self,
        app: Application,
        client: Recorder | None = None,
        *,
        user: Callable[[Scope], object] | None = None,
    ) -> None:
        self._app = app
        self._client = client
        self._user = user

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or let something else pass."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        call = attempt("asgi", self._begin, scope)
        if call is None:
            await self._app(scope, receive, send)
            return
        try:
            await self._app(scope, receive, _watched(send, call))
        except BaseException as error:  # a cancelled request is one as well
            call.end(error)
            raise
        call.end()

    def _begin(self, scope: Scope) -> Call:
        headers = _headers(scope)
        mounted, path = scope.get("root_path", ""), scope["path"]
        peer = scope.get("client") or (None,)

        def name() -> str:
            return f"{method_of(scope['method'])} {_route(scope, mounted) or templated(path)}"

        return Call(
            self._client,
            name,
            user_agent=agent(headers.get(b"user-agent")),
            ip_address=address(peer[0]),
            request_id=request_id(headers.get(b"x-request-id")),
            user_id=lambda: user_id(self._user, scope),
        )


def _watched(send: Send, call: Call) -> Send:
    """``send``, which tells the call of the status and of the last part."""

    async def watched(message: Message) -> None:
        if message.get("type") == "http.response.start":
            call.answered(message.get("status"))
        await send(message)
        if message.get("type") == "http.response.body" and not message.get("more_body", False):
            call.end()

    return watched


def _headers(scope: Scope) -> dict[bytes, str]:
    """The two headers that are told, as text."""
    wanted = {b"user-agent", b"x-request-id"}
    return {name: value.decode("latin-1") for name, value in scope.get("headers", ()) if name in wanted}


def _route(scope: Scope, mounted: str) -> str | None:
    """The template of the route that was taken, behind the template of what it is mounted under."""
    path = getattr(scope.get("route"), "path", None)
    if not isinstance(path, str):
        return None
    inner = str(scope.get("root_path", "")).removeprefix(mounted)
    return templated(inner) + path
