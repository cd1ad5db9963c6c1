"""Requests: each request made through a session becomes one operation.

    session = requests.watch()                    # a new session, or: requests.watch(session)

One operation is one ``session.get()``: redirects and their bodies included, their number in
``metadata.redirects``. The time ends when the body is read; with ``stream=True`` when the headers are
here. It has failed when there was no answer or the status is 500 or more.

What it cannot see:

| not seen | why |
|---|---|
| ``requests.get()`` and its sisters | they make a session of their own |
| the body of a streamed answer | it is read later, if at all |
| requests that could not be made (a bad address) | nothing was sent |
| the single steps of redirects, retries of the adapter | they are parts of one call |
| query strings, headers, bodies, user and password | they are not looked at |
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import requests

from collector.client.hooks.base import Recorder
from collector.client.hooks.web import Call, called


def watch(session: requests.Session | None = None, *, client: Recorder | None = None) -> requests.Session:
    """Time all requests of ``session``, of a new one by default; answers the session."""
    watched = requests.Session() if session is None else session
    watched.send = _timed(watched.send, client)  # type: ignore[method-assign]  # on this session only
    return watched


def unwatch(session: requests.Session) -> None:
    """Undo the last `watch` of a session; does nothing to one that is not watched."""
    real = getattr(vars(session).get("send"), "undone", None)
    if real is not None:
        del vars(session)["send"]
        if getattr(real, "undone", None) is not None:  # it was watched more than once
            vars(session)["send"] = real


def _timed(
    send: Callable[..., requests.Response], client: Recorder | None
) -> Callable[..., requests.Response]:
    """``Session.send``, which calls itself for redirects: those belong to the call that began."""
    inside = threading.local()

    def timed(request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        if getattr(inside, "one", False):
            return send(request, **kwargs)
        call = Call(client, lambda: called(str(request.method), urlsplit(str(request.url))))
        inside.one = True
        try:
            response = send(request, **kwargs)
        except BaseException as error:
            call.end(error)
            raise
        finally:
            inside.one = False
        _answered(call, response)
        return response

    timed.undone = send  # type: ignore[attr-defined]  # what `unwatch` puts back
    return timed


def _answered(call: Call, response: requests.Response) -> None:
    call.answered(response.status_code, len(response.history))
    call.end()
