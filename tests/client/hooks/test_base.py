"""A fault of a hook stays inside it, and what is told fits a record."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import collector.client
from collector.client.hooks import base
from collector.client.hooks.base import Kept


def test_a_recorder_that_raises_does_not_reach_the_application(caplog: pytest.LogCaptureFixture) -> None:
    """It is counted and logged by subject and type, without the message, and not each time."""

    def broken() -> None:
        raise ValueError("secret")

    assert [base.attempt("test_base", broken) for _ in range(3)] == [None, None, None]
    assert [r.getMessage() for r in caplog.records] == [
        "hook.failed subject=test_base error=ValueError count=1"
    ]


def test_what_ends_a_program_is_no_fault_of_a_hook() -> None:
    """It goes on its way."""

    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        base.attempt("test_base", interrupted)


def test_without_a_client_the_module_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looked up when there is something to tell, so that it can be set up later."""
    kept = Kept()
    monkeypatch.setattr(collector.client, "record", kept.record, raising=False)
    base.report(None, "operation", {"metric_name": "a", "rows": None})
    assert kept.records == [("operation", {"metric_name": "a"})]


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, None), ("", None), ("  ", None), ("a\x00b\n\x1b[1m", "a b [1m"), ("abcdefgh", "abcde"), (7, "7"),
     ("\ud800x", "?x")],
)  # fmt: skip
def test_a_plain_text_has_no_control_characters_and_fits(value: Any, expected: str | None) -> None:
    """Whatever a client sent in a header."""
    assert base.plain(value, 5 if value == "abcdefgh" else 50) == expected


def test_the_kept_records_can_be_asked_by_kind() -> None:
    """As the tests of an application do."""
    kept = Kept()
    kept.record("pool", pool_name="a")
    kept.record("operation", metric_name="b")
    assert kept.of("pool") == [{"pool_name": "a"}]
    assert kept.operations == [{"metric_name": "b"}]


def test_the_kept_records_can_be_waited_for() -> None:
    """Whoever waits too long is told how many there were."""
    kept = Kept()
    thread = threading.Thread(target=kept.record, args=("operation",))
    thread.start()
    kept.wait_for(1)
    thread.join()
    with pytest.raises(TimeoutError, match="1 records instead of 2 after 0 s"):
        kept.wait_for(2, seconds=0)
