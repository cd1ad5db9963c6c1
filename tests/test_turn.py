"""How long a command keeps the lock: by a clock that only pauses move."""

from __future__ import annotations

from collector.submit.turn import GAP_SECONDS, Turn


class Time:
    """A clock that only pauses move."""

    def __init__(self) -> None:
        self.seconds = 100.0
        self.paused: list[float] = []

    def now(self) -> float:
        """This moment."""
        return self.seconds

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += seconds
        self.paused.append(seconds)


def test_a_gap_is_left_after_a_second_of_work() -> None:
    """Letting go for an instant now and then is none: who waits looks every 10 ms."""
    time = Time()
    turn = Turn(time.now, time.pause)
    for _ in range(4):
        turn.take()
        assert not turn.is_over()
        time.seconds += 0.25
        turn.free()
    assert not time.paused
    turn.take()
    assert time.paused == [GAP_SECONDS]
    assert not turn.is_over()


def test_who_had_nothing_to_write_for_a_while_does_not_wait() -> None:
    """The lock was free all the time."""
    time = Time()
    turn = Turn(time.now, time.pause)
    for _ in range(3):
        turn.take()
        time.seconds += 1
        assert turn.is_over()
        turn.free()
        time.seconds += GAP_SECONDS * 2
    assert not time.paused
