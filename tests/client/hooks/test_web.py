"""Names of addresses, and what headers may say."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from collector.client.hooks import web


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/", "/"),
        ("/users/17/orders", "/users/:id/orders"),
        ("/u/3f2b8c1e-9d4a-4c5b-8e7f-0a1b2c3d4e5f", "/u/:id"),
        ("/commit/DEADBEEF42", "/commit/:id"),
        ("/v1/api.2", "/v1/api.:id"),
        ("/order-12345", "/order-:id"),
        ("/static/app.js", "/static/app.js"),
        ("/users/ann@example.org", "/users/:id"),
        ("/search/a%20b", "/search/:id"),
        ("/reset/Zk3jXq9Lw0PbTn5RvYx2", "/reset/:id"),
        ("/straße", "/:id"),
        ("/a?token=secret", "/a"),
        ("/a;session=secret", "/a"),
    ],
)
def test_a_path_is_named_without_what_names_one_thing(path: str, name: str) -> None:
    """So that equal work has one name, and nobody is in it."""
    assert web.templated(path) == name


def test_an_address_is_named_without_user_query_and_fragment() -> None:
    """Only where it goes."""
    url = urlsplit("https://ann:hunter2@example.org:8443/a/7?key=hunter2#hunter2")
    assert web.called("get", url) == "GET example.org:8443/a/:id"
    assert web.called("SECRET", urlsplit("http://[::1]")) == "OTHER [::1]/"


def test_a_peer_is_an_address_or_nobody() -> None:
    """A server on a unix socket has none."""
    values = ("127.0.0.1", "fe80::1%eth0", "", "unix:", None)
    assert [web.address(value) for value in values] == ["127.0.0.1", "fe80::1", None, None, None]


def test_an_id_of_a_request_looks_like_one() -> None:
    """Anything else may be an attack on who reads it."""
    values = ("abc-123", "x" * 101, "a b", "a\n", "", None)
    assert [web.request_id(value) for value in values] == ["abc-123", None, None, None, None, None]
