"""What waits for room, and whose client is let go meanwhile."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.fingerprint import fingerprint
from collector.intake.connection import Connection, Held
from collector.intake.deliveries import Delivery
from collector.intake.listener import listen
from collector.intake.protocol import parse
from collector.intake.reading import PORTION, reading
from collector.intake.server import Server
from collector.intake.statements import Statements
from collector.intake.waiting import Waiting
from collector.records.base import Arrival
from collector.store.buffer import Batch, Buffer, Limits
from tests.intake.made import MOMENT, complete
from tests.intake.test_statements import SQL, timed

HASH = fingerprint(SQL).hash


@pytest.fixture
def connection() -> Iterator[Connection]:
    """One whose client is there, and hears."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Connection(ours, 1 << 20, 0.0)


def delivered(items: list[dict[str, object]], statements: Statements, connection: Connection) -> Held:
    """A line that brings these records, taken out of the connection."""
    line = json.dumps(items).encode()
    said = parse(line, Arrival(MOMENT, statements))
    assert isinstance(said, Delivery)
    return Held(said, Batch(said.records, said.size), connection.expect(len(items)), 0.0)


def test_who_is_let_go_while_his_records_wait_does_not_cost_a_text(connection: Connection) -> None:
    """He may send them again, and others send the same statement."""
    statements, buffer = Statements(), Buffer(Limits(records=8))
    waiting = Waiting(buffer, statements, lambda _: None)
    waiting.take(connection, delivered([complete("run")] * 4, statements, connection))
    assert not waiting
    waiting.take(connection, delivered([timed(SQL)] * 4, statements, connection))
    assert (bool(waiting), statements.is_new(HASH)) == (True, False)
    waiting.drop(connection)
    assert (bool(waiting), statements.is_new(HASH)) == (False, True)


def test_who_is_let_go_while_his_line_is_read_does_not_cost_a_text(tmp_path: Path) -> None:
    """As at the stop of the recorder."""
    folder, statements = tmp_path / "run", Statements()
    folder.mkdir(mode=0o700)
    server = Server(folder / "c.sock", Buffer(), {}, statements=statements)
    server._places.listen(listen(server.path, 8))
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(server.path))
        server.step(5.0)
        (connection,) = server._places.connections
        line = json.dumps([timed(SQL)] * (PORTION + 1)).encode()
        connection.reading = reading(line, Arrival(MOMENT, statements))
        next(connection.reading)
        assert statements.is_new(HASH) is False
        server.close()
        assert statements.is_new(HASH) is True
