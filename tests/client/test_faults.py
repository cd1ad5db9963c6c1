"""A daemon that is absent, restarting, full, silent or broken: what was recorded is kept and counted."""

from __future__ import annotations

import json
import logging
import tempfile
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.client import Client, backoff, link, sender, wire
from tests.client.conftest import Peer, settled


def test_records_wait_for_a_daemon_that_is_absent(place: Path, client: Client) -> None:
    """And arrive in their order once it is there."""
    for number in range(20):
        client.record("skill", number=number)
    assert not client.flush(0)
    assert client.counters()["queued"] == 20
    peer = Peer(place).start()
    assert settled(client)["committed"] == 20
    assert peer.values("number") == [*range(20)]
    peer.stop()


def test_the_oldest_are_dropped_when_too_many_wait(place: Path) -> None:
    """And counted; the newest are worth more."""
    client = Client(place, most=100)
    for number in range(150):
        client.record("skill", number=number)
    told = client.counters()
    assert (told["received"], told["queued"], told["dropped"], told["reasons"]) == (
        150,
        100,
        50,
        {"full": 50},
    )
    peer = Peer(place).start()
    assert settled(client)["committed"] == 100
    assert peer.values("number") == [*range(50, 150)]
    client.close()
    peer.stop()


def test_what_is_on_its_way_counts_into_the_bound(place: Path) -> None:
    """A daemon that takes lines and never answers does not let the queue grow."""
    peer = Peer(place, faults=["silent"] * 100).start()
    client = Client(place, most=100, batch=10, linger_seconds=0)
    for number in range(40):
        client.record("skill", number=number)
        assert peer.wait_until(lines=min(4, number + 1))
    for _ in range(200):
        client.record("skill")
    told = client.counters()
    assert (told["queued"], told["dropped"]) == (100, 140)
    client.close(0)
    peer.stop()


def test_a_daemon_that_restarts_gets_what_it_did_not_answer(place: Path, client: Client) -> None:
    """The line that it had read and not answered comes again, with the same ids."""
    peer = Peer(place, faults=["", "silent"]).start()
    client.record("skill", number=1)
    settled(client)
    client.record("skill", number=2)
    assert peer.wait_until(lines=2)
    peer.stop()
    client.record("skill", number=3)
    peer.start()
    told = settled(client)
    assert (told["committed"], told["duplicate"], peer.values("number")) == (2, 1, [1, 2, 3])
    peer.stop()


def test_a_daemon_that_is_full_gets_the_same_line_later(place: Path, client: Client) -> None:
    """After as long as it asked for."""
    peer = Peer(place, faults=["busy", "busy"]).start()
    begin = time.monotonic()
    client.record("skill")
    told = settled(client)
    assert (told["committed"], told["duplicate"]) == (1, 0)
    assert time.monotonic() - begin >= 0.04
    assert len(set(peer.lines)) == 1
    assert (len(peer.lines), peer.connected) == (3, 1)
    peer.stop()


@pytest.mark.parametrize("fault", ["close", "lose", "garbage"])
def test_a_broken_connection_stores_nothing_twice(place: Path, client: Client, fault: str) -> None:
    """Whether it broke before or after the commit."""
    peer = Peer(place, faults=[fault]).start()
    client.record("skill")
    told = settled(client)
    assert told["committed"] + told["duplicate"] == len(peer.stored) == 1
    assert peer.connected == 2
    peer.stop()


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"[]", b"7", b'{"result": "committed"}', b'{"result": "busy"}', b"\xff", b"[" * 100_000,
        b'{"result": "committed", "committed": 2, "duplicate": 0, "rejected": []}',
        b'{"result": "committed", "committed": 2, "duplicate": -1, "rejected": []}',
        b'{"result": "committed", "committed": 1e999, "duplicate": 0, "rejected": []}',
    ],
)  # fmt: skip
def test_an_answer_that_does_not_fit_is_none(answer: bytes) -> None:
    """It must account for each record of the line."""
    with pytest.raises(wire.Garbage):
        wire.decoded(answer, 1)


def test_a_line_that_was_refused_as_a_whole_is_rejected_as_a_whole() -> None:
    """The daemon tells one position for a line that it could not read."""
    said = {
        "result": "rejected",
        "committed": 0,
        "duplicate": 0,
        "rejected": [{"position": 0, "reason": "x"}],
    }
    assert wire.decoded(json.dumps(said).encode(), 3).refused == ("x", "x", "x")


def test_a_daemon_that_does_not_answer_is_left(
    place: Path, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a while the connection is taken for lost."""
    monkeypatch.setattr(sender, "ANSWER_SECONDS", 0.1)
    peer = Peer(place, faults=["silent"]).start()
    client.record("skill")
    assert settled(client)["duplicate"] == 1
    assert peer.connected == 2
    peer.stop()


def test_several_lines_are_on_their_way_at_one_time(place: Path) -> None:
    """Up to four, so that a round trip does not hold up the next."""
    peer = Peer(place, faults=["silent"] * 10).start()
    with Client(place, batch=10, linger_seconds=0.01, exit_seconds=0) as client:
        for _ in range(100):
            client.record("skill")
        assert peer.wait_until(lines=4)
        assert client.counters()["queued"] == 100
    assert len(peer.lines) == 4
    peer.stop()


def test_a_connection_that_nobody_needs_is_closed(
    peer: Peer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The daemon has room for 64; the next record opens it again."""
    monkeypatch.setattr(sender, "IDLE_SECONDS", 0.05)
    client.record("skill")
    assert peer.gone.acquire(timeout=10)
    client.record("skill")
    assert settled(client)["committed"] == 2
    assert peer.connected == 2


def test_trouble_is_logged_rarely_and_quietly(
    place: Path, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    """At debug, for whoever looks for it."""
    caplog.set_level(logging.DEBUG, logger="collector.client")
    client.record("skill")
    for _ in range(3):
        client.flush(0.01)
    client.close()
    (said,) = [record for record in caplog.records if record.name == "collector.client"]
    assert (said.levelname, "No such file" in said.message) == ("DEBUG", True)


def test_a_flush_waits_for_nothing_that_came_later(place: Path, client: Client) -> None:
    """Another thread that goes on recording does not hold it up."""
    peer = Peer(place).start()
    stop = threading.Event()

    def go_on() -> None:
        while not stop.wait(0.0001):
            client.record("skill")

    other = threading.Thread(target=go_on)
    other.start()
    try:
        client.record("skill", mine=True)
        assert client.flush(10)
        assert True in peer.values("mine")
    finally:
        stop.set()
        other.join()
    peer.stop()


def test_an_answer_that_was_too_long_settles_its_line(place: Path, client: Client) -> None:
    """It is read to its end, and the same connection goes on."""
    peer = Peer(place, faults=["long"]).start()
    client.record("skill")
    told = settled(client)
    assert (told["rejected"], told["reasons"]) == (1, {"an answer that was too long": 1})
    client.record("skill")
    assert (settled(client)["committed"], len(peer.lines), peer.connected) == (1, 2, 1)
    peer.stop()


def test_an_answer_without_an_end_is_no_answer(
    place: Path, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond a bound it is not read any more."""
    monkeypatch.setattr(link, "_LONGEST_ANSWER", 1 << 18)
    monkeypatch.setattr(link, "_MOST_THROWN_AWAY", 1 << 20)
    peer = Peer(place, faults=["long"]).start()
    client.record("skill")
    assert settled(client)["duplicate"] == 1
    assert (len(peer.lines), peer.connected) == (2, 2)
    peer.stop()


def test_a_line_that_ends_every_connection_is_given_up(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was sent along with it, before and after, is stored."""
    monkeypatch.setattr(backoff, "SHORTEST_SECONDS", 0.001)
    client = Client(place, batch=1, linger_seconds=0)
    for kind in ("skill", "skill", "worst", "skill", "skill"):
        client.record(kind)
    peer = Peer(place)
    peer.poison = {"worst"}
    peer.start()
    told = settled(client)
    assert (told["committed"] + told["duplicate"], told["dropped"]) == (4, 1)
    assert told["reasons"] == {"the daemon does not take it": 1}
    assert len(peer.stored) == 4
    client.close()
    peer.stop()


def test_a_daemon_that_hangs_up_on_everything_costs_no_record(
    place: Path, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is given up while not even an empty line has an answer."""
    monkeypatch.setattr(backoff, "SHORTEST_SECONDS", 0.001)
    monkeypatch.setattr(backoff, "LONGEST_SECONDS", 0.001)
    peer = Peer(place, faults=["close"] * 30).start()
    client.record("skill")
    told = settled(client)
    assert (told["committed"], told["dropped"], len(peer.stored)) == (1, 0, 1)
    assert len(peer.lines) > 30
    peer.stop()


@pytest.mark.parametrize("where", ["field", "inside a list"])
def test_the_oldest_are_dropped_when_too_many_bytes_wait(place: Path, where: str) -> None:
    """However few records they are; after the daemon took them there is room again."""
    client = Client(place, most_bytes=100_000)
    text = "x" * 10_000
    for number in range(50):
        client.record("skill", number=number, text=text if where == "field" else [text])
    told = client.counters()
    assert told["dropped"] == told["reasons"]["full"] == 50 - told["queued"]
    assert 8 <= told["queued"] <= 10
    peer = Peer(place).start()
    assert settled(client)["committed"] == told["queued"]
    assert peer.values("number") == [*range(50)][-told["queued"] :]
    client.record("skill", text=text)
    assert settled(client)["committed"] == told["queued"] + 1
    client.close()
    peer.stop()


def test_a_record_that_is_larger_than_the_bound_is_dropped(place: Path) -> None:
    """And what comes after it is not."""
    client = Client(place, most_bytes=1_000)
    client.record("skill", text="x" * 2_000)
    client.record("skill")
    assert (client.counters()["dropped"], client.counters()["queued"]) == (1, 1)
    client.close(0)


FAULTS = st.lists(st.sampled_from(["", "busy", "close", "lose", "garbage", "bye"]), max_size=3)
RECORDS = st.lists(st.sampled_from(["good", "bad", "not json", "twice", "hurry"]), max_size=40)


@settings(max_examples=15, deadline=None)
@given(faults=FAULTS, records=RECORDS)
def test_every_record_is_accounted_for_whatever_goes_wrong(faults: list[str], records: list[str]) -> None:
    """And stored once if it is to be stored."""
    with tempfile.TemporaryDirectory() as folder:
        peer = Peer(Path(folder) / "c.sock", faults).start()
        client = Client(peer.path, batch=7, linger_seconds=0)
        for what in records:
            if what == "hurry":
                client.flush(0)
            elif what == "twice":
                client.record("skill", id="twice")
            else:
                client.record("bad" if what == "bad" else "skill", x=object() if what == "not json" else 1)
        told = settled(client)
        client.close()
        peer.stop()
    assert told["received"] == len(records) - records.count("hurry")
    assert told["rejected"] == records.count("bad") + records.count("not json")
    assert told["committed"] + told["duplicate"] == records.count("good") + records.count("twice")
    assert len(peer.stored) == records.count("good") + ("twice" in records)
