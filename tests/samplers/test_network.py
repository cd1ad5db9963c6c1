"""The network sampler."""

from __future__ import annotations

import psutil
import pytest

from collector.samplers.base import Context, Missing, Seat
from collector.samplers.network import Counters, Network

from .conftest import Write, columns

TABLE = """\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:    3193      29    0    0    0     0          0         0     3193      29    0    0    0     0       0          0
  eth0:     191      12    3    4    0     0          0         0      559      13    5    6    0     0       0          0
"""  # noqa: E501


def test_a_row_tells_rates_of_one_interface(fake: Context) -> None:
    """Errors and drops of both directions are one figure each."""
    before, now = {"wlan0": Counters(1000, 500, 0, 4)}, {"wlan0": Counters(5000, 1500, 2, 4)}
    assert columns(Network(fake).records(before, now, 2.0, 5)) == [
        {
            "timestamp": 5,
            "interface": "wlan0",
            "received_bytes_per_s": 2000.0,
            "sent_bytes_per_s": 500.0,
            "errors_per_s": 1.0,
            "drops_per_s": 0.0,
        }
    ]


@pytest.mark.parametrize(
    "before",
    [{}, {"tun0": Counters(2**32 - 10, 0, 0, 0)}],
    ids=["appeared", "wrapped-or-replaced"],
)
def test_an_interface_that_came_or_started_anew_gives_no_rate(
    fake: Context, before: dict[str, Counters]
) -> None:
    """All it ever moved must not become the rate of one interval; the others are told."""
    now = {"tun0": Counters(900, 0, 0, 0), "eth0": Counters(2, 2, 0, 0)}
    rows = columns(Network(fake).records(before | {"eth0": Counters(1, 1, 0, 0)}, now, 1.0, 0))
    assert [row["interface"] for row in rows] == ["eth0"]


def test_an_interface_that_vanished_gives_no_row(fake: Context) -> None:
    """A hole is never a zero."""
    assert Network(fake).records({"tun0": Counters(9, 9, 0, 0)}, {}, 1.0, 0) == []


def test_an_interface_that_never_moved_anything_gives_no_row(fake: Context) -> None:
    """Empty sockets and dummies."""
    silent = {"eth1": Counters(0, 0, 0, 0)}
    assert Network(fake).records(silent, silent, 1.0, 0) == []


def test_the_table_of_the_kernel_is_read_right(fake: Context, write: Write) -> None:
    """Receiving stands left, sending right; loopback, the machine talking to itself, is left out."""
    write({"proc/net/dev": TABLE})
    assert Network(fake).read() == {"eth0": Counters(191, 559, 3 + 5, 4 + 6)}


def test_two_readings_by_way_of_a_seat_give_a_row(fake: Context, write: Write) -> None:
    """The first gives none."""
    write({"proc/net/dev": TABLE})
    seat = Seat(Network(fake))
    assert seat.turn(1) == []
    (row,) = columns(seat.turn(2))
    assert (row["interface"], row["received_bytes_per_s"]) == ("eth0", 0.0)


def test_a_kernel_without_the_table_lacks_the_subject(fake: Context) -> None:
    """Some containers hide it."""
    with pytest.raises(Missing, match="net/dev"):
        Network(fake).read()


def test_this_machine_agrees_with_psutil(real: Context) -> None:
    """An independent reader of the same table; other traffic may come between the two."""
    theirs = psutil.net_io_counters(pernic=True, nowrap=False)
    ours = Network(real).read()
    assert ours.keys() == theirs.keys() - {"lo"}
    for name, counters in ours.items():
        assert counters.received_bytes == pytest.approx(theirs[name].bytes_recv, rel=0.01, abs=1 << 20)
        assert counters.errors == theirs[name].errin + theirs[name].errout
