"""What is handed over when many alerts come at once."""

from __future__ import annotations

from typing import Any

from collector.alerts.handing import MOST_WAITING, Handing


def alert(name: str) -> dict[str, Any]:
    """One of a workload."""
    return {"timestamp": 1, "subject": name, "to_state": "failing", "sentence": f"{name} is failing"}


def handing(count: int) -> Handing:
    """With so many waiting: w0, w1, …"""
    made = Handing()
    for i in range(count):
        assert made.add(alert(f"w{i}"))
    return made


def test_ten_a_minute_go_one_by_one() -> None:
    """In the order in which they came."""
    queue = handing(10)
    assert [queue.take(float(i))[0]["subject"] for i in range(10)] == [f"w{i}" for i in range(10)]
    assert len(queue) == 0


def test_what_is_too_many_for_a_minute_goes_as_one_when_it_is_over() -> None:
    """With a sentence of all, and each of them inside."""
    queue = handing(24)
    for i in range(10):
        assert queue.pause(100.0 + i) == 0.0
        queue.take(100.0 + i)
    assert queue.pause(110.0) == 50.0
    assert queue.pause(160.0) == 0.0
    told, count = queue.take(160.0)
    assert (count, len(queue)) == (14, 0)
    assert told["sentence"] == (
        "14 more changes of state: w10 is failing; w11 is failing; w12 is failing; w13 is failing;"
        " w14 is failing; and 9 others"
    )
    assert [one["subject"] for one in told["alerts"]] == [f"w{i}" for i in range(10, 24)]
    assert (told["subject"], told["to_state"], told["details"]) == ("14 subjects", "changed", None)


def test_after_a_quiet_time_they_go_one_by_one_again() -> None:
    """Though ten went before."""
    queue = handing(12)
    for i in range(10):
        queue.take(float(i))
    assert queue.pause(500.0) == 0.0
    assert queue.take(500.0)[1] == 1


def test_one_that_had_to_wait_goes_as_itself() -> None:
    """A summary of one would say less."""
    queue = handing(11)
    for _ in range(10):
        queue.take(0.0)
    assert queue.pause(1.0) == 59.0
    assert queue.take(60.0) == (alert("w10"), 1)


def test_all_that_wait_can_be_taken_at_once() -> None:
    """When the recorder stops."""
    told, count = handing(3).take(0.0, all_at_once=True)
    assert count == 3
    assert told["sentence"] == "3 more changes of state: w0 is failing; w1 is failing; w2 is failing"


def test_the_queue_is_bounded() -> None:
    """What does not fit is for the caller to count."""
    assert not handing(MOST_WAITING).add(alert("one more"))
