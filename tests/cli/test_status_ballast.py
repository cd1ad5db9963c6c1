"""``collector status`` tells when the ballast is gone."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from collector.store.room import ballast_path
from tests.answers.made import MINUTE, Made
from tests.cli.conftest import Call
from tests.cli.daemon import HEALTHY, answering


@pytest.mark.parametrize(
    ("size", "lies_there", "said"),
    [("900000GB", False, 1), ("900000GB", True, 0), ("1KB", False, 0), ("0B", False, 0)],
    ids=["no room for it", "there", "taken on in a moment", "none is wanted"],
)
def test_a_ballast_that_is_gone_for_good_is_a_problem(
    made: Made, call: Call, config: Path, size: str, lies_there: bool, said: int
) -> None:
    """As long as the disk has no room to take it on again."""
    made.session(MINUTE, None)
    least = "" if size == "900000GB" else 'minimum_free = "0B"\n'
    config.write_text(f'[collector]\ndatabase = "{made.path}"\nballast = "{size}"\n{least}', encoding="utf-8")
    if lies_there:
        ballast_path(made.path).write_bytes(b"x")
    with (
        tempfile.TemporaryDirectory() as folder,
        answering(made.path, Path(folder), HEALTHY | {"last_commit": made.now_ms}),
    ):
        problems = call("status", "--json").json["problems"]
    assert len(problems) == said
    assert all(
        "the ballast, which upkeep lives on when the disk is full, is not there: " in p for p in problems
    )
