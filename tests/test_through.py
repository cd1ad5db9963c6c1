"""The way through a daemon that goes away half-way: what is not answered is sent again."""

from __future__ import annotations

import json
import socket
import threading
from pathlib import Path
from typing import Any

import msgspec

from collector.intake.protocol import MOST_RECORDS
from collector.submit.through import Through


class Portion:
    """So many records of any kind."""

    def __init__(self, count: int) -> None:
        self._count = count

    def records(self) -> list[msgspec.Struct]:
        """Not for this way."""
        raise AssertionError

    def told(self) -> list[dict[str, Any]]:
        """Each with its number."""
        return [{"kind": "skill", "id": str(n)} for n in range(self._count)]

    def again(self) -> None:
        """Nothing was left out."""


def test_what_a_daemon_was_too_busy_for_is_sent_again_though_it_ends(tmp_path: Path) -> None:
    """Its first line is answered `busy`, the second not at all; its successor takes everything."""
    arrived: set[str] = set()
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "s"))
    server.listen()

    def serve() -> None:
        first, _ = server.accept()
        with first, first.makefile("rb") as lines:
            next(lines)
            first.sendall(b'{"result": "busy", "reason": "full", "retry_after_ms": 1}\n')
            next(lines)
        second, _ = server.accept()
        with second, second.makefile("rb") as lines:
            for line in lines:
                records = json.loads(line)
                arrived.update(record["id"] for record in records)
                answer = {"result": "committed", "committed": len(records), "duplicate": 0, "rejected": []}
                second.sendall(json.dumps(answer).encode() + b"\n")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    way = Through(tmp_path / "s", 5.0)
    answer = way.store(Portion(3 * MOST_RECORDS))
    way.close()
    thread.join(5)
    server.close()
    assert len(arrived) == answer["committed"] == 3 * MOST_RECORDS
