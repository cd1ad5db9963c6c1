"""``collector status``: is it recording?"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.terminal import display_width
from tests.answers.made import HOUR, MINUTE, Made
from tests.cli.conftest import Call, plain
from tests.cli.daemon import HEALTHY, answering, holding

PROMISED = {
    "recording",
    "pid",
    "uptime_s",
    "counters",
    "cpu_percent",
    "rss_bytes",
    "last_commit",
    "database",
    "problems",
}
COUNTERS = {"received", "committed", "duplicate", "rejected", "dropped", "queued"}


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path: a socket's address may have 107 bytes."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@pytest.fixture
def busy(made: Made) -> Made:
    """A record with something of everything, as it is while a daemon runs."""
    made.session(6 * HOUR, None)
    for n in range(10):
        made.cpu(n * MINUTE, 12.0)
        made.memory(n * MINUTE, 61.0)
        made.recorder(n * MINUTE, flush_ms=2.1, written_bytes_per_s=1000.0)
    made.gap(2 * HOUR, HOUR, "suspend")
    made.workload("unit-tests", budget_ms=100)
    made.workload("open-orders")
    made.run("unit-tests", MINUTE, 150.0)
    return made


def healthy(made: Made, **different: Any) -> dict[str, Any]:
    """What a daemon without problems answers."""
    due = {"open-orders": made.now_ms + 42_000, "unit-tests": made.now_ms + HOUR}
    return HEALTHY | {"last_commit": made.now_ms - 600, "next_runs": due} | different


def test_a_running_recorder_is_told_at_a_glance(busy: Made, call: Call, folder: Path) -> None:
    """The answer first, then figures with units; nothing to decode."""
    with answering(busy.path, folder, healthy(busy)):
        said = call("status")
    assert (said.code, said.err) == (0, "")
    facts = {line.split()[0]: line for line in said.lines}
    assert said.lines[0] == "● recording for 6 h 12 m · pid 4121 · collector 0.1.0 · no problems"
    assert "1,204,118 received = 1,204,101 committed + 12 duplicate + 5 rejected" in facts["records"]
    assert "flush p95 2.10 ms · latest sample 3.00 ms late" in facts["timing"]
    assert "0.14 % of a core · 36.1 MB · 3.60 MB written an hour" in facts["own"]
    assert "cpu 12 % ▂▂▂▂▂▂▂▂▂▂   memory 61 % ▅▅▅▅▅▅▅▅▅▅" in facts["machine"]
    assert "2 registered · 1 over budget: unit-tests · next: open-orders in" in facts["workloads"]
    assert "1 in 24 h: suspend " in facts["gaps"]
    assert str(busy.path) in facts["database"]


def test_json_has_the_promised_keys(busy: Made, call: Call, folder: Path) -> None:
    """Scripts depend on them."""
    with answering(busy.path, folder, healthy(busy)):
        document = call("status", "--json").json
    assert document.keys() >= PROMISED
    assert document["counters"].keys() == COUNTERS
    assert document["database"].keys() == {"path", "bytes", "wal_bytes"}
    assert (document["recording"], document["pid"], document["problems"]) == (True, 4121, [])
    assert document["database"]["bytes"] == busy.path.stat().st_size
    assert document["last_commit"] == busy.now_ms - 600
    assert document["workloads"]["over_budget"] == ["unit-tests"]


TAIL = {
    "name": "pg", "path": "/var/log/pg.log", "format": "postgresql", "files": 1, "executions": 1_204,
    "behind_bytes": 0, "unread_lines": 0, "unread_example": "", "refused": 0, "lost_parts": 0, "error": None,
}  # fmt: skip


def test_logs_that_are_followed_have_a_line(busy: Made, call: Call, folder: Path) -> None:
    """How many there are, what they told, how far behind reading is, and which have no file yet."""
    tails = [TAIL | {"behind_bytes": 2_000_000}, TAIL | {"name": "my", "files": 0, "executions": 0}]
    with answering(busy.path, folder, healthy(busy, tails=tails)):
        said = call("status")
    line = "  tails       1 of 2 followed · 1,204 executions · 2.00 MB behind · no file yet: my"
    assert line in said.lines


POOL = {
    "name": "pgb", "kind": "pgbouncer", "state": "ok", "since_ms": None, "failures": 0, "reason": None,
}  # fmt: skip
FAILING = POOL | {"state": "failing", "since_ms": 1_000, "failures": 1, "reason": "no route"}
WAITING = POOL | {"name": "shop", "kind": "reported", "state": "waiting", "since_ms": 1_000, "reason": "x"}


def test_pools_have_a_line(busy: Made, call: Call, folder: Path) -> None:
    """How many are looked at, which fail, and where callers wait."""
    pools = [POOL | {"name": "a"}, FAILING, WAITING, POOL | {"name": "b", "state": "new"}]
    with answering(busy.path, folder, healthy(busy, pools=pools)):
        said, document = call("status"), call("status", "--json").json
    line = "  pools       2 looked at · 1 not yet · 1 failing: pgb · 1 with waiting callers: shop"
    assert line in said.lines
    assert document["pools"] == pools
    assert len(document["problems"]) == 2


@pytest.mark.parametrize(
    ("different", "sentence"),
    [
        ({"stuck": "the disk is full"}, "nothing can be written: the disk is full"),
        ({"last_commit": 1_000}, "nothing was committed for "),
        (
            {"counters": dict.fromkeys(COUNTERS, 0) | {"dropped": 7}, "dropped_reasons": {"full": 7}},
            "7 records were dropped (full 7)",
        ),
        (
            {"samplers": [{"name": "disk", "state": "failing", "reason": "OSError: gone"}]},
            "sampler disk is failing: OSError: gone",
        ),
        ({"tails": [TAIL | {"error": "/a.log: Permission denied"}]}, "tail pg: /a.log: Permission denied"),
        ({"tails": [TAIL | {"lost_parts": 1}]}, "tail pg: a part of its log was gone before it was read"),
        (
            {"tails": [TAIL | {"unread_lines": 1_200, "unread_example": "what?"}]},
            "tail pg: 1,200 lines were not understood, such as 'what?'",
        ),
        ({"pools": [FAILING]}, "pool pgb: the last look failed: no route"),
        ({"pools": [FAILING | {"failures": 1_200}]}, "pool pgb: 1,200 looks in "),
        ({"pools": [WAITING]}, "pool shop: callers have waited for a connection for "),
        ({"version": "9.9"}, "the recorder is version 9.9, this is 0.1.0: restart it"),
    ],
)
def test_each_problem_is_a_sentence(
    busy: Made, call: Call, folder: Path, different: dict[str, Any], sentence: str
) -> None:
    """It still records, so the exit status is 0."""
    with answering(busy.path, folder, healthy(busy, **different)):
        said, document = call("status"), call("status", "--json").json
    assert said.code == 0
    assert "1 problem" in said.lines[0]
    assert said.lines[1].startswith(f"  problem     {sentence}")
    assert document["problems"][0].startswith(sentence)


def test_a_subject_that_this_machine_lacks_is_no_problem(busy: Made, call: Call, folder: Path) -> None:
    """A desktop has no battery."""
    samplers = [{"name": "sensor", "state": "missing", "reason": "no sensors"}]
    with answering(busy.path, folder, healthy(busy, samplers=samplers)):
        assert call("status", "--json").json["problems"] == []


def test_without_a_daemon_it_says_how_to_start_one(made: Made, call: Call) -> None:
    """With the counters of the last session, the hole that is still open, and exit status 1."""
    made.session(6 * HOUR, 2 * HOUR, received=42, committed=40, rejected=2)
    said, document = call("status"), call("status", "--json").json
    assert said.code == 1
    assert said.lines[0].startswith("○ not recording since ")
    assert "(2 h ago) · 1 problem" in said.lines[0]
    assert "start it with `collector run`, or `collector service install`" in said.lines[1]
    assert "in the last session 42 received = 40 committed + 0 duplicate + 2 rejected" in said.out
    assert "1 in 24 h: stopped since " in said.out
    assert (document["recording"], document["pid"], document["counters"]["received"]) == (False, None, 42)
    assert document["gaps"][-1] == {"from_ms": made.now_ms - 2 * HOUR, "to_ms": None, "reason": "stopped"}


def test_before_the_first_start_it_says_so(call: Call, database: Path) -> None:
    """No database yet is an answer, not a failure of the command."""
    said, document = call("status"), call("status", "--json").json
    assert (said.code, said.lines[0]) == (1, "○ not recording · 2 problems")
    assert f"nothing is recorded yet: there is no {database}" in said.out
    assert document.keys() >= PROMISED
    assert document["counters"] == dict.fromkeys(COUNTERS, 0)
    assert document["database"]["bytes"] == 0


@pytest.mark.parametrize(
    "answer", [b"", b"not json\n", b'{"result":"rejected","reason":"cannot be asked"}\n']
)
def test_a_daemon_that_gives_no_answer_is_told(made: Made, call: Call, folder: Path, answer: bytes) -> None:
    """It holds the lock, so something runs; whether it records cannot be said."""
    with answering(made.path, folder, answer):
        said = call("status", "--json")
    assert said.code == 1
    assert said.json["recording"] is False
    (problem,) = said.json["problems"]
    assert "does not answer" in problem or "gave no status" in problem


def test_a_socket_that_nobody_listens_on_is_told(made: Made, call: Call, folder: Path) -> None:
    """Its address is in the sentence."""
    with holding(made.path, "collector run", folder / "nobody"):
        said = call("status", "--json")
    assert said.code == 1
    assert str(folder / "nobody") in said.json["problems"][0]


def test_another_command_at_work_is_named(made: Made, call: Call) -> None:
    """It is no daemon and will be done soon."""
    with holding(made.path, "collector db upgrade"):
        said = call("status")
    assert said.code == 1
    assert "nothing is recording: collector db upgrade, process" in said.out


def test_a_fault_elsewhere_in_the_config_hides_nothing(made: Made, call: Call, config: Path) -> None:
    """The daemon goes on with the old config, so the command must go on, too."""
    with config.open("a", encoding="utf-8") as file:
        file.write('[sampling]\nevery = "never"\n[[workloads]]\nkind = "no such kind"\n')
    made.session(HOUR, MINUTE)
    assert call("status", "--json").json["database"]["path"] == str(made.path)


def test_on_a_terminal_it_fits_eighty_columns_with_colour(busy: Made, terminal: Call, folder: Path) -> None:
    """Colour says nothing that the text does not."""
    with answering(busy.path, folder, healthy(busy)):
        said = terminal("status")
    assert said.code == 0
    assert "\x1b[32m●" in said.out
    assert max(display_width(line) for line in plain(said.out).splitlines()) <= 80
    assert "0 queued" in said.out


def test_no_color_is_honoured(busy: Made, terminal: Call) -> None:
    """See no-color.org."""
    assert "\x1b" not in terminal("status", NO_COLOR="1").out


def test_as_a_process_it_loads_nothing_heavy(busy: Made, config: Path) -> None:
    """Neither the scheduler nor the log nor rich nor psutil: it is asked often."""
    import subprocess
    import sys

    code = (
        "import sys; from collector.commands import main; main(['status', '--config', sys.argv[1]]);"
        "heavy = {'apscheduler', 'structlog', 'psutil', 'rich.console', 'playhouse'};"
        "print(sorted(heavy & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(config)], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_recorder_that_holds_the_database_in_silence_is_a_state_of_its_own(
    made: Made, call: Call, folder: Path
) -> None:
    """Nobody knows that it stopped, so no hole is claimed, and no counters."""
    made.session(HOUR, None)
    with holding(made.path, "collector run", folder / "nobody"):
        said, document = call("status"), call("status", "--json").json
    pid = document["pid"]
    assert said.lines[0] == f"○ process {pid} holds the database but does not answer · 1 problem"
    assert f"`kill -CONT {pid}`" in " ".join(said.out.split())
    assert "not known: the recorder does not answer" in said.out
    assert (document["recording"], document["silent"], document["gaps"]) == (False, True, [])


def test_a_killed_recorder_has_no_known_counters(made: Made, call: Call) -> None:
    """Its session was never closed: its zeros are none."""
    made.session(HOUR, None)
    said, document = call("status"), call("status", "--json").json
    assert "records     not known: the recorder was killed" in said.out
    assert document["counters"].keys() == COUNTERS
    assert (document["counters_known"], document["silent"]) == (False, False)
