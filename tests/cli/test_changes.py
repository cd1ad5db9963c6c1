"""``collector changes``: what people and scripts see of it, and what it says to wrong words."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from collector.alerts import Alerts
from collector.answers.gaps import SHORTEST_MS
from collector.cli.changes._lines import left_to_the_recorder
from collector.intake.server import Server
from collector.looking import Looking
from collector.settings import Recorder as RecorderSettings
from collector.settings import Settings, Slow
from collector.slow import Thresholds
from collector.store.buffer import Buffer
from collector.store.database import open_writer, raw
from collector.store.lock import InstanceLock
from collector.store.writer import Writer
from collector.terminal import display_width
from tests.answers.made import DAY, HOUR, MINUTE, Made
from tests.answers.reported import store
from tests.cli.conftest import Call, plain

pytestmark = pytest.mark.long

NOISE = random.Random(5)
COMMIT = "3f9c2ab" + 33 * "0"


def ran(made: Made, name: str, *levels: tuple[int, float], every_ms: int = HOUR, **columns: object) -> None:
    """Runs so far apart, the last one just now: so many on each level, with 1 % of noise."""
    values = [level * NOISE.lognormvariate(0, 0.01) for runs, level in levels for _ in range(runs)]
    for i, value in enumerate(reversed(values)):
        made.run(name, i * every_ms, value, **columns)


@pytest.fixture
def changed(made: Made) -> Made:
    """One that got slower and one that got faster, a canary, and two of which little is known."""
    for i in range(60):
        commit, wall_ms = (COMMIT, 52_300.0) if i < 19 else ("a" * 40, 41_800.0)
        wall_ms *= NOISE.lognormvariate(0, 0.01)
        made.run("unit-tests", i * HOUR, wall_ms, git_commit=commit, git_dirty=False, others_percent=4.0)
    ran(made, "open-orders", (40, 9.8), (12, 3.1))
    ran(made, "canary", (60, 100.0), workload_kind="reference")
    ran(made, "notes", (5, 10.0))
    ran(made, "e2e", (3, 10.0))
    return made


def test_each_change_is_told_in_two_lines(changed: Made, call: Call) -> None:
    """What, how much, since when and why; then how it looked, and the sentence."""
    said = call("changes")
    assert said.code == 0
    faster, picture, slower, below, summary = said.lines
    assert re.match(
        r"FASTER  open-orders  9\.\d\d ms → 3\.\d\d ms  -68 %  \(-\d+…-\d+\)  since \S.*  12 runs ", faster
    )
    assert re.match(r"SLOWER  unit-tests   4\d\.\d s → 5\d\.\d s  +\+2\d %  .*19 runs  code +#\d$", slower)
    assert re.match(r" {8}[▁▂▃▄▅▆▇█]{11}│[▁▂▃▄▅▆▇█]{11}   \S", picture)
    assert "first seen in 3f9c2ab" in below
    assert summary == "5 subjects looked at · 2 too few runs (notes: 5 of 8, e2e: 3 of 8)"


def test_scripts_get_every_figure(changed: Made, call: Call) -> None:
    """The newest change first; moments and times in milliseconds."""
    faster, slower = call("changes", "--json").json
    assert (faster["subject"], slower["subject"]) == ("open-orders", "unit-tests")
    assert {
        "id", "subject", "metric", "at", "before_ms", "after_ms", "ratio", "interval", "runs", "first_commit",
        "cause", "sentence", "subject_kind", "state", "unit", "before", "after", "before_p95", "after_p95",
        "noisy_left_out", "evidence", "accepted", "note",
    } <= slower.keys()  # fmt: skip
    assert (slower["first_commit"], slower["cause"], slower["runs"]) == (COMMIT, "code", [41, 19])
    assert slower["at"] == changed.now_ms - 18 * HOUR


def test_a_number_stays_from_one_call_to_the_next(changed: Made, call: Call) -> None:
    """Without a recorder the command stores what it found; new runs are seen at once."""
    first = {row["subject"]: row["id"] for row in call("changes", "--json").json}
    ran(changed, "unit-tests", (1, 52_300.0))
    ran(changed, "notes", (30, 10.0), (12, 20.0), every_ms=MINUTE)
    second = {row["subject"]: row["id"] for row in call("changes", "--json").json}
    assert first.items() < second.items()
    assert call("changes", "--subject", "unit-tests", "--json").json[0]["runs"] == [41, 20]


def test_while_somebody_else_writes_nothing_is_stored_but_all_is_shown(
    changed: Made, call: Call, database: Path
) -> None:
    """A recorder looks by itself within the minute; then the changes have their numbers."""
    lock = InstanceLock(database)
    lock.acquire("collector run")
    rows = call("changes", "--json").json
    lock.release()
    assert [(row["id"], row["subject"]) for row in rows] == [(None, "open-orders"), (None, "unit-tests")]
    assert changed.conn.execute("SELECT count(*) FROM changes").fetchall() == [(0,)]


def test_a_provisional_one_says_how_many_runs_bear_it(made: Made, call: Call) -> None:
    """Of how many it takes."""
    ran(made, "unit-tests", (30, 40.0), (5, 130.0))
    head, below, _ = call("changes").lines
    assert re.search(r"  ×3\.[23]  \(3\.\d…3\.\d\)  since ", head)
    assert "provisional, 5 of 8 runs; " in below


def test_what_shows_only_on_a_busy_machine_says_so(made: Made, call: Call) -> None:
    """Whoever reads it should look at the machine first."""
    ran(made, "unit-tests", (30, 40.0), every_ms=HOUR)
    made.now_ms += HOUR
    ran(made, "unit-tests", (9, 60.0), every_ms=MINUTE, noisy=True)
    assert "provisional; only runs on a busy machine show it" in call("changes").out


def test_where_many_noisy_runs_lie_between_both_moments_are_told(made: Made, call: Call) -> None:
    """Nobody knows the first run; of a few it hardly matters."""
    ran(made, "unit-tests", (30, 40.0), every_ms=HOUR)
    made.now_ms += HOUR
    ran(made, "unit-tests", (20, 60.0), every_ms=MINUTE, noisy=True)
    made.now_ms += 10 * MINUTE
    ran(made, "unit-tests", (10, 60.0), every_ms=MINUTE)
    head, *_ = call("changes").lines
    assert re.search(r"  between (\w+ )?\d\d:\d\d and (\w+ )?\d\d:\d\d  10 runs  ", head)


def test_a_doubted_change_says_so(made: Made, call: Call) -> None:
    """Until it is gone, or found again."""
    ran(made, "unit-tests", (30, 40.0), (12, 60.0))
    call("changes")
    made.conn.execute("UPDATE changes SET doubted_ms = ?", (made.now_ms,))
    assert "doubtful: the newest runs do not bear it out; " in call("changes").out


def test_from_nothing_there_is_no_percentage(made: Made, call: Call) -> None:
    """Nor an interval."""
    for i in range(42):
        made.run("unit-tests", i * HOUR, 5.0 if i < 12 else 0.0)
    assert re.match(r"SLOWER  unit-tests  0 ms → 5\.00 ms  –  +since ", call("changes").lines[0])


def test_a_model_alone_is_all_of_its_tasks(made: Made, call: Call) -> None:
    """As for `collector why` and `compare`."""
    for task, name in (("chat", "llama"), ("embed", "llama"), ("chat", "phi")):
        answer = {
            "model_name": name, "task_type": task, "inference_time": 2.0, "input_tokens": 5,
            "output_tokens": 80, "query_length": 1, "response_length": 1, "created_at": 1,
        }  # fmt: skip
        store(made, "inference_metrics", [
            answer | {"timestamp": made.now_ms - i * HOUR, "tokens_per_second": 38.0 if i < 12 else 51.0}
            for i in range(40)
        ])  # fmt: skip
    said = call("changes", "--subject", "llama", "--json").json
    assert sorted(row["subject"] for row in said) == ["llama · chat", "llama · embed"]
    assert [row["subject"] for row in call("changes", "--subject", "phi · chat", "--json").json] == [
        "phi · chat"
    ]


def test_how_soon_the_recorder_looks_is_told_as_it_is_set() -> None:
    """By `[changes] every`."""
    said = "2 with news are left to the recorder, within 5 s"
    assert left_to_the_recorder(2, 5.0) == said
    assert left_to_the_recorder(0, 60.0) == ""


def test_too_few_quiet_runs_say_how_many_noisy_ones_there_are(made: Made, call: Call) -> None:
    """Now, and when it is looked at no more."""
    ran(made, "canary", (4, 100.0), noisy=True)
    made.now_ms += DAY
    ran(made, "canary", (2, 100.0))
    few = "1 subject looked at · 1 too few runs (canary: 2 of 8 quiet runs, 4 noisy left out)"
    assert call("changes").lines[-1] == few
    assert call("changes").lines[-1] == few


def test_only_what_changed_in_the_window_is_shown(changed: Made, call: Call) -> None:
    """What is older is kept."""
    assert [row["subject"] for row in call("changes", "--since", "15h", "--json").json] == ["open-orders"]
    assert len(call("changes", "--since", "2d", "--json").json) == 2


def test_an_accepted_change_is_shown_no_more(changed: Made, call: Call) -> None:
    """But for those who ask for all; its note stands with it."""
    number = call("changes", "--subject", "unit-tests", "--json").json[0]["id"]
    said = call("changes", "accept", str(number), "--note", " more fixtures ")
    assert re.fullmatch(r"accepted unit-tests: 4\d\.\d s → 5\d\.\d s is the new normal", said.lines[0])
    assert [row["subject"] for row in call("changes", "--json").json] == ["open-orders"]
    assert call("changes", "show", str(number), "--json").json["state"] == "accepted"
    assert "  state       accepted: more fixtures" in call("changes", "show", str(number)).lines
    assert "accepted" in (shown := call("changes", "--all").out)
    assert ": more fixtures; first seen in" in shown
    again = call("changes", "accept", str(number), "--note", "again")
    assert (again.code, f"change {number} is accepted already" in again.err) == (1, True)
    alone = call("changes", "--subject", "unit-tests").lines[0]
    assert alone == "no change in that time but 1 that --all shows: accepted, or not borne out since"


def test_while_a_recorder_runs_it_is_told_to_accept(changed: Made, call: Call, database: Path) -> None:
    """Over its socket, since nobody else may write; what it refuses is an error."""
    call("changes")
    changed.close()
    with recording(database):
        said = call("changes", "accept", "1", "--note", "more fixtures")
        assert (said.code, said.err) == (0, "")
        again = call("changes", "accept", "1", "--note", "more fixtures")
        assert (again.code, "change 1 is accepted already" in again.err) == (1, True)
    assert len(call("changes", "--json").json) == 1


def test_a_recorder_that_does_not_answer_is_told_of(changed: Made, call: Call, database: Path) -> None:
    """Nothing is accepted then."""
    call("changes")
    lock = InstanceLock(database)
    lock.acquire("collector run", database.with_name("nobody.sock"))
    said = call("changes", "accept", "1", "--note", "x")
    lock.release()
    assert (said.code, "the recorder does not answer" in said.err) == (1, True)


@contextmanager
def recording(database: Path) -> Iterator[None]:
    """A writer with a socket and the lock on a database, as a recorder has them."""
    socket = database.with_name("c.sock")
    lock, connection = InstanceLock(database), open_writer(database, "normal")
    lock.acquire("collector run", socket)
    writer = Writer(raw(connection), Buffer())
    writer.start()
    settings = Settings(path=None, collector=RecorderSettings(database=database))
    alerts = Alerts(lambda *_: None, Thresholds.of(Slow()), lambda _: None, 3.0)
    server = Server(socket, Buffer(), {}, {"accept": Looking(writer, settings, alerts).accept})
    server.start()
    try:
        yield
    finally:
        server.close()
        writer.close(10)
        connection.close()
        lock.release()


def test_one_is_shown_with_every_figure_behind_it(changed: Made, call: Call) -> None:
    """As a table; what is not known is named at the end."""
    number = call("changes", "--subject", "unit-tests", "--json").json[0]["id"]
    said = call("changes", "show", str(number))
    assert said.lines[0].startswith("SLOWER  unit-tests")
    assert "  runs        41 before, 19 after" in said.lines
    table = [line.split() for line in said.lines]
    assert ["figure", "before", "after", "moved"] in table
    assert ["git", "commit", "aaaaaaaaaaaa", "3f9c2ab00000", "yes"] in table
    assert ["cpu", "of", "others", "4.0", "%", "4.0", "%", "no"] in table
    assert any(line[0] == "canary" and line[2] == line[4] == "ms" for line in table if len(line) == 6)
    assert said.lines[-1].startswith("  not known   ")
    assert "cpu pressure, rows, bytes read" in said.lines[-1]
    assert call("changes", "show", str(number), "--json").json["subject"] == "unit-tests"


def test_figures_are_told_in_words_and_with_their_units(made: Made, call: Call) -> None:
    """Other workloads and the program that took the processor by their names; nothing as it is stored."""
    ran(made, "unit-tests", (30, 40.0), (12, 60.0))
    call("changes")
    evidence = {
        "canary": {"before": 245.6, "after": 819.3, "moved": True},
        "others": {
            "moved": 1, "of": 2,
            "workloads": {"slp": {"before": 29.01, "after": 40.0, "ratio": 1.4, "moved": None}},
        },
        "process": {"name": "rust-analyzer", "before": 0.0, "after": 29.38, "moved": True},
        "on_battery": {"before": 0.0, "after": 1.0, "moved": True},
        "only_noisy": True, "left_out": 3, "stretch_s": 300, "stretches": 12,
    }  # fmt: skip
    made.conn.execute("UPDATE changes SET evidence = ?", (json.dumps(evidence),))
    said = call("changes", "show", "1").lines
    assert [line for line in said if "  others  " in line] == ["  others      1 of 2 others moved along"]
    assert "  medians     12 after, each of 5m" in said
    assert "  left out    3 runs that did not go well" in said
    assert [re.split(r" {2,}", line) for line in said[said.index("") + 1 :]] == [
        ["figure", "before", "after", "moved"],
        ["canary", "246 ms", "819 ms", "yes"],
        ["slp", "29.0 ms", "40.0 ms", "–"],
        ["cpu of rust-analyzer", "0 %", "29 %", "yes"],
        ["on battery", "no", "yes", "yes"],
    ]


def test_a_terminal_of_80_columns_is_not_overrun(changed: Made, terminal: Call) -> None:
    """What people can do without gives way; the sentence goes on below."""
    said = terminal("changes")
    assert (said.code, said.err) == (0, "")
    lines = plain(said.out).splitlines()
    assert max(map(display_width, lines)) <= 80
    assert lines[0].startswith("FASTER  open-orders  9.")
    assert "\x1b[31mSLOWER\x1b[0m" in said.out


def test_drifting_and_daily_subjects_are_named(made: Made, call: Call) -> None:
    """They changed, but at no one moment."""
    made.conn.executemany(
        "INSERT INTO upkeep_positions VALUES (?, ?, ?)",
        [
            ("look workload wall_ms nightly job", -3, made.now_ms),
            ("look skill execution_ms s", -2, made.now_ms),
        ],
    )
    assert call("changes").lines == [
        "no lasting change in that time: look further back with --since 90d",
        "2 subjects looked at · drifting: s · by the time of day: nightly job",
    ]


def test_a_gap_in_the_window_is_told(changed: Made, call: Call) -> None:
    """Nothing was recorded then, so nothing can be said of it."""
    changed.gap(2 * HOUR, 2 * HOUR - 2 * SHORTEST_MS, "suspend")
    assert " · 1 gap in the window: suspend " in call("changes").lines[-1]
    assert "1 gap in the window" in call("changes", "--json").err


def test_nothing_says_what_to_do_next(made: Made, call: Call) -> None:
    """With no run at all, and with runs that did not change."""
    assert call("changes").out.startswith("nothing is recorded yet that could get slower: time something")
    assert call("changes", "--json").json == []
    ran(made, "unit-tests", (30, 40.0))
    said = call("changes")
    assert said.lines[0] == "no lasting change in that time: look further back with --since 90d"
    assert said.lines[1] == "1 subject looked at"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--since", "2999-01-01"), 2, "lies in the future"),
        (("--since", "yesterday"), 2, "a length of time such as 7d"),
        (("--subject", "unit-test"), 2, "nothing is named 'unit-test' (did you mean 'unit-tests'?)"),
        (("--subject", "xyz"), 2, "there are canary, e2e, notes, open-orders, unit-tests"),
        (("show", "99"), 2, "there is no change 99"),
        (("show", "x"), 2, "'x' is no number: `collector changes` shows them"),
        (("show", "#99"), 2, "there is no change 99"),
        (("show", str(2**63)), 2, "is not in the range"),
        (("accept", "99", "--note", "x"), 2, "there is no change 99"),
        (("accept", "1"), 2, "Missing option '--note'"),
        (("accept", "1", "--note", "  "), 2, "note: must say why, it cannot be empty"),
        (("accept", "1", "--note", 2_001 * "x"), 2, "note: must be a text of at most 2,000 characters"),
    ],
)
def test_wrong_words_are_refused(
    changed: Made, call: Call, words: tuple[str, ...], code: int, said: str
) -> None:
    """With what is allowed, or what it may have been meant to be."""
    call("changes")
    refused = call("changes", *words)
    assert (refused.code, refused.out) == (code, "")
    assert said in re.sub(r"\s+", " ", refused.err)


def test_without_a_record_it_says_how_to_begin(call: Call) -> None:
    """As every command that reads."""
    said = call("changes")
    assert (said.code, "nothing is recorded yet" in said.err) == (1, True)


def test_costs_are_dearer_and_not_slower(made: Made, call: Call) -> None:
    """Money is no time."""
    for i in range(40):
        run = {"run_id": str(i), "timestamp": made.now_ms - i * DAY // 8, "cost": 0.4 if i < 12 else 0.2}
        made.conn.execute(
            "INSERT INTO benchmark_runs (run_id, timestamp, project_name, benchmark_name, version,"
            " created_at) VALUES (:run_id, :timestamp, 'p', 'b', '1', 1)", run,
        )  # fmt: skip
        made.conn.execute(
            "INSERT INTO benchmark_performance (run_id, total_time_seconds, token_usage_total,"
            " api_calls_count, api_calls_cost) VALUES (:run_id, 60, 1, 1, :cost)", run,
        )  # fmt: skip
    assert call("changes").lines[0].startswith("DEARER  p · b  0.2 → 0.4  +100 % ")
    assert call("changes", "--json").json[0]["before_ms"] is None


def test_a_name_from_outside_commands_no_terminal(made: Made, call: Call) -> None:
    """Neither in the list, nor where it is accepted."""
    ran(made, "evil\x1b]0;owned\x07", (30, 40.0), (12, 60.0))
    said = [call("changes"), call("changes", "accept", "1", "--note", "so be it"), call("changes", "--all")]
    assert "accepted evil" in said[1].out
    assert [one.out for one in said if "\x1b" in one.out or "\x07" in one.out] == []


@pytest.mark.parametrize("column", ["evidence", "trend"])
@pytest.mark.parametrize(
    "text",
    [
        None, "{", "7", "[]", '{"before": 3, "cpu_ms": 4}', '{"stretches": 3, "others": {"of": "many"}}',
        '{"before": ["a"], "after": []}', '{"noisy_between": "x", "process": {"name": 3}}',
        '{"cpu_ms": {"before": "a", "after": 2, "moved": true}}', '{"stretch_s": 60}',
    ],
)  # fmt: skip
def test_one_bad_row_does_not_take_the_command_down(
    changed: Made, call: Call, column: str, text: str | None
) -> None:
    """What cannot be read of it is left out, and all others are shown."""
    number = call("changes", "--subject", "unit-tests", "--json").json[0]["id"]
    changed.conn.execute(f"UPDATE changes SET {column} = ? WHERE id = ?", (text, number))
    assert [call(*words).code for words in (["changes", "--all"], ["changes", "show", str(number)])] == [
        0,
        0,
    ]
