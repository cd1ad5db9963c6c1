"""Who takes much time waits for those who take little."""

from __future__ import annotations

import socket
import time

import pytest

from collector.intake.connection import Connection
from collector.intake.spent import LIGHT_SECONDS, Spent
from collector.intake.turns import STAND_BACK_SECONDS, TURN_SECONDS, Turns

READ = 1


class Table:
    """Turns among connections of which nothing is read: who was served, and who has to wait."""

    def __init__(self) -> None:
        self.served: list[Connection] = []
        self.postponed: list[Connection] = []
        self.turns = Turns(self._serve, self.postponed.append)
        self.takes_s = 0.0

    def _serve(self, connection: Connection, _: int) -> None:
        end = time.monotonic() + self.takes_s
        while time.monotonic() < end:
            pass
        self.served.append(connection)

    def turn(self, *due: Connection, beside: tuple[Connection, ...] = ()) -> None:
        """One for these, while the others are there too."""
        self.served.clear()
        self.postponed.clear()
        self.turns.serve(dict.fromkeys(due, READ), [*due, *beside])


def made(spent_s: float) -> Connection:
    """A client for which so much was done lately."""
    ours, theirs = socket.socketpair()
    theirs.close()
    connection = Connection(ours, 100, time.monotonic())
    connection.spent = Spent(time.monotonic(), spent_s)
    return connection


@pytest.fixture
def table() -> Table:
    """Nobody was served yet."""
    return Table()


def test_the_lightest_is_served_first(table: Table) -> None:
    """Whoever was heard of first."""
    heavy, lighter, lightest = made(5.0), made(0.05), made(0.0)
    table.turn(heavy, lighter, lightest)
    assert (table.served, table.postponed) == ([lightest, lighter, heavy], [])


def test_heavy_ones_share_one_turn(table: Table) -> None:
    """The next has its turn after the light ones again."""
    heavy, heavier = made(5.0), made(9.0)
    table.takes_s = 2 * TURN_SECONDS
    table.turn(heavier, heavy)
    assert (table.served, table.postponed) == ([heavy], [heavier])
    assert table.turns.rest([heavier], time.monotonic()) == 0.0


def test_heavy_ones_stand_back_while_a_light_one_waits_for_its_commit(table: Table) -> None:
    """The writer has the interpreter for itself then."""
    heavy, light = made(5.0), made(0.0)
    light.expect(records=1)
    table.turn(heavy, beside=(light,))
    assert (table.served, table.postponed) == ([], [heavy])
    assert 0 < table.turns.rest([heavy], time.monotonic()) <= STAND_BACK_SECONDS


def test_heavy_ones_stand_back_for_a_while_only(table: Table) -> None:
    """A disk may be full for long."""
    heavy, light = made(5.0), made(0.0)
    light.expect(records=1)
    table.turn(heavy, beside=(light,))
    end = time.monotonic() + STAND_BACK_SECONDS
    while time.monotonic() <= end:
        pass
    table.turn(heavy, beside=(light,))
    assert table.served == [heavy]


def test_a_light_one_that_is_behind_is_not_kept_waiting(table: Table) -> None:
    """Though heavy ones stand back."""
    heavy, light = made(5.0), made(0.0)
    light.expect(records=1)
    table.turn(heavy, beside=(light,))
    assert table.turns.rest([heavy, light], time.monotonic()) == 0.0


def test_a_newcomer_is_light_until_it_costs_something(table: Table) -> None:
    """Whoever connects anew for each costly line is not lighter than others."""
    ours, theirs = socket.socketpair()
    newcomer = Connection(ours, 100, 5.0)
    assert newcomer.spent.is_light(5.0)
    newcomer.spent.add(TURN_SECONDS, 5.0)
    assert not newcomer.spent.is_light(5.0)
    ours.close()
    theirs.close()


def test_what_was_spent_long_ago_is_forgotten() -> None:
    """A second is much, and little ten seconds later."""
    spent = Spent(0.0)
    spent.add(1.0, 0.0)
    assert (spent.is_light(0.0), spent.is_light(10.0)) == (False, True)
    spent.add(-5.0, 10.0)
    assert spent.at(10.0) == 0.0
    assert spent.at(10.0) <= LIGHT_SECONDS
