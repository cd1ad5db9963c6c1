"""``collector compare``: a table, and an exit status for CI."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import inf
from pathlib import Path
from typing import Any

import pytest

from collector.answers import compare
from collector.answers.detection import Comparison, Level
from collector.cli.compare import _told
from collector.sqlite import sqlite3
from collector.store.database import open_writer
from collector.store.downgrade import downgrade
from collector.terminal import display_width
from tests.answers.made import DAY, HOUR, MINUTE, Made
from tests.cli.conftest import Call, plain

ONE, TWO = "3f9c2ab" + "0" * 33, "77aa001" + "1" * 33


def times(made: Made, name: str, took_ms: float, ago: int, count: int = 10, **columns: object) -> None:
    """So many runs, a minute apart."""
    made.conn.execute("BEGIN")
    for n in range(count):
        made.run(name, ago + n * MINUTE, took_ms * (1 + n % 5 / 100), **columns)
    made.conn.execute("COMMIT")


@pytest.fixture
def two_commits(made: Made) -> Made:
    """Tests that got slower with the second commit, and a lint that did not."""
    times(made, "unit-tests", 40_000.0, DAY, git_commit=ONE, git_dirty=False)
    times(made, "unit-tests", 50_000.0, HOUR, git_commit=TWO, git_dirty=False)
    times(made, "lint", 900.0, DAY, git_commit=ONE, git_dirty=False)
    times(made, "lint", 900.0, HOUR, git_commit=TWO, git_dirty=False)
    made.run("unit-tests", MINUTE, 99_000.0, git_commit=TWO, git_dirty=False, noisy=True)
    made.run("e2e", HOUR, git_commit=ONE, git_dirty=False)
    return made


def test_what_got_slower_comes_first_and_exits_with_one(two_commits: Made, call: Call) -> None:
    """Medians, p95, the change with its interval, and what was left out."""
    said = call("compare", "3f9c2ab", "77aa001")
    assert (said.code, said.err) == (1, "")
    title, head, slower, same, *rest = said.lines
    assert title == "before: 3f9c2ab · after: 77aa001"
    assert head.split("  ")[0] == "verdict"
    assert slower.startswith("slower   unit-tests  workload  40.8 s  51.0 s      41.6 s     52.0 s  +25 % (")
    assert slower.endswith("  10 / 10")
    assert same.startswith("same     lint        workload  918 ms  918 ms")
    assert rest == [
        "2 subjects compared: 1 slower, 1 same",
        "left out after: 1 noisy",
        "only before: e2e",
    ]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("commit:3f9c2ab", "commit:77aa001"), 1),
        (("commit:77aa001", "commit:3f9c2ab"), 0),
        (("3f9c2ab", "77aa001", "--workload", "lint"), 0),
        (("3f9c2ab", "77aa001", "--subject", "lint"), 0),
        (("3f9c2ab", "77aa001", "--floor", "30"), 0),
        (("2d..3h", "3h.."), 1),
        (("window:2d..3h", "commit:77aa001", "--workload", "unit-tests"), 1),
        (("name:lint", "name:unit-tests"), 1),
        (("name:unit-tests,commit:3f9c", "commit:77aa"), 1),
        (("3f9c2ab,name:unit-tests", "77aa001"), 1),
        (("3f9c2ab,name:lint", "77aa001"), 0),
        (("name:unit-tests", "e2e"), 0),
        (("name:unit-tests", "e2e", "--strict"), 1),
    ],
)
def test_the_exit_status_says_whether_anything_is_slower(
    two_commits: Made, call: Call, words: tuple[str, ...], code: int
) -> None:
    """Too few runs are no failure unless --strict says so."""
    assert call("compare", *words).code == code


def test_too_few_runs_are_told_in_a_clear_word(two_commits: Made, call: Call) -> None:
    """Nothing got slower that anybody could see."""
    said = call("compare", "name:unit-tests", "e2e")
    assert said.lines[2].startswith("too few  unit-tests → e2e")
    assert said.lines[3] == "1 subject compared: 1 with too few runs"


@pytest.mark.parametrize("count", [0, 2])
def test_a_side_whose_runs_were_all_noisy_says_so(made: Made, call: Call, count: int) -> None:
    """On a busy machine nothing else tells why a comparison always passes."""
    times(made, "unit-tests", 40_000.0, DAY)
    times(made, "unit-tests", 90_000.0, HOUR, 40 - count, noisy=True)
    times(made, "unit-tests", 90_000.0, MINUTE, count)
    said = call("compare", "2d..3h", "3h..")
    told = f"of 40 runs of unit-tests after {40 - count}" if count else "all 40 runs of unit-tests after"
    assert (said.code, f"too few: {told} were noisy" in said.lines) == (0, True)
    assert call("compare", "2d..3h", "3h..", "--strict").code == 1


def test_what_leaves_a_side_without_runs_is_told_by_reason(made: Made, call: Call) -> None:
    """The median of the other side is known and shown."""
    times(made, "unit-tests", 40_000.0, DAY)
    times(made, "unit-tests", 90_000.0, HOUR, 3, noisy=True)
    times(made, "unit-tests", 90_000.0, MINUTE, 2, outcome="failed")
    said = call("compare", "2d..3h", "3h..")
    assert "too few: all 5 runs of unit-tests after were left out (2 failed, 3 noisy)" in said.lines
    assert "  40.8 s      –      41.6 s          –  " in said.lines[2]


def test_what_is_not_clear_is_told_with_its_interval() -> None:
    """There were runs enough to compare, and they differed too much among themselves."""
    row: dict[str, Any] = {
        "subject": "e2e", "kind": "workload", "before_ms": 1.0, "after_ms": 1.2, "before_p95_ms": 1.0,
        "after_p95_ms": 2.0, "runs": [9, 9], "left_out": [{}, {}], "one_in": [1, 1],
    }  # fmt: skip
    level = Level(9, 1.0, 2.0)
    row |= compare.judged(Comparison(level, level, 1.2, 0.7, 1.9, "too few"))
    assert (row["verdict"], row["clear"]) == ("too few", False)
    cells = [cell if isinstance(cell, str) else cell.text for cell in _told.cells(row)]
    assert (cells[0], cells[7]) == ("not clear", "+20 % (-30…+90)")


def test_few_runs_that_differ_are_not_clear(made: Made, call: Call) -> None:
    """Exit status 0, or 1 with --strict: neither slower nor known to be the same."""
    for n, took_ms in enumerate((9, 30, 12, 25, 11, 28)):
        for ago in (DAY, HOUR):
            made.run("e2e", ago + n * MINUTE, took_ms * 1000.0)
    said = call("compare", "2d..3h", "3h..")
    assert (said.code, said.lines[2].split()[:2]) == (0, ["not", "clear"])
    assert said.lines[3] == "1 subject compared: 1 not clear (more runs would tell)"
    (row,) = call("compare", "2d..3h", "3h..", "--json").json
    assert (row["verdict"], row["clear"], len(row["interval"])) == ("too few", False, 2)
    assert call("compare", "2d..3h", "3h..", "--strict").code == 1


@pytest.mark.parametrize("high", [1e300, inf])
def test_an_interval_without_end_is_no_endless_line(high: float) -> None:
    """JSON has no word for it either."""
    level = Level(9, 1.0, 2.0)
    for ratio in (1.2, 3.0):
        row = compare.judged(Comparison(level, level, ratio, 0.7, high, "too few"))
        assert len(_told.change({"ratio": None, **row})) < 20


def test_clean_and_dirty_runs_of_a_commit_do_not_overlap(made: Made, call: Call) -> None:
    """What is left out is counted of each side: the noisy ones of a side are its own."""
    times(made, "unit-tests", 40_000.0, DAY, git_commit=ONE, git_dirty=False)
    times(made, "unit-tests", 40_000.0, DAY, 7, git_commit=ONE, git_dirty=False, noisy=True)
    times(made, "unit-tests", 40_000.0, HOUR, 5, git_commit=ONE, git_dirty=True)
    said = call("compare", "3f9c2ab", "3f9c2ab+")
    assert said.lines[4:] == ["left out before: 5 dirty, 7 noisy", "left out after: 17 clean"]


def test_a_window_between_two_days_is_told_in_moments(two_commits: Made, call: Call) -> None:
    """So that nobody has to guess whether the last day belongs to it: two in a row share nothing."""
    today = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    days = [today - timedelta(days=n) for n in (900, 899, 898)]
    for day in days[:2]:
        times(two_commits, "old", 10.0, two_commits.now_ms - round(day.timestamp() * 1000) - 2 * HOUR)
    first, second, third = (f"{day:%Y-%m-%d}" for day in days)
    said = call("compare", f"{first}..{second}", f"{second}..{third}")
    assert said.lines[0] == (
        f"before: {first}..{second} ({first} 00:00–{second} 00:00) · "
        f"after: {second}..{third} ({second} 00:00–{third} 00:00)"
    )
    assert "the windows overlap" not in said.out


@pytest.mark.parametrize("option", [(), ("--strict",), ("--json",)])
def test_nothing_in_common_is_refused(two_commits: Made, call: Call, option: tuple[str, ...]) -> None:
    """A check that compares nothing must not pass; what either side has is told."""
    said = call("compare", "..2d", "3h..", *option)
    assert (said.code, said.out, said.err.splitlines()) == (
        2,
        "",
        [
            "error: nothing to compare: no subject has runs on both sides",
            "  → only after: e2e, lint, unit-tests",
        ],
    )


def test_two_empty_windows_are_refused(two_commits: Made, call: Call) -> None:
    """As where only one of them is."""
    said = call("compare", "9d..8d", "8d..7d")
    assert (said.code, said.err.splitlines()[1]) == (
        2,
        "  → neither side has any: `collector runs` shows when something ran",
    )


def test_windows_that_overlap_are_told(two_commits: Made, call: Call) -> None:
    """Their runs would be compared with themselves."""
    assert (
        "the windows overlap: what lies in both counts on either side" in call("compare", "7d", "1h..").lines
    )


def test_a_hostile_name_cannot_steer_the_terminal(two_commits: Made, call: Call) -> None:
    """It is written out, as everywhere."""
    times(two_commits, "\x1b]0;owned\x07", 10.0, DAY)
    times(two_commits, "\x1b]0;owned\x07", 10.0, HOUR)
    assert r"\x1b]0;owned\x07" in call("compare", "2d..3h", "3h..").out


def test_json_is_a_list_of_rows(two_commits: Made, call: Call) -> None:
    """The same exit status; gaps go to stderr."""
    two_commits.session(2 * DAY, None)
    two_commits.gap(2 * HOUR, HOUR, "suspend")
    said = call("compare", "2d..3h", "3h..", "--json")
    assert said.code == 1
    assert list(said.json[0]) == [
        "subject", "kind", "before_ms", "after_ms", "before_p95_ms", "after_p95_ms", "ratio", "interval",
        "runs", "verdict", "clear", "left_out", "one_in",
    ]  # fmt: skip
    assert said.err.startswith("note: after: 1 gap in the window: suspend ")


@pytest.fixture
def other(tmp_path: Path, two_commits: Made) -> Path:
    """The record of another machine, on which everything takes 2.5 times as long."""
    path = tmp_path / "laptop.db"
    record = Made(path, two_commits.now_ms)
    times(record, "unit-tests", 100_000.0, HOUR)
    record.close()
    return path


def test_a_file_that_nobody_writes_stays_alone(other: Path, tmp_path: Path, call: Call) -> None:
    """SQLite would leave its companions beside it, though it only reads."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    path = other.rename(folder / "laptop.db")
    content = path.read_bytes()
    assert call("compare", "commit:3f9c2ab", f"file:{path}").code == 1
    assert ([path], content) == (list(folder.iterdir()), path.read_bytes())


def test_a_file_that_somebody_writes_is_read_with_its_log(
    two_commits: Made, tmp_path: Path, call: Call
) -> None:
    """What was committed a moment ago stands in the log alone."""
    path = tmp_path / "live.db"
    live = Made(path, two_commits.now_ms)
    times(live, "unit-tests", 90_000.0, HOUR)
    assert path.with_name("live.db-wal").stat().st_size > 0
    assert call("compare", "commit:3f9c2ab", f"file:{path}").code == 1
    live.close()


def test_records_of_two_machines_are_compared(other: Path, database: Path, call: Call) -> None:
    """By the workloads they share; only reading."""
    said = call("compare", f"file:{database},commit:3f9c2ab", str(other))
    assert said.code == 1
    assert "×2.5 (" in said.lines[2]
    assert call("compare", "name:lint", f"file:{other},name:unit-tests").code == 1


def test_two_files_need_no_record_of_our_own(other: Path, tmp_path: Path, config: Path, call: Call) -> None:
    """As in CI, where nothing records."""
    config.write_text(f'[collector]\ndatabase = "{tmp_path}/nowhere.db"\n', encoding="utf-8")
    third = tmp_path / "ci.db"
    record = Made(third, 1_700_000_000_000)
    times(record, "unit-tests", 90_000.0, HOUR)
    record.close()
    assert call("compare", str(other), str(third)).code == 0
    said = call("compare", "unit-tests", str(third))
    assert (said.code, "nothing is recorded yet" in said.err) == (2, True)


def older(path: Path, now_ms: int, name: str) -> Path:
    """A record of the version whose newest migration is ``name``."""
    record = Made(path, now_ms)
    times(record, "unit-tests", 90_000.0, HOUR)
    record.close()
    writer = open_writer(path)
    downgrade(writer, path, name)
    writer.close()
    return path


@pytest.mark.parametrize("name", ["0002_reported", "0003_slow"])
def test_a_file_of_an_older_version_is_compared(
    two_commits: Made, tmp_path: Path, call: Call, name: str
) -> None:
    """Hosts are upgraded one after the other; what is compared has been there since the second migration."""
    path = older(tmp_path / "older.db", two_commits.now_ms, name)
    said = call("compare", "window:1d1h..3h", f"file:{path}", "--json")
    assert (said.code, [row["subject"] for row in said.json]) == (1, ["unit-tests"])


def test_a_file_that_lacks_what_is_compared_is_refused(two_commits: Made, tmp_path: Path, call: Call) -> None:
    """With what it lacks: a table, or a column."""
    path = older(tmp_path / "older.db", two_commits.now_ms, "0001_recorder")
    said = call("compare", "window:1d1h..3h", f"file:{path}")
    lacking = "operation_metrics, inference_metrics, skill_metrics"
    assert (said.code, f"was written by an older collector (it lacks {lacking})" in said.err) == (2, True)
    with sqlite3.connect(path) as conn:
        conn.execute("ALTER TABLE workload_runs DROP COLUMN noisy")
    conn.close()
    assert "(it lacks workload_runs.noisy, " in call("compare", "7d", f"file:{path}").err


def foreign(path: Path) -> None:
    """A database of another program."""
    with sqlite3.connect(path) as conn:
        conn.execute("CREATE TABLE t (x)")
    conn.close()


def newer(path: Path) -> None:
    """A record with a migration that this version does not know."""
    record = Made(path, 1_700_000_000_000)
    record.conn.execute("INSERT INTO schema_migration (name, applied) VALUES ('9999_future', '2099-01-01')")
    record.close()


def text(path: Path) -> None:
    """No database at all."""
    path.write_text("hello\n" * 100, encoding="utf-8")


def empty(path: Path) -> None:
    """A file without a byte."""
    path.touch()


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (foreign, "is a SQLite database of another program"),
        (newer, "was written by a newer collector"),
        (text, "the database file is damaged"),
        (empty, "nothing is recorded yet"),
    ],
)
def test_a_file_that_is_no_record_is_refused(
    two_commits: Made, tmp_path: Path, call: Call, make: object, reason: str
) -> None:
    """With status 2: 1 would say that something is slower. The file stays as it is."""
    path = tmp_path / "other.db"
    make(path)  # type: ignore[operator]
    before = path.read_bytes()
    said = call("compare", "unit-tests", f"file:{path}")
    assert (said.code, said.out) == (2, "")
    assert reason in said.err
    assert "file: takes the path of a collector.db" in said.err
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("unit-tests", "unit-tests"), "A and B are the same: unit-tests"),
        (("7d", "window:7d"), "A and B are the same window twice: 7d"),
        (("today", "today"), "A and B are the same window twice: today"),
        (("HEAD~1", "HEAD"), "'HEAD~1' is a name that only git knows"),
        (("nope", "7d"), "'nope' is no workload, commit, window or file"),
        (("name:unit-test", "7d"), "no workload is named 'unit-test' (did you mean 'unit-tests'?)"),
        (("2d", "1d", "--workload", "nope"), "no workload is named 'nope'"),
        (("2d..1d", "1d..", "--subject", "nope"), "nothing that both sides have is named 'nope'"),
        (("name:lint", "7d", "--workload", "lint"), "--workload and name: say the same twice"),
        (("commit:abcdef12", "7d"), "no run is of commit:abcdef12"),
        (("abcdef12", "7d"), "none of the newest runs is of a commit abcdef12"),
        (("1d..2d", "7d"), "window '1d..2d': ends before it begins"),
    ],
)
def test_words_that_select_nothing_are_refused(
    two_commits: Made, call: Call, words: tuple[str, ...], error: str
) -> None:
    """Exit status 2, and what would select something."""
    said = call("compare", *words)
    assert (said.code, said.out) == (2, "")
    assert said.err.splitlines()[0] == f"error: {error}"
    assert said.err.splitlines()[1].startswith("  → ")


def test_faults_of_the_config_are_told_one_by_one(two_commits: Made, config: Path, call: Call) -> None:
    """As every command tells them."""
    config.write_text("[collector]\ndatabase = 7\n", encoding="utf-8")
    said = call("compare", "7d", "1d")
    assert (said.code, "collector.database" in said.err) == (2, True)


@pytest.mark.parametrize("words", [("7d",), ("7d", "1d", "2d"), ("7d", "1d", "--floor", "0")])
def test_words_that_mean_nothing_are_refused(two_commits: Made, call: Call, words: tuple[str, ...]) -> None:
    """As every command does."""
    assert call("compare", *words).code == 2


@pytest.mark.parametrize("columns", ["80", "60"])
def test_on_a_terminal_it_fits(two_commits: Made, terminal: Call, columns: str) -> None:
    """What matters less goes; the verdict has a colour besides its word."""
    said = terminal("compare", "3f9c2ab", "77aa001", COLUMNS=columns)
    lines = plain(said.out).splitlines()
    assert max(map(display_width, lines)) <= int(columns)
    assert "\x1b[31mslower\x1b[0m" in said.out
    assert said.code == 1
