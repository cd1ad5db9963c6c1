"""``collector slow``: the digest at any width, for scripts, and what it says to wrong words."""

from __future__ import annotations

import re

import pytest

from collector.terminal import display_width
from tests.answers.made import DAY, HOUR, MINUTE, Made
from tests.answers.reported import Row, store
from tests.cli.conftest import Call, plain

TEXT = "SELECT * FROM tasks WHERE status = ? ORDER BY priority DESC, created_at LIMIT ?"


def executed(made: Made, query_hash: str, *times: float, ago_ms: int = HOUR, name: str = "app") -> None:
    """Executions of a statement, as they are stored."""
    row: Row = {"metric_type": "query", "metric_name": name, "query_hash": query_hash}
    store(
        made, "operation_metrics",
        [row | {"duration_ms": ms, "timestamp": made.now_ms - ago_ms} for ms in times],
    )  # fmt: skip


def text(made: Made, query_hash: str, words: str) -> None:
    """What stands behind a fingerprint."""
    row = {"query_hash": query_hash, "fp_version": 1, "dialect": "sqlite", "text": words, "first_seen": 1}
    store(made, "queries", [row])


def filled(made: Made) -> None:
    """One that got worse, one that is new, one as it was, and one that got better."""
    for ago_ms, factor in ((HOUR, 2.1), (DAY + HOUR, 1.0)):
        executed(made, "worse", *(factor * ms for ms in (100.0, 120.0, 140.0, 160.0, 180.0)), ago_ms=ago_ms)
        executed(made, "better", *(3.0 / factor for _ in range(5)), ago_ms=ago_ms)
        executed(made, "same", *(2.0 for _ in range(5)), ago_ms=ago_ms, name="nightly")
    executed(made, "new", 349.0)
    text(made, "worse", TEXT)
    text(made, "new", "UPDATE features SET progress_pct = ? WHERE id = ?")
    plan = {"query_hash": "worse", "dialect": "sqlite", "source": "w", "timestamp": 1, "plan": "SCAN tasks"}
    store(made, "query_plans", [plan])


def test_the_dearest_come_first_with_what_is_to_be_seen_of_them(made: Made, call: Call) -> None:
    """Worse, new and better than in the window before; whose text is not known is told by its hash."""
    filled(made)
    said = call("slow")
    assert said.code == 0
    title, worse, new, same, better, note = said.lines
    assert title.split() == ["total", "share", "calls", "avg", "p95", "p99", "max", "hash", "query", "plan"]
    assert re.match(r" *1\.47 s +80 % +5 +294 ms +370 ms +376 ms +378 ms  worse +SELECT", worse)
    assert TEXT in worse
    assert "  ▲ ×2.1  " in worse
    assert "tasks" in worse.partition("▲")[2]
    assert new.split()[-1] == "new"
    assert "  same    (its text was not told)" in same
    assert better.split()[-2:] == ["▼", "×0.48"]
    assert note.startswith("▲ ▼ new: against the window before, ")


def test_a_terminal_of_80_columns_is_not_overrun(made: Made, terminal: Call) -> None:
    """The text gives way, and what has no room is named; nothing is cut where it is piped."""
    filled(made)
    lines = plain(terminal("slow").out).splitlines()
    assert max(map(display_width, lines)) <= 80
    assert "SELECT * FROM tasks WH" in lines[1]
    assert "▲ ×2.1" in lines[1]
    assert "no room for p99, max, hash, plan: a wider terminal or --json has them" in lines
    assert "share" in lines[0]


def test_json_has_what_the_answer_has(made: Made, call: Call) -> None:
    """Moments in milliseconds, times in milliseconds, the share from 0 to 1."""
    filled(made)
    rows = call("slow", "--json", "--limit", "2", "--sort", "worse").json
    assert [row["query_hash"] for row in rows] == ["worse", "same"]
    assert rows[0]["ratio"] == pytest.approx(2.1)
    assert rows[0]["first_seen"] == rows[0]["last_seen"] == made.now_ms - HOUR
    assert rows[0]["sources"] == ["app"]
    assert 0.7 < rows[0]["share"] < 0.9


def test_a_source_alone(made: Made, call: Call) -> None:
    """Shares are of what that source ran."""
    filled(made)
    (row,) = call("slow", "--source", "nightly", "--json").json
    assert (row["query_hash"], row["share"]) == ("same", 1.0)


def test_the_window_before_is_as_long(made: Made, call: Call) -> None:
    """With an end of its own it ends where the window begins all the same."""
    for ago_ms in (5 * MINUTE, 30 * MINUTE, 65 * MINUTE, 115 * MINUTE, 125 * MINUTE):
        executed(made, "h", 1.0, ago_ms=ago_ms)
    (row,) = call("slow", "--since", "1h", "--json").json
    assert (row["calls"], row["before"]["calls"]) == (2, 2)
    (row,) = call("slow", "--since", "70m", "--until", "10m", "--json").json
    assert (row["calls"], row["before"]["calls"]) == (2, 2)


def test_a_limit_says_that_there_are_more(made: Made, call: Call) -> None:
    """And only then."""
    filled(made)
    assert "the first 3: --limit N shows more" in call("slow", "--limit", "3").lines
    assert "--limit" not in call("slow", "--limit", "4").out


@pytest.mark.parametrize(
    ("words", "said"),
    [((), "no query in that time: look further back"), (("--source", "app"), "no query of app in that time")],
)
def test_nothing_says_what_to_do_next(made: Made, call: Call, words: tuple[str, ...], said: str) -> None:
    """An old one is none of the last day."""
    executed(made, "h", 1.0, ago_ms=3 * DAY)
    found = call("slow", *words)
    assert (found.code, found.out.startswith(said)) == (0, True)
    assert call("slow", "--json", *words).json == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--sort", "speed"), "'speed' is not one of"),
        (("--since", "2999-01-01"), "lies in the future"),
        (("--since", "yesterday"), "a length of time such as 7d"),
        (("--limit", "0"), "0 is not in the range"),
        (("--since", "1h", "--until", "2h"), "--until lies before --since"),
        (("--source", "nightley"), "(did you mean 'nightly'?)"),
        (("--follow", "--since", "1h"), "--since does not go with --follow"),
        (("--follow", "--sort", "p95"), "--sort does not go with --follow"),
        (("--follow", "--limit", "5"), "--limit does not go with --follow"),
    ],
)
def test_bad_words_are_refused(made: Made, call: Call, words: tuple[str, ...], said: str) -> None:
    """With what is wrong and what is allowed."""
    filled(made)
    found = call("slow", *words)
    assert found.code == 2
    assert said in found.err.replace("\n", " ")


def test_no_record_is_told(call: Call) -> None:
    """Nothing is made by asking."""
    assert call("slow").code == 1
