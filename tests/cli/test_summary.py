"""``collector summary``: for people at any width, for scripts as DESIGN says, and kept where it was dear."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

import pytest

from collector.answers import summary as summaries
from collector.orm import select
from collector.store import cache, stretches
from collector.store.topics import TOPICS
from collector.terminal import display_width
from tests.answers.made import DAY, MINUTE, Made
from tests.answers.reported import add, expected, store
from tests.cli.conftest import Call, plain
from tests.cli.daemon import holding

pytestmark = pytest.mark.long

everywhere = pytest.mark.parametrize("topic", list(TOPICS))

TIMES = ["avg_ms", "min_ms", "max_ms", "p50_ms", "p95_ms", "p99_ms"]
# DESIGN section 10: the key's column, count, failure_rate where it applies, the times, and what is besides.
KEYS = {
    "inference": ["model_name", "count", "failure_rate", *TIMES, "avg_tokens_per_second", "avg_input_tokens",
                  "avg_output_tokens", "avg_load_ms"],
    "skills": ["skill_id", "count", "failure_rate", *TIMES, "avg_tokens", "tokens_in", "tokens_out"],
    "operations": ["metric_type", "metric_name", "count", "failure_rate", *TIMES, "last_seen"],
    "queries": ["query_hash", "count", "failure_rate", *TIMES, "rows", "last_seen", "text"],
    "users": ["user_id", "count", "failure_rate", *TIMES, "last_activity", "email", "total_tasks",
              "total_projects", "total_lists", "completed_tasks", "recent_tasks", "last_7_days"],
    "pools": ["pool_name", "database_name", "count", *TIMES, "avg_total", "avg_active", "avg_idle",
              "avg_waiting", "connection_errors", "max_active", "max_waiting", "max_connection_time_ms",
              "max_connections"],
    "benchmarks": ["project_name", "benchmark_name", "count", *TIMES, "avg_tokens", "avg_cost", "last_run",
                   "newest_run", "previous_run", "changes"],
    "workloads": ["workload", "count", "failure_rate", *TIMES, "last_run"],
}  # fmt: skip
LONG = "a-model-with-a-name-that-goes-on-and-on-and-does-not-fit-any-terminal:70b-instruct-q4_K_M"


def skills(made: Made, count: int, skill_id: str = "sum", **columns: Any) -> None:
    """Executions of a skill, one a minute: 1 ms, 2 ms and so on."""
    row = {"skill_id": skill_id, "tokens_in": 1, "tokens_out": 2, "success": 1}
    store(
        made, "skill_metrics",
        [
            row | {"execution_ms": n + 1.0, "timestamp": made.now_ms - n * MINUTE} | columns
            for n in range(count)
        ],
    )  # fmt: skip


def on_terminal(config: Path, width: int, *words: str) -> list[str]:
    """The lines that a command prints on a terminal so wide."""
    mine, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, width))
    environment = {key: value for key, value in os.environ.items() if key != "COLUMNS"}
    with subprocess.Popen(
        [sys.executable, "-m", "collector", *words, "--config", str(config)],
        stdin=theirs, stdout=theirs, stderr=theirs, env={**environment, "TERM": "xterm-256color"},
    ) as child:  # fmt: skip
        os.close(theirs)
        out = b""
        try:
            while more := os.read(mine, 65536):
                out += more
        except OSError:  # how Linux says that the other side is closed
            child.wait(10)
    os.close(mine)
    return plain(out.decode().replace("\r\n", "\n")).splitlines()


@everywhere
def test_json_has_the_keys_that_scripts_depend_on(made: Made, call: Call, topic: str) -> None:
    """One row a key, the most frequent first, with the figures of the rows."""
    rows = add(made, topic, 60)
    found = call("summary", topic, "--json").json
    assert [list(row) for row in found] == [KEYS[topic]] * len(found)
    for row, wanted in zip(found, expected(topic, rows), strict=False):
        assert {key: row[key] for key in wanted} == pytest.approx(wanted)


@everywhere
def test_nothing_recorded_says_what_to_do(made: Made, call: Call, topic: str) -> None:
    """For people a sentence, for scripts an empty list; both are success."""
    said = call("summary", topic)
    assert (said.code, len(said.lines)) == (0, 1)
    assert "collector" in said.out
    assert call("summary", topic, "--json").json == []


def test_nothing_in_that_time_says_so(made: Made, call: Call) -> None:
    """There is something, only not then."""
    skills(made, 3, timestamp=made.now_ms - 3 * DAY)
    assert call("summary", "skills", "--since", "1d").out == (
        "nothing of skills in that time: look further back, or leave out --since\n"
    )


@everywhere
@pytest.mark.parametrize("width", [80, 120])
def test_every_topic_fits_the_terminal(made: Made, config: Path, topic: str, width: int) -> None:
    """Count, p50, p95 and max stay, whatever has to go; every line is aligned with its title."""
    add(made, topic, 200)
    key, kind = TOPICS[topic].keys[-1], TOPICS[topic].table
    made.conn.execute(f"UPDATE {kind} SET {key} = ? WHERE {key} = '~'", (LONG[:50],))
    titles, *lines = on_terminal(config, width, "summary", topic)
    assert len(lines) > 2
    assert max(map(display_width, (titles, *lines))) <= width
    needed = (
        {"count", "p95", "active", "peak", "limit", "waiting"}
        if topic == "pools"
        else {"count", "p50", "p95", "max"}
    )
    assert needed <= set(titles.split())


def test_a_table_is_aligned_when_piped(made: Made, process: Call) -> None:
    """Nothing cut, no colour, figures with their units to the right."""
    skills(made, 1_501, LONG)
    skills(made, 4, "größe 🦙", success=0, execution_ms=2_500.0)
    said = process("summary", "skills")
    titles, first, second = said.lines
    assert (said.code, said.err) == (0, "")
    assert titles.split() == ["skill", "count", "failed", "avg", "min", "p50", "p95", "p99", "max", "tokens"]
    assert first.split() == [LONG, "1,501", "0", "%", "751", "ms", "1.00", "ms", "751", "ms", "1.43", "s",
                             "1.49", "s", "1.50", "s", "3"]  # fmt: skip
    assert second.split()[2:5] == ["4", "100", "%"]
    assert {display_width(line) for line in said.lines} == {display_width(titles)}


def test_an_empty_name_is_shown_as_one(made: Made, call: Call) -> None:
    """A blank would look like a fault of the table."""
    skills(made, 2, "")
    assert call("summary", "skills").lines[1].split()[0] == '""'


def test_what_is_left_out_is_told(made: Made, call: Call) -> None:
    """Only when something is."""
    for n in range(3):
        skills(made, n + 1, f"s{n}")
    assert call("summary", "skills", "--limit", "2").lines[-1] == "the 2 most frequent: --limit N shows more"
    assert len(call("summary", "skills", "--limit", "3").lines) == 4
    assert [row["skill_id"] for row in call("summary", "skills", "--limit", "2", "--json").json] == [
        "s2",
        "s1",
    ]


def test_since_and_until_bound_the_time(made: Made, call: Call) -> None:
    """From, and before."""
    skills(made, 200)
    (row,) = call("summary", "skills", "--since", "60m", "--json").json
    assert row["count"] in (60, 61)  # the clock goes on while the test runs
    (row,) = call("summary", "skills", "--since", "120m", "--until", "60m", "--json").json
    assert row["count"] == 60


def test_an_unknown_topic_is_told_with_the_nearest(made: Made, call: Call) -> None:
    """Exit status 2, and all there are."""
    said = call("summary", "inferense")
    assert (said.code, said.out) == (2, "")
    assert "'inference'" in said.err
    assert all(topic in said.err for topic in TOPICS)


def test_control_characters_reach_no_terminal(made: Made, call: Call) -> None:
    """Not from keys."""
    skills(made, 1, "\x1b[31mred")
    assert "\x1b" not in call("summary", "skills").out


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch, made: Made) -> Made:
    """Enough rows for digests, and every answer is worth keeping."""
    monkeypatch.setattr(summaries, "EXACT_ROWS", 100)
    monkeypatch.setattr(stretches, "ROWS", 32)
    monkeypatch.setattr(cache, "WORTH_MS", -1.0)
    skills(made, 150)
    return made


def test_a_kept_answer_is_used_and_counted(kept: Made, call: Call) -> None:
    """The digests, then the whole answer; the second time it is a hit."""
    first = call("summary", "skills", "--json").json
    second = call("summary", "skills", "--json").json
    assert second == first
    with kept.reader() as reader:
        found = select(
            reader, "SELECT hit_count, access_count FROM query_cache WHERE cache_key LIKE '% saw %'"
        )
        assert found == [(1, 2)]
        assert select(reader, "SELECT count(*) FROM query_cache") == [(1 + 4 + 1,)]  # four, and one of four


def test_near_percentiles_are_told(kept: Made, call: Call) -> None:
    """Whoever reads 1 % into a figure should know."""
    assert call("summary", "skills").lines[-1].startswith("percentiles lie within 1 %: ")
    assert "1 %" not in call("summary", "skills", "--json").out


def test_who_cannot_keep_an_answer_gives_it_all_the_same(kept: Made, database: Path, call: Call) -> None:
    """Somebody else writes just now, and has no socket."""
    with holding(database, "collector import"):
        said = call("summary", "skills", "--json")
    assert (said.code, said.err, said.json[0]["count"]) == (0, "", 150)
    with kept.reader() as reader:
        assert select(reader, "SELECT count(*) FROM query_cache") == [(0,)]
