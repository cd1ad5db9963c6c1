"""``collector workloads``: what is registered, and how it goes."""

from __future__ import annotations

import tempfile
from pathlib import Path

from collector.terminal import display_width
from tests.answers.made import MINUTE, Made
from tests.cli.conftest import Call, plain
from tests.cli.daemon import HEALTHY, answering

PROMISED = {"name", "kind", "every", "next_run", "runs", "last_outcome", "p50_ms", "p95_ms"}


def test_what_is_registered_is_shown_with_its_figures(made: Made, call: Call) -> None:
    """Interval, newest run, percentiles, budget and how often it was missed, and the trend."""
    made.workload("unit-tests", budget_ms=90_000)
    made.workload("nightly", every_ms=None, cron="0 3 * * *", kind="sql")
    for n, wall in enumerate((95_000.0, 41_800.0, 41_800.0)):
        made.run("unit-tests", (3 - n) * 20 * MINUTE, wall)
    said = call("workloads")
    assert (said.code, said.err) == (0, "")
    titles, nightly, tests = (line.split() for line in said.lines)
    assert " ".join(titles) == "name kind every next run last run last runs p50 p95 budget over trend"
    assert nightly[:7] == ["nightly", "sql", "0", "3", "*", "*", "*"]
    assert "no run yet" in said.lines[1]
    assert tests[:3] == ["unit-tests", "command", "30m"]
    assert tests[-8:] == ["3", "41.8", "s", "89.7", "s", "1m30s", "1", "█▄▄"]


def test_json_has_the_promised_keys_and_the_daemons_next_runs(made: Made, call: Call) -> None:
    """Without a daemon nothing is due."""
    made.workload("unit-tests")
    (row,) = call("workloads", "--json").json
    assert row.keys() >= PROMISED
    assert row["next_run"] is None
    due = made.now_ms + 30 * MINUTE
    answer = HEALTHY | {"next_runs": {"unit-tests": due}}
    with tempfile.TemporaryDirectory() as folder, answering(made.path, Path(folder), answer):
        (row,) = call("workloads", "--json").json
        said = call("workloads")
    assert row["next_run"] == due
    assert "in 29 m" in said.out or "in 30 m" in said.out


def test_none_registered_says_what_to_do(made: Made, call: Call) -> None:
    """A config without workloads is a fine one."""
    expected = "no workloads registered yet: add one to the config, and look with `collector check`\n"
    assert call("workloads").out == expected
    assert call("workloads", "--json").json == []


def test_what_was_taken_out_is_shown_when_asked_for(made: Made, call: Call) -> None:
    """Its runs are still there."""
    made.workload("old", removed_ms=made.now_ms)
    assert "old" not in call("workloads").out
    assert "removed" in call("workloads", "--removed").out


def test_on_a_terminal_it_fits_eighty_columns(made: Made, terminal: Call) -> None:
    """With twenty runs in the trend and a long name."""
    made.workload("integration-tests-of-the-billing-service", budget_ms=90_000)
    for n in range(30):
        made.run("integration-tests-of-the-billing-service", n * MINUTE, 1000.0 + n)
    lines = plain(terminal("workloads").out).splitlines()
    assert max(map(display_width, lines)) <= 80
    assert lines[1].startswith("integration-tes")
