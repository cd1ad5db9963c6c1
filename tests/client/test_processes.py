"""Whole processes: what a fork leaves, how one ends, and what an import costs."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from collector.client import Client
from tests.client.conftest import Peer

pytestmark = pytest.mark.long


def run(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run ``code`` in an interpreter of its own."""
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )


RECORD = """
import sys
from collector.client import Client, configure, counters, record
configure(sys.argv[1], exit_seconds=float(sys.argv[2]))
for number in range(1000):
    record("skill", number=number)
"""


@pytest.mark.parametrize(
    "end", ["", "sys.exit(3)", "raise ZeroDivisionError", "import asyncio; asyncio.run(asyncio.sleep(0))"]
)
def test_what_was_recorded_last_is_sent_when_the_process_ends(peer: Peer, end: str) -> None:
    """However it ends by itself."""
    run(RECORD + end, peer.path, 5)
    assert len(peer.stored) == 1000


def test_a_process_without_a_daemon_ends_at_once(place: Path) -> None:
    """It was never there, so there is nothing to wait for; nobody hears a word of it."""
    begin = time.monotonic()
    done = run(RECORD, place, 20)
    assert time.monotonic() - begin < 10
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_process_whose_daemon_is_silent_ends_within_the_bound(place: Path) -> None:
    """It waits for the answer for as long as it may, and no longer."""
    peer = Peer(place, faults=["silent"] * 100).start()
    begin = time.monotonic()
    done = run(RECORD, place, 0.5)
    assert 0.5 <= time.monotonic() - begin < 10
    assert (done.returncode, done.stderr) == (0, "")
    peer.stop()


def test_close_gives_up_and_counts(place: Path) -> None:
    """What could not be sent is dropped, not forgotten."""
    client = Client(place)
    client.record("skill")
    assert not client.close(5)
    told = client.counters()
    assert (told["dropped"], told["queued"], told["reasons"]) == (1, 0, {"not sent before the end": 1})
    assert client.close(5)


def test_a_process_whose_main_thread_never_comes_back_is_served(peer: Peer) -> None:
    """The sender is a thread of its own; it does not keep the process alive either."""
    code = RECORD + "import threading, time; time.sleep(60)"
    child = subprocess.Popen([sys.executable, "-c", code, peer.path, "1"])
    assert peer.wait_until(records=1000)
    child.terminate()
    child.wait(10)


PIPE = """
import signal, sys, threading
from collector.client import configure, flush, record
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
configure(sys.argv[1], linger_seconds=0)
for _ in range(10):
    record("skill")
    assert flush(10)
    threading.Event().wait(0.01)
"""


def test_a_daemon_that_goes_away_does_not_end_the_application(place: Path) -> None:
    """Not even one that has SIGPIPE as other programs have it."""
    peer = Peer(place, faults=["bye"] * 10).start()
    done = run(PIPE, place)
    assert (done.returncode, done.stderr, len(peer.stored)) == (0, "", 10)
    peer.stop()


FORK = """
import os, sys, threading
from collector.client import Client, configure, counters, flush, record
configure(sys.argv[1], linger_seconds=0, exit_seconds=5)
record("skill", who="parent, before")
if sys.argv[2] == "settled":
    assert flush(10)
child = os.fork()
if not child:
    assert counters()["received"] == 0, counters()
    record("skill", who="child")
    assert flush(10)
    assert counters()["committed"] == 1, counters()
    os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
record("skill", who="parent, after")
assert flush(10)
assert counters()["committed"] == 2, counters()
"""


@pytest.mark.parametrize("when", ["settled", "queued"])
def test_a_forked_child_begins_anew_and_the_parent_goes_on(peer: Peer, when: str) -> None:
    """Nothing is sent twice, each has a connection of its own."""
    done = run(FORK, peer.path, when)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(peer.values("who")) == ["child", "parent, after", "parent, before"]
    assert peer.connected == 2
    assert len({record_id.partition("-")[0] for record_id in peer.stored}) == 2


PRELOADED = """
import os, sys
from collector.client import configure, flush, record
configure(sys.argv[1])
children = []
for number in range(5):
    children.append(os.fork())
    if not children[-1]:
        record("skill", who=number)
        os._exit(0 if flush(10) else 1)
assert not any(os.waitpid(child, 0)[1] for child in children)
record("skill", who=5)
"""


def test_children_forked_before_the_first_record_make_ids_of_their_own(peer: Peer) -> None:
    """An application server imports everything and then forks; nobody's record is another's duplicate."""
    done = run(PRELOADED, peer.path)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(peer.values("who")) == [0, 1, 2, 3, 4, 5]


STORM = """
import os, sys, threading
from collector.client import configure, flush, record
configure(sys.argv[1], linger_seconds=0)
stop = threading.Event()
def work():
    while not stop.wait(0.0001):
        record("skill", who="thread")
threads = [threading.Thread(target=work) for _ in range(3)]
[thread.start() for thread in threads]
for _ in range(40):
    child = os.fork()
    if not child:
        record("skill", who="child")
        os._exit(0 if flush(10) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
stop.set()
[thread.join() for thread in threads]
assert flush(10)
"""


def test_a_fork_in_the_middle_of_work_does_no_harm(peer: Peer) -> None:
    """Whatever lock another thread held at that moment."""
    done = run(STORM, peer.path)
    assert (done.returncode, done.stderr) == (0, "")
    assert peer.values("who").count("child") == 40


def test_a_child_of_multiprocessing_reports_like_any_other(peer: Peer) -> None:
    """Such a process ends without `atexit`, so it flushes."""
    code = RECORD + (
        "from multiprocessing import get_context\n"
        "from collector.client import flush\n"
        "def work(): record('skill', number=-1); sys.exit(not flush(10))\n"
        "process = get_context('fork').Process(target=work)\n"
        "process.start(); process.join(); sys.exit(process.exitcode)"
    )
    done = run(code, peer.path, 5)
    assert (done.returncode, done.stderr) == (0, "")
    assert (len(peer.stored), peer.values("number").count(-1)) == (1001, 1)


SOCKETS = """
import os, sys
from pathlib import Path
from collector.client import configure, flush, record
configure(sys.argv[1])
record("skill")
assert flush(10)
child = os.fork()
if not child:
    os._exit(sum(path.is_socket() for path in Path("/proc/self/fd").iterdir()))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_the_connection_of_the_parent_is_closed_in_the_child(peer: Peer) -> None:
    """So the daemon sees when the parent is gone."""
    done = run(SOCKETS, peer.path)
    assert (done.returncode, done.stderr) == (0, "")


RE_ENTRY = """
import signal, sys
from collector.client import configure, counters, flush, record
configure(sys.argv[1], most=50)
def again(*_):
    record("skill", who="handler")
class Dying:
    def __del__(self):
        record("skill", who="finalizer")
signal.signal(signal.SIGALRM, again)
signal.setitimer(signal.ITIMER_REAL, 0.0002, 0.0002)
for _ in range(100_000):
    record("skill", who="main")
    Dying()
signal.setitimer(signal.ITIMER_REAL, 0)
told = counters()
assert told["received"] >= 200_000, told
assert told["received"] == sum(told[n] for n in ("committed", "duplicate", "rejected", "dropped", "queued"))
"""


def test_a_signal_handler_and_a_finalizer_may_record(place: Path) -> None:
    """Also in the middle of another record: there is no lock to wait for."""
    done = run(RE_ENTRY, place)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_import_starts_nothing_and_loads_little() -> None:
    """No thread, no file, and none of the libraries that an application may not have wanted."""
    code = (
        "import os, sys, threading\n"
        "before = os.listdir('/proc/self/fd')\n"
        "import collector.client\n"
        "assert os.listdir('/proc/self/fd') == before\n"
        "assert threading.active_count() == 1\n"
        "never = {'asyncio', 'ssl', '_hashlib', 'sqlite3', 'tomllib', 'inspect'}\n"
        "never |= {'uuid', 'decimal', 'msgspec'}\n"
        "assert not never & set(sys.modules), never & set(sys.modules)\n"
    )
    done = run(code)
    assert (done.returncode, done.stderr) == (0, "")
