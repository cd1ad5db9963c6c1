"""What the disk does not give of a file that was set aside is tried again, and lost in the end."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from collector.sqlite import sqlite3
from collector.store.failures import classify
from collector.store.recovery import salvage
from collector.store.recovery.image import Image
from collector.store.recovery.opening import Unread
from collector.store.recovery.reading import Lying
from tests.store.recovery.conftest import COUNT, Old, last
from tests.store.recovery.old import Record, begun, carried, leaves, zeroed


@contextmanager
def failing() -> Iterator[None]:
    """What SQLite says of a damaged page it says as of one that cannot be read."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if classify(error) != "corrupt":
            raise
        failure = sqlite3.OperationalError("disk I/O error")
        failure.sqlite_errorcode = sqlite3.SQLITE_IOERR
        raise failure from None


class Rows(sqlite3.Cursor):
    """Rows as they are read; the disk fails where a page is damaged."""

    def execute(self, *given: Any) -> Rows:
        with failing():
            super().execute(*given)
        return self

    def __next__(self) -> Any:
        with failing():
            return super().__next__()

    def fetchall(self) -> list[Any]:
        return [*self]


class Failing(sqlite3.Connection):
    """A connection to a file on a disk with bad sectors: its damaged pages.

    A real bad sector takes a device of one's own, and the rights to make one.
    """

    def cursor(self, factory: Any = Rows) -> Any:
        return super().cursor(factory)


@pytest.fixture
def bad_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """For reading what was set aside alone; everything else stays as it is."""
    monkeypatch.setattr(Lying, "connection", Failing)


@pytest.mark.usefixtures("bad_disk")
def test_a_sector_that_cannot_be_read_costs_its_rows_alone(old: Old) -> None:
    """After so many tries; what stands behind it is saved."""
    bad = leaves(old.path, "operation_metrics")[2]
    lies = old.set_aside(zeroed(bad))
    new = begun(old.path, lies)
    for _ in range(salvage.MOST_FAILURES - 1):
        with pytest.raises(Unread, match="the disk reports errors"):
            carried(new, lies)
        assert salvage.unfinished(new.conn) == [lies]
    assert carried(new, lies).is_finished
    lost = old.lost()
    assert [*lost] == ["operation_metrics"]
    assert 0 < lost["operation_metrics"] < COUNT / 2
    assert json.loads(last(new)[2]) == {"operation_metrics": {"stretches": 1, "rows": 0}}
    new.close()


def test_a_disk_that_can_be_read_again_costs_nothing(old: Old, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it gave no row of in one round is looked for in the next."""
    bad = leaves(old.path, "operation_metrics")[2]
    lies = old.set_aside()
    new = begun(old.path, lies)
    whole = lies.read_bytes()
    zeroed(bad)(lies)
    with monkeypatch.context() as patch:
        patch.setattr(Lying, "connection", Failing)
        with pytest.raises(Unread):
            carried(new, lies)
    lies.write_bytes(whole)
    assert carried(new, lies).is_finished
    assert (old.lost(), last(new)[2]) == ({}, None)
    new.close()


@pytest.mark.usefixtures("bad_disk")
def test_new_rows_have_numbers_above_all_old_ones_where_a_sector_is_bad(old: Old) -> None:
    """That cannot wait for another try, and does not."""
    lies = old.set_aside(zeroed(leaves(old.path, "series")[0]))
    new = begun(old.path, lies)
    new.conn.execute("INSERT INTO gaps (from_ms, to_ms, reason) VALUES (1, 2, 'new')")
    assert new.rows("SELECT id FROM gaps WHERE reason = 'new'") == [(COUNT + 1,)]
    new.close()


def test_a_file_that_cannot_be_opened_ends_its_salvage(old: Old) -> None:
    """A folder stands there: each read of it fails."""
    lies = old.set_aside()
    lies.unlink()
    lies.mkdir()
    new = begun(old.path, lies)
    for _ in range(salvage.MOST_FAILURES - 1):
        with pytest.raises(Unread):
            carried(new, lies)
    assert carried(new, lies) == (0, True)
    ((detail,),) = new.rows("SELECT detail FROM recoveries")
    assert detail.startswith("page 7 is zero; no table of it can be read (")
    new.close()


def test_a_file_that_somebody_locks_is_waited_for(old: Old, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often that is so."""
    monkeypatch.setattr("collector.store.recovery.opening.BUSY_SECONDS", 0.0)
    lies = old.set_aside()
    new = begun(old.path, lies)
    holder = Record(lies)
    holder.conn.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.conn.execute("BEGIN EXCLUSIVE")
    for _ in range(salvage.MOST_FAILURES + 1):
        with pytest.raises(Unread, match="another program holds a lock"):
            carried(new, lies)
    holder.conn.execute("ROLLBACK")
    holder.close()
    assert carried(new, lies).is_finished
    assert old.lost() == {}
    new.close()


@pytest.mark.parametrize("code", [sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT])
def test_errors_of_the_new_file_are_not_those_of_the_old_one(old: Old, code: int) -> None:
    """They are raised as they are, and end nothing."""
    lies = old.set_aside()
    new = begun(old.path, lies)
    broken = sqlite3.DatabaseError("of the writer")
    broken.sqlite_errorcode = code

    def ask(name: str, step: Callable[[sqlite3.Connection], Any]) -> Any:
        if name == "salvage.rows":
            raise broken
        return new.ask(name, step)

    for _ in range(salvage.MOST_FAILURES + 1):
        with pytest.raises(sqlite3.DatabaseError, match="of the writer"):
            salvage.carry(lies, ask, lambda: False)
    assert carried(new, lies).is_finished
    assert old.lost() == {}
    new.close()


def test_a_page_that_the_disk_does_not_give_is_damaged_where_nobody_waits(old: Old) -> None:
    """It may be made again of others, as any damaged one."""
    unreadable = os.open(os.devnull, os.O_WRONLY)
    for gives_up in (False, True):
        image = Image(old.path, gives_up=gives_up)
        os.dup2(unreadable, image._file.fileno())
        if gives_up:
            assert image.page(9) == b""
        else:
            with pytest.raises(OSError, match="Bad file descriptor"):
                image.page(9)
        image.close()
    os.close(unreadable)
