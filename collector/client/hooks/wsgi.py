"""WSGI: each request that an application serves becomes one operation.

    application = wsgi.Middleware(application)
    app.wsgi_app = wsgi.Middleware(app.wsgi_app)  # Flask

The time ends when the server closes the answer, streamed or not. The operation is called by the
route's template where it is known, ``GET /orders/<int:number>``: from ``route``, or in Flask from the
request that Werkzeug leaves in the environment; otherwise by the path with ``:id`` for what names one
thing. It has failed when the application raised or the status is 500 or more.

What it cannot see:

| not seen | why |
|---|---|
| the time in the server's queue, and of what wraps this middleware | it has not begun, or is over |
| the sending of a file by the server (``wsgi.file_wrapper``) | only the server may touch it |
| answers that a server never closes | PEP 3333 says it must |
| query strings, cookies, bodies, headers but the user agent and X-Request-ID | they are not looked at |
| the address of a client behind a proxy | headers can say anything; the proxy's is told |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from collector.client.hooks.base import Recorder, attempt
from collector.client.hooks.web import Call, address, agent, method_of, request_id, templated, user_id

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


class Middleware:
    """A WSGI application around another.

    ``route`` and ``user`` are asked when the answer begins, with the environment: for the route's template,
    and for the user's id. None, or raising, means that they do not know.
    """

    def __init__(
        self,
        app: WSGIApplication,
        client: Recorder | None = None,
        *,
        user: Callable[[WSGIEnvironment], object] | None = None,
        route: Callable[[WSGIEnvironment], str | None] | None = None,
    ) -> None:
        self._app = app
        self._client = client
        self._user = user
        self._route = route or _flask_route

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        call = attempt("wsgi", self._begin, environ)
        if call is None:
            return self._app(environ, start_response)

        def started(status: str, *rest: Any) -> Any:
            call.answered(status)
            attempt("wsgi", self._ask, call, environ)
            return start_response(status, *rest)

        try:
            body = self._app(environ, started)
        except BaseException as error:
            if call.status is None:
                attempt("wsgi", self._ask, call, environ)
            call.end(error)
            raise
        return _timed(body, call, environ)

    def _begin(self, environ: WSGIEnvironment) -> Call:
        # As they are now: what serves the request may move parts of the path.
        method = environ["REQUEST_METHOD"]
        path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        return Call(
            self._client,
            lambda: f"{method_of(method)} {templated(path)}",
            user_agent=agent(environ.get("HTTP_USER_AGENT")),
            ip_address=address(environ.get("REMOTE_ADDR")),
            request_id=request_id(environ.get("HTTP_X_REQUEST_ID")),
        )

    def _ask(self, call: Call, environ: WSGIEnvironment) -> None:
        """Ask while the framework still knows: Flask forgets the request before the answer is closed."""
        if self._user is not None:
            call.more["user_id"] = user_id(self._user, environ)
        route = attempt("wsgi", self._route, environ)
        if route:
            called = f"{method_of(environ['REQUEST_METHOD'])} {route}"
            call.name = lambda: called


def _flask_route(environ: WSGIEnvironment) -> str | None:
    """The template of the route that Flask took; Werkzeug leaves the request in the environment."""
    rule = getattr(environ.get("werkzeug.request"), "url_rule", None)
    return None if rule is None else templated(environ.get("SCRIPT_NAME", "")) + str(rule.rule)


def _timed(body: Iterable[bytes], call: Call, environ: WSGIEnvironment) -> Iterable[bytes]:
    """The answer, timed until it is closed; a server may ask for its length only if it has one."""
    wrapper = environ.get("wsgi.file_wrapper")
    if isinstance(wrapper, type) and isinstance(body, wrapper):
        call.end()
        return body
    return _SizedBody(body, call) if hasattr(body, "__len__") else _Body(body, call)


class _Body:
    """An answer that is timed until it is closed."""

    def __init__(self, body: Iterable[bytes], call: Call) -> None:
        self._body = body
        self._call = call

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._body
        except GeneratorExit:
            raise
        except BaseException as error:
            self._call.end(error)
            raise

    def close(self) -> None:
        """Close the answer as the server would; the request is over."""
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        except BaseException as error:
            self._call.end(error)
            raise
        self._call.end()


class _SizedBody(_Body):
    """An answer whose number of parts is known."""

    def __len__(self) -> int:
        return len(self._body)  # type: ignore[arg-type]  # only those that have a length come here
