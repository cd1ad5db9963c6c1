"""``collector why``: what stood out, and one sentence."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from collector.moments import at_second, between
from collector.records.operation import Operation
from collector.terminal import display_width
from tests.answers import then
from tests.answers.made import HOUR, MINUTE, Made
from tests.answers.then import BUSY, LAST, LATER
from tests.cli.conftest import Call, plain


@pytest.fixture
def slow(made: Made) -> Made:
    """Sixty quiet runs, then one on a busy and hot machine beside a backup."""
    then.runs(made)
    then.last(made, **BUSY)
    made.run("backup", LAST + MINUTE, 3 * MINUTE)
    for n in range(9):
        then.process(made, LAST + n * then.EVERY - 30_000, "pytest", 300.0)
    then.process(made, LAST - 30_000, "rust-analyzer", 64.0, pid=8, rss=3_100_000_000)
    return made


def test_a_slow_run_is_explained(slow: Made, call: Call) -> None:
    """Only what stands out and a few figures besides; the sentence comes last."""
    at = at_second(slow.now_ms - LAST, slow.now_ms)
    took = "58.9 s, usually 42.0 s (p95 42.2 s): slower than 100 % of the last 60"
    said = call("why", "unit-tests")
    assert (said.code, said.err) == (0, "")
    assert said.lines == [
        f"run 61 of unit-tests · {at} · {took}",
        "  during it         this run   usually",
        "  cpu of others         71 %     6.0 %  ← mostly rust-analyzer, 64 % of a core",
        "  cpu pressure          38 %     1.0 %  ← mostly rust-analyzer, 64 % of a core",
        "  io pressure         0.30 %    0.30 %",
        "  memory available   2.10 GB   9.80 GB  ← largest is rust-analyzer, 3.10 GB",
        "  clock frequency   2.40 GHz  3.90 GHz  ← thermal: 97 °C",
        "  temperature          97 °C     62 °C  ← more than usual",
        "  git commit         3f9c2ab   3f9c2ab  (same as all of the last 60)",
        "  processes        cpu  usually   memory",
        "  rust-analyzer   64 %      0 %  3.10 GB",
        "  pytest         300 %    300 %   300 MB",
        "  no samples  cpu, pressure, memory, sensor, disk, network, filesystem",
        "  ran then    backup (run 62, ok, 3 m)",
        "  → the machine was busy, hot and short of memory; the code did not change",
    ]


def test_all_figures_are_shown_on_demand(slow: Made, call: Call) -> None:
    """Those that were as usual, too, and the command."""
    said = call("why", "unit-tests", "--all")
    assert "  own cpu time        40.8 s    40.8 s" in said.lines
    assert said.out.count("make test") == 1


@pytest.mark.parametrize(
    ("words", "number"),
    [
        (("unit-tests",), 61),
        (("unit-tests", "-1"), 61),
        (("unit-tests", "-2"), 60),
        (("unit-tests", "7"), 7),
        (("7",), 7),
        (("backup",), 62),
    ],
)
def test_a_run_is_named_by_its_number_or_how_far_back(
    slow: Made, call: Call, words: tuple[str, ...], number: int
) -> None:
    """The newest unless told otherwise."""
    assert call("why", *words, "--json").json["run"]["id"] == number


@pytest.mark.parametrize("words", [("30m", "ago"), ("30m ago",), ("30m",)])
def test_a_moment_may_be_several_words(slow: Made, call: Call, words: tuple[str, ...]) -> None:
    """With quotes or without."""
    answer = call("why", *words, "--json").json
    assert abs(answer["subject"]["at_ms"] - (slow.now_ms - 30 * MINUTE)) < MINUTE


def test_a_moment_in_a_gap_says_so(made: Made, call: Call) -> None:
    """And what lies nearest."""
    now = made.now_ms
    made.session(5 * HOUR, None)
    then.sample(made, 3 * HOUR)
    then.sample(made, HOUR)
    made.gap(3 * HOUR, HOUR, "suspend")
    said = call("why", "2h", "ago")
    stretch = between(now - 3 * HOUR, now - HOUR, now)
    assert said.lines[1:4] == [
        f"  the machine was not recorded then: suspend {stretch}",
        f"  the nearest samples are of {at_second(now - 3 * HOUR, now)} and {at_second(now - HOUR, now)}",
        f"  gaps        1 gap in the window: suspend {stretch}",
    ]
    assert said.lines[-1] == "  → nothing is recorded of the machine at that time"


@pytest.mark.parametrize(
    ("before_ms", "after_ms", "told"),
    [
        (25_000, None, ["  nearest samples 25.0 s before"]),
        (25_000, 20_000, ["  nearest samples 25.0 s before and 20.0 s after"]),
        (None, 20_000, ["  nearest samples 20.0 s after"]),
        (25_000, 5_000, []),
    ],
)
def test_a_moment_between_samples_says_how_far_they_lie(
    made: Made, call: Call, before_ms: int | None, after_ms: int | None, told: list[str]
) -> None:
    """They are no picture of the very moment: the recorder may have stopped before."""
    at = (made.now_ms - 2 * HOUR) // 1000 * 1000
    if before_ms is not None:
        then.sample(made, made.now_ms - at + before_ms)
    if after_ms is not None:
        then.sample(made, made.now_ms - at - after_ms)
    said = call("why", at_second(at, made.now_ms))
    assert [line for line in said.lines if "nearest samples" in line] == told


def test_a_moment_before_the_first_record_says_so(made: Made, call: Call) -> None:
    """With when it began."""
    made.session(HOUR, None)
    said = call("why", "3h", "ago")
    first = at_second(made.now_ms - HOUR, made.now_ms)
    assert said.lines[1] == f"  that was before the first record: {first}"
    assert said.lines[-1] == "  → nothing is recorded of the machine at that time"


def test_an_operation_is_told_by_its_newest_execution(made: Made, call: Call) -> None:
    """Where no workload has that name."""
    for n in range(10, -1, -1):
        at = made.now_ms - HOUR - n * 1000
        made.add(
            Operation.record(metric_type="query", metric_name="open orders", duration_ms=3.0, timestamp=at)
        )
    said = call("why", "open", "orders")
    assert said.lines[0].startswith("operation open orders · ")
    assert said.lines[0].endswith(" · 3.00 ms, usually 3.00 ms (p95 3.00 ms): as always in the last 10")


@pytest.mark.parametrize(
    ("took_ms", "other_ms", "noisy", "expected"),
    [
        (7.0, 7.0, False, "as always in the last 20"),
        (0.0, 0.0, False, "as always in the last 20"),
        (7.0, 8.0, False, "like 90 % of the last 20"),
        (7.5, 8.0, False, "slower than 90 % of the last 20"),
        (6.0, 8.0, True, "faster than 100 % of the last 20, noisy ones included"),
    ],
)
def test_the_first_line_says_how_many_took_less(
    made: Made, call: Call, took_ms: float, other_ms: float, noisy: bool, expected: str
) -> None:
    """What took just as long is neither quicker nor slower."""
    for n in range(20):
        usual_ms = min(took_ms, 7.0) if took_ms == other_ms else 7.0
        made.run("unit-tests", LAST + (n + 1) * MINUTE, other_ms if n < 2 else usual_ms, noisy=noisy)
    then.last(made, took_ms)
    assert call("why", "unit-tests").lines[0].endswith(f": {expected}")


def test_a_part_of_the_minute_without_samples_is_told(made: Made, call: Call) -> None:
    """Beside the figures of the rest of it."""
    then.sample(made, HOUR + 25_000)
    then.sample(made, HOUR - 20_000)
    made.gap(HOUR + 7_000, HOUR - 7_000, "stall")
    said = call("why", str(datetime.fromtimestamp((made.now_ms - HOUR) // 1000, UTC)))
    assert said.lines[1] == "  14.0 s of it were not recorded"
    assert any(line.startswith("  cpu busy") for line in said.lines)


def test_now_is_a_moment(made: Made, call: Call) -> None:
    """The half minute before it."""
    then.sample(made, 1000)
    answer = call("why", "now", "--json").json
    assert (answer["subject"]["kind"], answer["figures"] != []) == ("moment", True)


def test_too_few_runs_are_told_in_the_first_line(made: Made, call: Call) -> None:
    """With how many it takes."""
    then.runs(made, 5)
    then.last(made)
    said = call("why", "unit-tests")
    assert said.lines[0].endswith(" · 58.9 s · too few runs (5 of 8) to say what is usual")
    assert said.lines[-1] == "  → too few runs (5 of 8) to say what is usual"


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"outcome": "failed", "exit_code": 2}, "failed after 58.9 s: exit 2"),
        ({"outcome": "failed", "signal": 11}, "failed after 58.9 s: signal 11"),
        (
            {"outcome": "timeout", "detail": "ended after its timeout of 60 s"},
            "timeout after 58.9 s: ended after its timeout of 60 s",
        ),
    ],
)
def test_a_run_that_did_not_go_well_says_first_how_it_ended(
    made: Made, call: Call, columns: dict[str, object], expected: str
) -> None:
    """Its time is not set beside those of good runs."""
    then.runs(made)
    then.last(made, **columns)
    assert call("why", "unit-tests").lines[0].endswith(f" · {expected}")


def test_a_change_of_the_commit_is_marked(made: Made, call: Call) -> None:
    """Beside the commit before it."""
    then.runs(made)
    then.last(made, git_commit=LATER, git_dirty=True)
    said = call("why", "unit-tests")
    assert "  git commit        77aa001+  3f9c2ab  ← changed with this run" in said.lines
    assert said.lines[-1] == "  → the commit changed with this run; the machine was as usual"


def test_json_is_one_object_with_all_of_it(slow: Made, call: Call) -> None:
    """The keys that the documentation names."""
    answer = call("why", "unit-tests", "--json").json
    assert list(answer) == [
        "from_ms", "to_ms", "in_gap", "figures", "missing", "processes", "other_runs", "gaps", "timeline",
        "subject", "run", "time", "code", "verdict",
    ]  # fmt: skip
    assert list(answer["figures"][0]) == [
        "name", "label", "unit", "value", "low", "median", "high", "values", "stands_out", "concern",
        "basic", "why",
    ]  # fmt: skip
    assert answer["verdict"].startswith("the machine was busy")


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("unit-test",), "nothing is named 'unit-test' (did you mean 'unit-tests'?), and it is no moment"),
        (("unit-tests", "999"), "there is no run 999"),
        (("unit-tests", "62"), "run 62 is one of backup, not of unit-tests"),
        (("unit-tests", "-99"), "unit-tests has no 99 runs that came to an end"),
        (("999",), "there is no run 999"),
        (("2099-01-01", "10:00"), "'2099-01-01 10:00' lies in the future"),
        (("yesterday",), "'yesterday' is a whole day: add a time, as in 'yesterday 9:00'"),
    ],
)
def test_what_is_not_there_is_refused(slow: Made, call: Call, words: tuple[str, ...], error: str) -> None:
    """Exit status 2, and what to type instead."""
    said = call("why", *words)
    assert (said.code, said.out) == (2, "")
    assert said.err.splitlines()[0] == f"error: {error}"
    assert said.err.splitlines()[1].startswith("  → ")


def test_a_misspelled_option_is_refused(slow: Made, call: Call) -> None:
    """Though -2 is no option."""
    assert call("why", "unit-tests", "--jsn").code == 2
    assert call("why").code == 2


def test_a_workload_that_never_ran_says_when_it_will(made: Made, call: Call) -> None:
    """Nothing is wrong with the question, so it is no usage error."""
    made.workload("nightly")
    made.run("nightly", MINUTE, None, outcome="missed")
    said = call("why", "nightly")
    assert (said.code, said.out) == (1, "")
    assert said.err.splitlines() == [
        "error: no run of nightly came to an end yet",
        "  → `collector workloads` tells when it is due",
    ]


@pytest.mark.parametrize("columns", ["60", "48"])
def test_narrow_terminals_do_not_break_it(slow: Made, terminal: Call, columns: str) -> None:
    """What is usual stands without its range there, and the picture is smaller."""
    for second in range(-300, 360, 5):
        then.sample(slow, LAST - second * 1000, busy=90.0 if 0 <= second <= 60 else 8.0)
    slow.conn.execute("UPDATE workload_runs SET others_percent = 1 + id % 9 WHERE id < 61")
    for words in (("unit-tests", "--all"), ("60m",)):
        lines = plain(terminal("why", *words, COLUMNS=columns).out).splitlines()
        assert max(map(display_width, lines)) <= int(columns)


def test_on_a_terminal_it_fits_eighty_columns(slow: Made, terminal: Call) -> None:
    """The picture among it; what stands out is coloured besides its mark."""
    for second in range(-300, 360, 5):
        then.sample(slow, LAST - second * 1000, busy=90.0 if 0 <= second <= 60 else 8.0)
    said = terminal("why", "unit-tests")
    lines = plain(said.out).splitlines()
    assert max(map(display_width, lines)) <= 80
    assert "\x1b[33m← mostly rust-analyzer" in said.out
    assert any(line.startswith("  cpu  ") and "▇" in line for line in lines)
    assert lines[-1] == "  → the machine was busy, hot and short of memory; the code did not change"
