"""``collector slow --follow`` where more came than the recorder keeps: it says how many."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from collector.slow.follower import Follower
from tests.cli.warner import Warner, following, line, warner

__all__ = ["warner"]  # a fixture


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (500, []),
        (501, ["1 warning was not shown: more came at once than the recorder keeps"]),
        (600, ["100 warnings were not shown: more came at once than the recorder keeps"]),
    ],
)
def test_warnings_that_the_recorder_keeps_no_longer_are_counted(
    warner: Warner, database: Path, count: int, said: list[str]
) -> None:
    """More came between two looks than it remembers: before the others it says how many."""
    follower = Follower(database)
    assert list(follower.step(0.0)) == []
    for n in range(count):
        warner.warn(f"q{n}")
    found = list(follower.step(1.0))
    assert [one for one in found if isinstance(one, str)] == found[: len(said)] == said
    assert len(found) == len(said) + 500
    assert list(follower.step(2.0)) == []


def test_what_came_before_one_followed_is_not_missed(warner: Warner, database: Path) -> None:
    """It begins with the latest; nobody asked for those before them."""
    for n in range(600):
        warner.warn(f"q{n}")
    assert [one["n"] for one in Follower(database).step(0.0) if isinstance(one, dict)] == [*range(591, 601)]
    assert [one for one in Follower(database).step(0.0) if isinstance(one, str)] == []


def test_a_new_recorder_may_have_said_too_much_already(database: Path) -> None:
    """Its numbers begin again, and what is missing of them is counted from there."""
    first, follower = Warner(database), Follower(database, "q599")
    assert list(follower.step(0.0)) == []
    first.stop()
    second = Warner(database)
    for n in range(600):
        second.warn(f"q{n}")
    *said, warning = follower.step(1.0)
    assert said[0] == "the recorder was started again"
    assert str(said[1]).startswith("100 warnings were not shown")
    assert isinstance(warning, dict)
    assert warning["name"] == "q599"
    second.stop()


def test_as_json_a_loss_is_told_beside_the_warnings(config: Path, warner: Warner) -> None:
    """On stderr: on stdout each line stays a warning."""
    warner.warn("first")
    with following(config, "--json") as child:
        assert json.loads(line(child))["name"] == "first"
        warner.hang()
        assert child.stderr is not None
        assert child.stderr.readline().startswith("the recorder does not answer")
        for n in range(600):
            warner.warn(f"q{n}")
        warner.go_on()
        assert child.stderr.readline() == "the recorder answers again\n"
        assert child.stderr.readline().startswith("100 warnings were not shown")
        assert json.loads(line(child))["name"] == "q100"
