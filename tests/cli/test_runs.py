"""``collector runs``: the ledger."""

from __future__ import annotations

import json

import pytest

from collector.records.run import Run
from collector.terminal import display_width
from tests.answers.made import DAY, HOUR, MINUTE, Made
from tests.cli.conftest import Call, plain


@pytest.fixture
def ledger(made: Made) -> Made:
    """A few runs that ended in different ways."""
    made.workload("unit-tests")
    made.run("unit-tests", 2 * DAY, 41_800.0, user_ms=60_000.0, system_ms=1_000.0, max_rss_bytes=512_000_000)
    made.run(
        "unit-tests", HOUR, 58_900.0, outcome="failed", exit_code=2, budget_ms=50_000,
        git_commit="3f9c2ab" * 5, git_dirty=True, noisy=True,
        output="first line\n\x1b[31msecond\x1b[0m\n", output_bytes=900,
    )  # fmt: skip
    made.run("health", MINUTE, 3.1, workload_kind="http", http_status=200)
    made.run("health", 0, None, outcome="missed", detail="it was due 70 s before it could begin")
    return made


def test_the_ledger_is_aligned_plain_text_when_piped(ledger: Made, process: Call) -> None:
    """Newest first, figures to the right, nothing cut, no colour and no lines drawn."""
    said = process("runs")
    assert (said.code, said.err) == (0, "")
    titles, newest, *others = said.lines
    assert " ".join(titles.split()) == "run when workload outcome took cpu time max rss others commit detail"
    assert "missed" in newest
    assert newest.endswith("it was due 70 s before it could begin")
    assert "58.9 s" in others[1]
    assert others[1].endswith("3f9c2ab+  exit 2 · noisy · over its budget of 50.0 s")
    assert "41.8 s    61.0 s   512 MB" in others[2]
    assert (
        len({line.index("  unit-tests" if "unit" in line else "  health") for line in (newest, *others)}) == 1
    )
    assert not set("│─┃━╭\x1b…") & set(said.out)


def test_one_workload_is_shown_by_its_name(ledger: Made, call: Call) -> None:
    """Only its runs."""
    assert [row["workload"] for row in call("runs", "health", "--json").json] == ["health", "health"]


def test_json_rows_have_the_columns_of_the_table(ledger: Made, process: Call) -> None:
    """A list, one row a line."""
    said = process("runs", "--json")
    assert [field.column_name for field in Run._meta.sorted_fields] == list(said.json[0])
    assert len(said.lines) == len(said.json) == 4
    assert said.json[0]["timestamp"] == ledger.now_ms


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--since", "30m"], ["missed", "ok"]),
        (["--since", "1d"], ["missed", "ok", "failed"]),
        (["--outcome", "failed"], ["failed"]),
        (["--limit", "1"], ["missed"]),
        (["unit-tests", "--since", "3d", "--outcome", "ok"], ["ok"]),
        (["unit-tests", "--since", "1m"], []),
    ],
)
def test_filters_narrow_it(ledger: Made, call: Call, words: list[str], expected: list[str]) -> None:
    """Each with the words that the help names."""
    assert [row["outcome"] for row in call("runs", *words, "--json").json] == expected


def test_the_output_of_the_newest_run_can_be_read(ledger: Made, call: Call) -> None:
    """Line by line, with its control characters written out; on stderr how much there was."""
    said = call("runs", "unit-tests", "--output")
    assert said.lines == ["first line", r"\x1b[31msecond\x1b[0m"]
    assert "900 B in all" in said.err
    assert call("runs", "health", "--output").out.endswith("of health printed nothing\n")


def test_nothing_found_says_what_to_do_next(made: Made, call: Call) -> None:
    """An empty ledger, a workload that never ran, and filters that leave nothing."""
    assert "collector check" in call("runs").out
    assert call("runs", "--json").out == "[]\n"
    made.workload("nightly")
    assert (
        call("runs", "nightly").out == "no run of nightly yet: `collector workloads` tells when it is due\n"
    )
    made.run("nightly", DAY)
    assert "look further back" in call("runs", "nightly", "--since", "1h").out


def test_an_unknown_name_is_refused_with_the_nearest(ledger: Made, call: Call) -> None:
    """And with all there are."""
    said = call("runs", "unit-test")
    assert (said.code, said.out) == (2, "")
    assert said.err.splitlines() == [
        "error: no workload is named 'unit-test' (did you mean 'unit-tests'?)",
        "  → there are health, unit-tests",
    ]


@pytest.mark.parametrize(
    "words",
    [
        ["--since", "12x"],
        ["--since", "2999-01-01"],
        ["--limit", "0"],
        ["--limit", "many"],
        ["--outcome", "fine"],
        ["a", "b"],
    ],
)
def test_words_that_mean_nothing_are_refused(ledger: Made, call: Call, words: list[str]) -> None:
    """Exit status 2 and what is allowed, in one sentence."""
    said = call("runs", *words)
    assert (said.code, said.out) == (2, "")
    assert said.err.splitlines()[-1].startswith(
        ("Error: Invalid value for '--", "Error: Got unexpected extra argument")
    )


def test_on_a_terminal_it_fits_eighty_columns(ledger: Made, terminal: Call) -> None:
    """Columns that matter less go, texts are cut with …, figures never."""
    said = terminal("runs")
    lines = plain(said.out).splitlines()
    assert max(map(display_width, lines)) <= 80
    assert "58.9 s" in said.out
    assert "…" in said.out
    assert "\x1b[31mfailed\x1b[0m" in said.out


def test_a_hostile_name_cannot_steer_the_terminal(made: Made, call: Call) -> None:
    """Reported runs carry what their sender liked; JSON and text both write it out."""
    made.run("\x1b]0;owned\x07\u202e", 0, detail="a\r\nb")
    said = call("runs")
    assert r"\x1b]0;owned\x07\u202e" in said.out
    assert r"a\r\nb" in said.out
    raw = call("runs", "--json").out
    assert json.loads(raw)[0]["workload"] == "\x1b]0;owned\x07\u202e"
    assert raw.isascii()


def test_a_reader_that_stops_early_is_no_error(ledger: Made, config: str) -> None:
    """`collector runs | head -1` ends quietly."""
    import subprocess
    import sys

    command = f"{sys.executable} -m collector runs --json --limit 1000 --config {config} | head -c 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=30, check=False)
    assert (done.stdout, done.stderr) == ("[", "")


def test_the_reason_keeps_its_place_on_a_terminal(made: Made, terminal: Call) -> None:
    """Columns that matter less go first; what the limit left out is told."""
    reason = "the server refused: connection reset by peer, tried 3"
    for n in range(3):
        made.run(
            "health",
            n,
            outcome="failed",
            detail=reason,
            git_commit="a" * 40,
            user_ms=1.0,
            max_rss_bytes=10**9,
        )
    said = terminal("runs", "--limit", "2")
    *_, last = plain(said.out).splitlines()
    assert reason[:38] in said.out
    assert last == "2 of 3 runs: --limit N shows more"


def test_one_run_can_be_read_whole(made: Made, call: Call) -> None:
    """By its number; its query plan and output stand below."""
    made.run("orders", MINUTE, 9.0, plan="Seq Scan\n  on orders", output="out\n", rows=3)
    assert call("runs").lines[1].endswith("3 rows · plan kept")
    assert call("runs", "orders", "--output").lines == ["its query plan:", "Seq Scan", "  on orders", "out"]
    said = call("runs", "--id", "1")
    assert said.lines[-5:] == ["plan:", "Seq Scan", "  on orders", "output:", "out"]
    assert "orders" in said.out
    assert "null" not in said.out
    assert call("runs", "--id", "1", "--json").json[0]["rows"] == 3
    assert (call("runs", "--id", "7").code, call("runs", "--id", "7").out) == (2, "")
