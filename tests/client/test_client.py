"""Recording: what arrives, what is counted, and that the application never notices."""

from __future__ import annotations

import datetime
import decimal
import json
import math
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

import collector.client
from collector.client import Client
from collector.client.wire import LONGEST_LINE
from tests.client.conftest import Peer, settled


class Hostile(dict[str, Any]):
    """A value whose own code fails in a way that nobody foresees."""

    def items(self) -> Any:
        raise ZeroDivisionError

    __iter__ = keys = values = items


def test_a_record_arrives_with_its_kind_its_columns_a_time_and_an_id(peer: Peer, client: Client) -> None:
    """The time is that of the call, in ms."""
    before = int(time.time() * 1000)
    client.record("skill", skill_id="s", execution_ms=1.5)
    assert settled(client)["committed"] == 1
    record = peer.only()
    assert before <= record.pop("timestamp") <= time.time() * 1000
    assert record == {"kind": "skill", "skill_id": "s", "execution_ms": 1.5}
    assert len(next(iter(peer.stored))) > 16


def test_a_pool_has_its_time_in_another_column(peer: Peer, client: Client) -> None:
    """As the document calls it."""
    client.record("pool", pool_name="p")
    settled(client)
    assert peer.only().keys() == {"kind", "pool_name", "recorded_at"}


@pytest.mark.parametrize("column", ["timestamp", "recorded_at"])
def test_a_pools_own_time_is_kept_under_either_name(peer: Peer, client: Client, column: str) -> None:
    """The daemon takes both; one of ours beside it would win."""
    client.record("pool", pool_name="p", **{column: 7})
    settled(client)
    assert peer.only() == {"kind": "pool", "pool_name": "p", column: 7}


@pytest.mark.parametrize("deep", [False, True])
def test_what_the_caller_changes_later_is_not_recorded(peer: Peer, place: Path, deep: bool) -> None:
    """Lists and dicts are copied at the call, at every depth."""
    with Client(place, linger_seconds=60) as client:
        inner = ["a"]
        given: dict[str, Any] = {"user": "u", **({"inner": inner} if deep else {})}
        listed = [given] if deep else ["b"]
        client.record("skill", metadata=given, listed=listed, paired=(inner,))
        for one in (given, inner, listed):
            one.clear()
        settled(client)
    stored = {"user": "u", **({"inner": ["a"]} if deep else {})}
    told = peer.only()
    assert (told["metadata"], told["listed"]) == (stored, [stored] if deep else ["b"])
    assert told["paired"] == [["a"]]


def test_a_time_and_an_id_of_the_callers_own_are_kept(peer: Peer, client: Client) -> None:
    """So a caller can make its records recognisable."""
    client.record("skill", id="mine", timestamp=7)
    client.record("skill", id="mine", timestamp=7)
    assert (settled(client)["committed"], client.counters()["duplicate"]) == (1, 1)
    assert peer.stored == {"mine": {"kind": "skill", "id": "mine", "timestamp": 7}}


def test_values_that_json_lacks_become_texts_and_numbers(peer: Peer, client: Client) -> None:
    """As far as there is one sensible way."""
    moment = datetime.datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=datetime.UTC)
    number = uuid.uuid4()
    client.record(
        "skill", a=moment, b=number, c=Path("/x"), d=decimal.Decimal("1.5"), e=moment.date(), f=(1, None)
    )
    settled(client)
    told = peer.only()
    assert [told[name] for name in "abcdef"] == [
        1_767_323_045_678, str(number), "/x", 1.5, "2026-01-02", [1, None],
    ]  # fmt: skip


def _circle() -> list[Any]:
    made: list[Any] = []
    made.append(made)
    return made


def _deep() -> list[Any]:
    made: list[Any] = []
    for _ in range(100_000):
        made = [made]
    return made


@pytest.mark.parametrize(
    "value",
    [
        object(), math.nan, -math.inf, decimal.Decimal("nan"), _circle(), {(1, 2): 3}, {1, 2}, b"bytes",
        "\ud800", 10**5000, Hostile(a=1), _deep(), "x" * LONGEST_LINE,
    ],
    ids=[
        "object", "nan", "inf", "decimal nan", "circle", "tuple key", "set", "bytes", "half a character",
        "long number", "hostile", "deep", "long text",
    ],
)  # fmt: skip
def test_what_cannot_be_sent_is_rejected_and_its_neighbours_go_on(
    peer: Peer, client: Client, value: object
) -> None:
    """With a reason, and without ever reaching the daemon."""
    for column in (1, value, 2):
        client.record("skill", column=column)
    told = settled(client)
    assert (told["committed"], told["rejected"], sum(told["reasons"].values())) == (2, 1, 1)
    assert peer.values("column") == [1, 2]
    assert peer.connected == 1


@pytest.mark.parametrize("kind", [None, 3, [], {}, object()])
def test_a_kind_that_is_none_is_rejected_without_a_word(peer: Peer, client: Client, kind: Any) -> None:
    """`record` never raises, whatever it is given."""
    client.record(kind, self=1, kind_=2)
    client.record(kind=kind, client=1)
    assert settled(client)["rejected"] == 2
    assert [*client.counters()["reasons"]] == [f"`kind` must be a text, not {type(kind).__name__}"]
    assert peer.lines == []


def test_what_the_daemon_rejects_is_counted_by_its_reason(peer: Peer, client: Client) -> None:
    """And not sent again."""
    for kind in ("skill", "bad", "skill", "bad"):
        client.record(kind)
    told = settled(client)
    assert (told["committed"], told["rejected"], told["reasons"]) == (2, 2, {"a bad one": 2})
    assert sum(len(json.loads(line)) for line in peer.lines) == 4


def test_the_number_of_reasons_is_bounded(peer: Peer, client: Client) -> None:
    """Though each may be a text of its own."""
    for number in range(200):
        client.record("skill", x=type(f"T{number}", (), {})())
    client.close(5)
    reasons = client.counters()["reasons"]
    assert (len(reasons), sum(reasons.values())) == (51, 200)


def test_a_line_is_never_longer_than_the_daemon_takes(peer: Peer, client: Client) -> None:
    """Batches are split by their size, too."""
    for _ in range(5):
        client.record("skill", text="ä" * (LONGEST_LINE // 5))
    assert settled(client)["committed"] == 5
    assert len(peer.lines) == 3
    assert max(map(len, peer.lines)) <= LONGEST_LINE


def test_a_batch_is_never_larger_than_asked_for(peer: Peer, place: Path) -> None:
    """Up to the thousand that the protocol allows."""
    with Client(place, batch=100) as client:
        for _ in range(1050):
            client.record("skill")
        assert settled(client)["committed"] == 1050
    assert max(len(json.loads(line)) for line in peer.lines) <= 100


def test_threads_that_record_at_one_time_lose_nothing(peer: Peer, client: Client) -> None:
    """Eight, with a thousand each."""

    def work(thread: int) -> None:
        for number in range(1000):
            client.record("skill", who=thread, number=number)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert settled(client)["committed"] == 8000
    expected = {(who, number) for who in range(8) for number in range(1000)}
    assert set(zip(peer.values("who"), peer.values("number"), strict=True)) == expected


def test_a_record_after_close_is_dropped_and_counted(peer: Peer, client: Client) -> None:
    """Closing twice is fine."""
    client.record("skill")
    assert client.close(5)
    client.record("skill")
    assert client.close(5)
    told = client.counters()
    assert (told["committed"], told["dropped"], told["reasons"]) == (1, 1, {"closed": 1})
    assert client.flush(0)
    assert len(peer.stored) == 1


def test_a_client_without_records_starts_no_thread(place: Path) -> None:
    """Importing and making one costs nothing."""
    before = threading.active_count()
    with Client(place) as client:
        assert client.flush(0)
        assert threading.active_count() == before


def test_a_closed_client_leaves_no_thread(peer: Peer, place: Path) -> None:
    """The daemon sees it go."""
    before = set(threading.enumerate())
    with Client(place) as client:
        client.record("skill")
        (thread,) = {t for t in threading.enumerate() if t.name == "collector-client"} - before
        assert thread.daemon
    thread.join(5)
    assert not thread.is_alive()
    assert client.counters()["committed"] == len(peer.stored) == 1


@pytest.mark.parametrize(
    "options",
    [
        {"most": 0},
        {"most_bytes": 0},
        {"batch": 0},
        {"batch": 1001},
        {"linger_seconds": -1},
        {"exit_seconds": math.nan},
    ],
)
def test_options_without_sense_are_told_at_once(options: dict[str, Any]) -> None:
    """A client is made once, where somebody sees it."""
    with pytest.raises(ValueError, match=r"most|lie between"):
        Client(**options)


def test_importing_it_loads_little() -> None:
    """What takes long waits for the sender's thread; what talks to the daemon, for whoever names it."""
    code = (
        "import sys; b = set(sys.modules); import collector.client as c; print(*set(sys.modules) - b); c.Line"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    assert set(done.stdout.split()) & {"json", "socket", "pathlib", "logging", "datetime", "inspect"} == set()
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = collector.client.nothing


def test_the_module_has_a_client_of_its_own(peer: Peer) -> None:
    """Which `configure` makes anew."""
    collector.client.configure(peer.path, linger_seconds=0)
    collector.client.record("skill", skill_id="s")
    with collector.client.timed("query", "q"):
        pass
    assert collector.client.flush(10)
    assert collector.client.counters()["committed"] == 2
    collector.client.configure()
    assert collector.client.counters()["received"] == 0
