"""Daemons that come and go, hold the lock, start, stop and fall silent."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

import collector
from collector.errors import AlreadyRunning, CollectorError, NotRunning
from collector.store.lock import InstanceLock, holder
from tests.api.conftest import everything, skill
from tests.api.running import Running
from tests.cli.daemon import answering, holding
from tests.daemon.conftest import Recorder, recorder

__all__ = ["recorder"]


def test_a_daemon_may_come_and_go_while_a_record_is_open(path: Path) -> None:
    """Each call takes the way that there is; what is read was written both ways."""
    with collector.open(path) as record:
        for mark in ("a", "b", "c", "d"):
            daemon = Running(path) if mark in "bd" else None
            assert everything(record, mark) == [9, (mark, False), (f"{mark}2", True)]
            assert (holder(path) is not None) == (daemon is not None)
            if daemon:
                assert daemon.counts.committed == 5
                daemon.stop()


def test_the_real_daemon_takes_all_of_it(recorder: Recorder) -> None:
    """As a process of its own, started and stopped as ever."""
    with collector.open(recorder.database) as record:
        assert everything(record, "before")[0] == 9
        recorder.start()
        assert everything(record, "beside") == [9, ("beside", False), ("beside2", True)]
        assert recorder.stop() == 0
        assert everything(record, "after")[0] == 9
        assert len(record.read("session")) == 1
        assert record.read("gap") == []


def test_a_daemon_that_is_starting_is_waited_for(path: Path) -> None:
    """It holds the lock before it listens."""
    with collector.open(path) as record:
        record.create("skill", id="s", **skill())
        lock = InstanceLock(path)
        lock.acquire("collector run", path.parent / "run" / "c.sock")
        begun = threading.Timer(0.3, lambda: (lock.release(), daemons.append(Running(path))))
        daemons: list[Running] = []
        begun.start()
        assert record.update("skill", where={"record_id": "s"}, set={"success": False}) == 1
        begun.join()
        for daemon in daemons:
            daemon.stop()


def test_who_holds_the_lock_without_a_socket_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After some seconds, with nothing stored."""
    monkeypatch.setattr("collector.api.change._SETTLE_SECONDS", 0.0)
    with collector.open(path) as record:
        record.create("skill", **skill())
        with holding(path, "a collector command"), pytest.raises(AlreadyRunning, match="a collector command"):
            record.delete("skill", where={"skill_id": "sum"})
        assert len(record.read("skill")) == 1


def test_a_daemon_that_goes_before_it_answers_leaves_it_open(path: Path, tmp_path: Path) -> None:
    """The rows that a second try would meet may be others, so there is none."""
    with collector.open(path) as record:
        record.create("skill", **skill())
        with answering(path, tmp_path, b""), pytest.raises(NotRunning, match="not known whether") as error:
            record.delete("skill", where={"skill_id": "sum"})
        assert "read what is stored" in error.value.hint


def test_an_older_daemon_says_that_it_cannot(path: Path, tmp_path: Path) -> None:
    """In its own words."""
    older = {"result": "rejected", "reason": "cannot be asked; one can ask status, quiet"}
    with collector.open(path) as record:
        record.create("skill", **skill())
        with answering(path, tmp_path, older), pytest.raises(CollectorError, match="one can ask status"):
            record.delete("skill", where={"skill_id": "sum"})
