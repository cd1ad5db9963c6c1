"""``collector slow --follow``: the warnings of a recorder as they come, through its restart."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import pytest

from collector.cli.slow import warning_line
from collector.client import Line
from collector.errors import NotRunning
from collector.slow.follower import Follower
from collector.terminal import display_width
from tests.answers.reported import Row
from tests.cli.conftest import Call
from tests.cli.daemon import answering, holding
from tests.cli.warner import Warner, following, line, warner
from tests.daemon.conftest import Recorder, recorder

pytestmark = pytest.mark.long

__all__ = ["recorder", "warner"]  # fixtures

TEXT = "SELECT * FROM tasks WHERE status = ? ORDER BY priority DESC, created_at LIMIT ?"


def test_follow_shows_the_latest_ten_and_then_each_as_it_comes(config: Path, warner: Warner) -> None:
    """A line a warning; Ctrl-C ends it."""
    for n in range(15):
        warner.warn(f"q{n}", query_hash="h", query=TEXT)
    with following(config) as child:
        first = [line(child) for _ in range(10)]
        assert [words.split()[4] for words in first] == [f"q{n}" for n in range(5, 15)]
        assert re.fullmatch(
            r"\d\d:\d\d:\d\d    812 ms    ×8\.1  q5                  " + re.escape(TEXT), first[0]
        )
        warner.warn("later", 12_000.0)
        assert re.search(r"  12\.0 s    ×120  later$", line(child))
        child.send_signal(signal.SIGINT)
        assert child.wait(10) == 130
        assert child.stdout is not None
        assert child.stdout.read() == ""


def test_follow_as_json_is_an_object_a_line(config: Path, warner: Warner) -> None:
    """With the number of the warning, and only of the source that was asked for."""
    for name in ("other", "mine", "other 2"):
        warner.warn(name, rows=3)
    with following(config, "--json", "--source", "mine") as child:
        found = json.loads(line(child))
        assert found | {"timestamp": 0} == {
            "n": 2, "timestamp": 0, "event": "query.slow", "name": "mine", "duration_ms": 812.0,
            "threshold_ms": 100.0, "rows": 3,
        }  # fmt: skip
        warner.warn("other 3")
        warner.warn("mine", 900.0)
        warner.warnings.close()
        assert json.loads(line(child))["duration_ms"] == 900.0


def test_follow_goes_on_after_a_restart(database: Path, config: Path) -> None:
    """It says that the recorder stopped, and that it was started again."""
    first = Warner(database)
    first.warn("before")
    with following(config) as child:
        assert "before" in line(child)
        first.stop()
        assert child.stderr is not None
        assert child.stderr.readline() == "the recorder does not answer: waiting for it to start again\n"
        second = Warner(database)
        second.warn("after")
        assert child.stderr.readline() == "the recorder was started again\n"
        assert "after" in line(child)
    second.stop()


def test_a_terminal_of_80_columns_gets_one_line_a_warning(warner: Warner) -> None:
    """The text is cut, colour says once more how far over it was."""
    warner.warn("größe-of-a-name-that-does-not-fit", query=TEXT)
    warner.warn("folded", query=TEXT)
    (one, two) = warner.warnings.recent(0)
    said = warning_line(one, one["timestamp"], 80)
    assert display_width(said) == 80
    assert "  größe-of-a-name-t…  SELECT * FROM tasks WHERE" in said
    assert "  (37 times) SELECT" in warning_line(two | {"count": 37}, two["timestamp"], 80)


def test_names_are_cut_only_where_the_line_has_no_room(warner: Warner) -> None:
    """A wide terminal has more of them, and a short text leaves them whole; piped they always are."""
    warner.warn("nightly-report-of-all-the-shops-we-have", query=TEXT)
    warner.warn("nightly-report-of-all-the-shops-we-have", query="SELECT 1")
    warner.warnings.close()
    long, short = warner.warnings.recent(0)

    def behind(warning: Row, width: int | None) -> str:
        return warning_line(warning, warning["timestamp"], width).partition("×8.1  ")[2]

    assert behind(long, 80).startswith("nightly-report-of…  SELECT")
    assert behind(long, 120).startswith("nightly-report-of-all-the-sho…  SELECT")
    assert behind(short, 80) == "nightly-report-of-all-the-shops-we-have  SELECT 1"
    assert behind(long, 160) == behind(long, None) == f"{long['name']}  {TEXT}"
    assert [display_width(warning_line(long, 0, width)) for width in (80, 120)] == [80, 120]


@pytest.mark.parametrize("is_held", [True, False])
def test_without_a_recorder_there_is_nothing_to_follow(database: Path, call: Call, *, is_held: bool) -> None:
    """It says why, and what to do; status 1."""
    if not is_held:
        found = call("slow", "--follow")
        assert "no recorder runs" in found.err
    else:
        with holding(database, "collector import"):
            found = call("slow", "--follow")
        assert "collector import, process" in found.err
    assert found.code == 1
    assert "collector run" in found.err


def test_a_recorder_that_stops_does_not_answer(database: Path, tmp_path: Path, call: Call) -> None:
    """Its socket is gone while it still writes."""
    with holding(database, "collector run", tmp_path / "gone"):
        found = call("slow", "--follow")
    assert found.code == 1
    assert "there are no warnings to follow" in found.err


def test_an_older_recorder_is_named(database: Path, tmp_path: Path, call: Call) -> None:
    """It does not know the question."""
    refusal = {"result": "rejected", "reason": "cannot be asked; one can ask status"}
    with answering(database, tmp_path, refusal):
        found = call("slow", "--follow")
    assert found.code == 1
    assert "gave no warnings: cannot be asked" in found.err
    assert "restart the recorder" in found.err


def test_the_follower_is_patient_but_not_for_ever(database: Path) -> None:
    """A restart takes some seconds; a recorder that stays away was stopped."""
    warner, follower = Warner(database), Follower(database)
    assert list(follower.step(0.0)) == []
    warner.stop()
    assert list(follower.step(1.0)) == ["the recorder does not answer: waiting for it to start again"]
    assert list(follower.step(20.0)) == []
    with pytest.raises(NotRunning, match="did not start again"):
        list(follower.step(22.0))


def test_a_recorder_that_hung_for_a_moment_answers_again(database: Path) -> None:
    """It is the same as before: nothing that was shown is shown again."""
    warner, follower = Warner(database), Follower(database)
    warner.warn("shown")
    assert len(list(follower.step(0.0))) == 1
    warner.hang()
    assert len(list(follower.step(1.0))) == 1
    warner.go_on()
    warner.warn("new")
    said, warning = follower.step(2.0)
    assert said == "the recorder answers again"
    assert isinstance(warning, dict)
    assert warning["name"] == "new"
    warner.stop()


def test_a_follower_hears_all_that_was_said_while_it_was_away(warner: Warner, database: Path) -> None:
    """Nothing twice, and nothing left out that the recorder remembers."""
    follower = Follower(database)
    assert list(follower.step(0.0)) == []
    for n in range(20):
        warner.warn(f"q{n}")
    assert [one["n"] for one in follower.step(1.0) if isinstance(one, dict)] == list(range(1, 21))
    assert list(follower.step(2.0)) == []


def test_a_real_recorder_warns_of_what_applications_send(recorder: Recorder) -> None:
    """From the socket through the writer to whoever follows, in the log too, by the config's thresholds."""
    recorder.configure('[slow]\nquery = "50ms"\nnames = { login = "5ms" }\n')
    recorder.start()
    sent: list[Row] = [
        {"kind": "operation", "metric_type": "query", "metric_name": "app", "duration_ms": 60.0,
         "sql": "SELECT * FROM t WHERE secret = 'hunter2'"},
        {"kind": "operation", "metric_type": "api", "metric_name": "login", "duration_ms": 6.0},
        {"kind": "operation", "metric_type": "query", "metric_name": "fast", "duration_ms": 49.0},
    ]  # fmt: skip
    with following(recorder.config, "--json") as child, Line(recorder.folder / "run" / "c.sock") as socket:
        assert socket.ask(sent)["committed"] == 3
        found = [json.loads(line(child)) for _ in range(2)]
    assert [(one["event"], one["name"], one["threshold_ms"]) for one in found] == [
        ("query.slow", "app", 50.0),
        ("api.slow", "login", 5.0),
    ]
    assert found[0]["query"] == "SELECT * FROM t WHERE secret = ?"
    assert recorder.wait_for_event("query.slow", lambda event: event["name"] == "app")["duration_ms"] == 60.0
    with Line(recorder.folder / "run" / "c.sock") as socket:
        timings = {row["operation"]: row for row in socket.ask({"ask": "timings"})["timings"]}
    assert timings["flush"]["count"] > 0
    assert recorder.stop() == 0
