"""on_alert: real programs that are told, hang, fail or are not there."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.alerts import Teller
from collector.sections import Alerting
from collector.units import Duration
from collector.workloads.spawn import Children
from tests.workloads.conftest import gone

Events = Callable[[], list[dict[str, Any]]]
Made = Callable[..., Teller]

WAIT_SECONDS = 20.0


def alert(name: str = "unit-tests") -> dict[str, Any]:
    """As `Alerts` tells of one."""
    return {
        "timestamp": 1, "subject_kind": "workload", "subject": name, "concern": "failing",
        "from_state": "ok", "to_state": "failing", "details": {"last_ms": 104.0},
        "sentence": f"{name} is failing: 2 runs in a row went wrong",
    }  # fmt: skip


@pytest.fixture
def teller() -> Iterator[Made]:
    """Makes tellers with children of their own; all are closed at the end."""
    made: list[Teller] = []

    def make(*argv: str, timeout: float = 20.0) -> Teller:
        settings = Alerting(on_alert=argv, timeout=Duration(timeout))
        made.append(Teller(settings, Children()))
        return made[-1]

    yield make
    for one in made:
        one.close()


def finish(teller: Teller) -> None:
    """Wait until all that was told is handed over."""
    teller.close(WAIT_SECONDS)


def wait_quiet(teller: Teller) -> None:
    """Wait until its thread has ended, as it does when nothing is left."""
    thread = teller._thread
    if thread is not None:
        thread.join(WAIT_SECONDS)
    assert teller._thread is None


def named(events: Events, name: str = "alert.not_told") -> list[dict[str, Any]]:
    """The events of that name, without what all have."""
    return [{k: e[k] for k in list(e)[4:]} for e in events() if e["event"] == name]


def test_the_program_gets_the_alert_as_json_on_one_line(teller: Made, tmp_path: Path) -> None:
    """With the sentence, and the figures in ms."""
    said = tmp_path / "said"
    one = teller("sh", "-c", f"cat > {said}")
    one.tell(alert())
    finish(one)
    assert said.read_text(encoding="utf-8").count("\n") == 1
    assert json.loads(said.read_text(encoding="utf-8")) == alert()


def test_one_comes_after_the_other(teller: Made, tmp_path: Path) -> None:
    """In the order in which they happened, each to a program of its own."""
    said, pipe = tmp_path / "said", tmp_path / "pipe"
    os.mkfifo(pipe)
    one = teller("sh", "-c", f'echo "$1" >> {said}; test "$1" != c || echo x > {pipe}', "sh", "{subject}")
    for name in "abc":
        one.tell(alert(name))
    assert pipe.read_text(encoding="ascii") == "x\n"
    finish(one)
    assert said.read_text(encoding="utf-8") == "a\nb\nc\n"


def test_no_script_is_needed(teller: Made, tmp_path: Path) -> None:
    """A program takes the sentence as one argument, whatever is in it."""
    script, said = tmp_path / "notify", tmp_path / "said"
    script.write_text(f'#!/bin/sh\nprintf "%s|" "$@" > {said}\n', encoding="utf-8")
    script.chmod(0o755)
    one = teller(str(script), "collector", "{sentence}")
    one.tell(alert("$(reboot); 'a\nb"))
    finish(one)
    assert said.read_text(encoding="utf-8") == (
        "collector|$(reboot); 'a b is failing: 2 runs in a row went wrong|"
    )


def test_it_has_what_a_notification_needs_and_nothing_of_ours(
    teller: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bus and the display; never our line to systemd, nor the address of a database."""
    passed = {"DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR"}
    for name in (*passed, "NOTIFY_SOCKET", "DATABASE_URL", "PGPASSWORD"):
        monkeypatch.setenv(name, "value")
    said = tmp_path / "said"
    one = teller("sh", "-c", f"env > {said}")
    one.tell(alert())
    finish(one)
    found = {line.partition("=")[0] for line in said.read_text(encoding="utf-8").splitlines()}
    assert found & {*passed, "NOTIFY_SOCKET", "DATABASE_URL", "PGPASSWORD"} == passed


@pytest.mark.parametrize(
    ("argv", "fields"),
    [
        (["/no/such/program"], {"reason": "/no/such/program: there is no such file"}),
        (["sh", "-c", "exit 3"], {"reason": "exit status 3"}),
        (
            ["sh", "-c", "for i in 1 2 3 4; do echo line $i; done; exit 1"],
            {"reason": "exit status 1", "output": "line 1\nline 2\nline 3"},
        ),
        (["sh", "-c", "kill -9 $$"], {"reason": "ended by SIGKILL"}),
    ],
)
def test_a_program_that_fails_is_one_warning(
    teller: Made, events: Events, argv: list[str], fields: dict[str, str]
) -> None:
    """However often it does, within 30 s."""
    one = teller(*argv)
    for name in "ab":
        one.tell(alert(name))
    wait_quiet(one)
    (warning,) = named(events)
    assert {key: warning[key] for key in warning if key != "command"} == fields
    assert warning["command"].startswith(argv[0])


def test_what_it_prints_is_dropped_when_it_went_well(teller: Made, events: Events) -> None:
    """Much of it, too."""
    one = teller("sh", "-c", "head -c 1000000 /dev/zero")
    one.tell(alert())
    finish(one)
    assert events() == []


def test_one_that_hangs_is_ended_with_all_that_it_started(
    teller: Made, events: Events, tmp_path: Path
) -> None:
    """And the next one has its turn."""
    fifo = tmp_path / "pid"
    os.mkfifo(fifo)
    one = teller("sh", "-c", f"sleep 600 & echo $! > {fifo}; wait", timeout=0.6)
    one.tell(alert())
    pid = int(fifo.read_text(encoding="ascii"))
    finish(one)
    assert gone(pid)
    (warning,) = named(events)
    assert warning["reason"] == "took longer than 600ms"


def test_when_it_works_again_the_log_says_so(teller: Made, events: Events) -> None:
    """After the config was read again."""
    one = teller("sh", "-c", "exit 1")
    one.tell(alert())
    wait_quiet(one)
    one.apply(Alerting(on_alert=("true",)))
    one.tell(alert())
    finish(one)
    assert named(events, "alert.not_told.over") == [{"count": 1}]


def test_without_on_alert_there_is_no_thread(teller: Made) -> None:
    """Nothing is queued for nobody."""
    one = teller()
    one.tell(alert())
    assert one._thread is None
    assert len(one._handing) == 0


def test_a_thread_ends_with_the_last_alert(teller: Made, tmp_path: Path) -> None:
    """And the next alert begins another."""
    said = tmp_path / "said"
    one = teller("sh", "-c", f"cat >> {said}")
    for _ in range(2):
        one.tell(alert())
        wait_quiet(one)
    assert said.read_text(encoding="utf-8").count("\n") == 2


def test_telling_never_waits_and_what_does_not_fit_is_counted(
    teller: Made, events: Events, tmp_path: Path
) -> None:
    """A program that hangs holds up nobody; rows and log lines are there all the same."""
    fifo = tmp_path / "go"
    os.mkfifo(fifo)
    one = teller("sh", "-c", f"read line < {fifo}")
    one.tell(alert("first"))
    with fifo.open("w", encoding="ascii") as go:  # waits until the first one is told
        for i in range(102):
            one.tell(alert(f"w{i}"))
        assert [warning["reason"] for warning in named(events)] == ["too many wait for the one before"]
        one.apply(Alerting())  # nobody is to be told of those that wait
        go.write("go\n")
    finish(one)


def test_a_stop_hands_over_what_waits_as_one(teller: Made, events: Events, tmp_path: Path) -> None:
    """When there is time for it."""
    said, fifo = tmp_path / "said", tmp_path / "go"
    os.mkfifo(fifo)
    script = f'read line; echo "$1" >> {said}; test "$1" != first || read line < {fifo}'
    one = teller("sh", "-c", script, "sh", "{subject}")
    for name in ("first", "a", "b"):
        one.tell(alert(name))
    go = fifo.open("w", encoding="ascii")  # waits until the first one is told
    closing = threading.Thread(target=lambda: one.close(WAIT_SECONDS))
    closing.start()
    while not one._closing:
        closing.join(0.001)
    go.write("go\n")
    go.close()
    closing.join(WAIT_SECONDS)
    assert said.read_text(encoding="utf-8") == "first\n2 subjects\n"
    assert named(events) == []


def test_a_stop_waits_only_so_long_and_says_what_was_left(
    teller: Made, events: Events, tmp_path: Path
) -> None:
    """The one under way too, whose program is ended; closing again says nothing more."""
    fifo = tmp_path / "pid"
    os.mkfifo(fifo)
    one = teller("sh", "-c", f"echo $$ > {fifo}; exec sleep 600")
    one.tell(alert("a"))
    pid = int(fifo.read_text(encoding="ascii"))
    one.tell(alert("b"))
    thread: Any = one._thread
    one.close(0.05)
    one.close()
    assert gone(pid)
    thread.join(WAIT_SECONDS)
    assert named(events) == [{"reason": "the recorder stops", "left": 2}]
    one.tell(alert("c"))
    assert named(events)[-1] == {"reason": "the recorder stops", "subject": "c"}


def test_a_python_script_reads_it_too(teller: Made, tmp_path: Path) -> None:
    """Figures in milliseconds."""
    script, said = tmp_path / "told.py", tmp_path / "said"
    script.write_text(
        "import json, sys\n"
        "alert = json.load(sys.stdin)\n"
        "open(sys.argv[1], 'w').write(f\"{alert['to_state']}: {alert['details']['last_ms']:.0f} ms\")\n",
        encoding="utf-8",
    )
    one = teller(sys.executable, str(script), str(said))
    one.tell(alert())
    finish(one)
    assert said.read_text(encoding="utf-8") == "failing: 104 ms"
