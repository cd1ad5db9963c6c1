"""The place that is recorded into: what becomes of a file that is damaged, deleted or replaced."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3 as stdlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from collector.errors import DatabaseError
from collector.orm import select
from collector.store.database import inode, open_reader, shm_path, wal_path
from collector.store.failures import Trouble, classify
from collector.store.recovery import rescue
from collector.store.recovery.aside import lying
from collector.store.recovery.place import CERTAIN, MOST_AN_HOUR, Place
from collector.store.retention.sizes import REPLACED
from collector.store.room import Room
from tests.store.recovery.links import refusing

HEADER = 100
MARK = slice(68, 72)  # application_id in the header
GAP = "INSERT INTO gaps (from_ms, to_ms, reason) VALUES (?, ?, 'stall')"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where it is to stand; nothing in its name says that it is a database."""
    return tmp_path / "record"


@pytest.fixture
def place(path: Path) -> Iterator[Place]:
    """Opened, new, with a row in it."""
    made = at(path)
    assert made.open() is True
    made.conn.execute(GAP, (1, 2))
    yield made
    made.close()


def at(path: Path, *, was_ours: bool = False) -> Place:
    """One that nobody has opened yet."""
    return Place(path, "full", Room(path, 0, 0), was_ours=was_ours)


def damage(path: Path, begin: int, end: int, filling: bytes = b"\xa5") -> None:
    """Overwrite a part of a file that nobody has open."""
    content = bytearray(path.read_bytes())
    content[begin:end] = filling * (end - begin)
    path.write_bytes(content)


def rows(place: Place, sql: str) -> list[tuple[Any, ...]]:
    """What stands in it now."""
    return place.conn.execute(sql).fetchall()


def test_a_new_file_is_made_and_is_sound(place: Place) -> None:
    """With nothing to tell."""
    assert rows(place, "SELECT count(*) FROM recoveries") == [(0,)]
    assert (place.is_checked, rows(place, "PRAGMA quick_check")) == (True, [("ok",)])


def test_all_is_in_the_file_when_it_is_closed_also_while_somebody_reads(place: Place, path: Path) -> None:
    """Its log stays then, since closing is not the last to go; nothing hangs on it any more."""
    with closing(open_reader(path)) as reader:
        assert select(reader, "SELECT count(*) FROM gaps") == [(1,)]
        place.close()
    wal_path(path).unlink(missing_ok=True)
    with closing(open_reader(path, immutable=True)) as left:
        assert select(left, "SELECT from_ms, to_ms FROM gaps") == [(1, 2)]


@pytest.mark.parametrize("filling", [b"\0", b"\xa5"], ids=["zeroed", "garbage"])
def test_one_that_is_damaged_at_the_start_is_set_aside(place: Place, path: Path, filling: bytes) -> None:
    """Never deleted; a new one takes its place and says so."""
    place.close()
    whole = path.stat().st_size
    damage(path, 4096, whole, filling)
    again = at(path, was_ours=True)
    assert again.open() is True
    (lies,) = lying(path)
    assert lies.stat().st_size == whole
    assert rows(again, "SELECT reason, aside FROM recoveries") == [("damaged", lies.name)]
    again.close()


def test_one_without_a_header_is_set_aside_where_a_record_of_ours_stood(place: Place, path: Path) -> None:
    """The lock file remembers that."""
    place.close()
    damage(path, 0, HEADER)
    again = at(path, was_ours=True)
    assert (again.open(), len(lying(path))) == (True, 1)
    again.close()


def test_a_file_that_is_no_database_is_refused_where_none_of_ours_stood(path: Path) -> None:
    """Somebody's notes are not ours to move."""
    path.write_text("my notes " * 1000, encoding="utf-8")
    with pytest.raises(DatabaseError, match="is damaged") as told:
        at(path).open()
    assert (classify(told.value), lying(path), path.read_text(encoding="utf-8")[:8]) == (
        "corrupt",
        [],
        "my notes",
    )


@pytest.mark.parametrize("filling", [b"my notes ", os.urandom(64), b"\0"], ids=["text", "noise", "zeros"])
def test_so_is_one_that_is_named_a_database(tmp_path: Path, filling: bytes) -> None:
    """It may be encrypted."""
    path = tmp_path / "x.db"
    path.write_bytes(filling * 1000)
    with pytest.raises(DatabaseError):
        at(path).open()
    assert (lying(path), path.read_bytes()) == ([], filling * 1000)


def test_one_whose_beginning_tells_that_it_was_ours_is_set_aside(place: Place, path: Path) -> None:
    """As a copy whose header is damaged, brought here without its lock file."""
    place.close()
    damage(path, 0, 60)
    again = at(path)
    assert (again.open(), len(lying(path)), rows(again, "SELECT from_ms FROM gaps")) == (True, 1, [(1,)])
    again.close()


def test_a_database_of_another_program_is_refused_even_there(tmp_path: Path) -> None:
    """Foreign is not damaged."""
    path = tmp_path / "x.db"
    with stdlib.connect(path) as other:
        other.execute("CREATE TABLE theirs (a)")
    with pytest.raises(DatabaseError, match="another program"):
        at(path, was_ours=True).open()
    assert lying(path) == []


@pytest.mark.parametrize("mark", [MARK, slice(60, 64)], ids=["application_id", "user_version"])
def test_a_mark_that_the_tables_prove_wrong_is_put_right(place: Place, path: Path, mark: slice) -> None:
    """Nothing else is damaged, so nothing is set aside."""
    place.close()
    damage(path, mark.start, mark.stop)
    again = at(path, was_ours=True)
    assert (again.open(), lying(path), rows(again, "SELECT from_ms FROM gaps")) == (True, [], [(1,)])
    again.close()


def test_where_nothing_of_ours_stood_a_wrong_mark_is_not_touched(place: Place, path: Path) -> None:
    """It may be a copy that somebody has marked on purpose."""
    place.close()
    damage(path, MARK.start, MARK.stop)
    with pytest.raises(DatabaseError, match="another program"):
        at(path).open()


def test_a_log_without_its_database_is_never_replayed_into_a_new_one(place: Place, path: Path) -> None:
    """It is set aside, too."""
    wal, copied = wal_path(path), path.with_name("copied")
    shutil.copy(wal, copied)
    place.close()
    path.unlink()
    copied.rename(wal)
    again = at(path)
    assert (again.open(), rows(again, "SELECT count(*) FROM gaps")) == (True, [(0,)])
    assert len([*path.parent.glob("record.corrupt-*")]) == 1
    again.close()


def test_a_deleted_file_is_written_again_with_all_it_held(place: Place, path: Path) -> None:
    """It is still open, and nobody has lost a row."""
    path.unlink()
    with pytest.raises(Trouble, match="deleted or replaced"):
        place.look(recording=True)
    assert place.mend("moved", sure=True) is not None
    place.look(recording=True)
    assert rows(place, "SELECT from_ms FROM gaps") == [(1,)]
    assert rows(place, "SELECT reason, aside, rows_saved FROM recoveries") == [("deleted", "", 0)]
    assert [*path.parent.glob("*.rescued*")] == []


@pytest.mark.parametrize("part", [wal_path, shm_path], ids=["log", "index of the log"])
def test_a_deleted_log_costs_no_row(place: Place, path: Path, part: Any) -> None:
    """Neither does its index."""
    part(path).unlink()
    with pytest.raises(Trouble):
        place.look(recording=False)
    assert place.mend("moved", sure=True) is not None
    assert rows(place, "SELECT from_ms FROM gaps") == [(1,)]


def test_a_deleted_folder_is_made_again(tmp_path: Path) -> None:
    """Somebody tidied up."""
    path = tmp_path / "state" / "c.db"
    place = at(path)
    place.open()
    place.conn.execute(GAP, (1, 2))
    shutil.rmtree(path.parent)
    assert place.mend("moved", sure=True) is not None
    assert rows(place, "SELECT from_ms FROM gaps") == [(1,)]
    place.close()


def test_a_file_put_in_its_place_is_recorded_into_and_the_old_one_kept(place: Place, path: Path) -> None:
    """As when somebody moves a backup there; the old log is not replayed into it."""
    other = at(path.with_name("backup"))
    other.open()
    other.conn.execute(GAP, (7, 8))
    other.close()
    path.with_name("backup").rename(path)
    assert place.mend("moved", sure=True) is not None
    assert rows(place, "SELECT from_ms FROM gaps") == [(7,)]
    ((kept,),) = rows(place, "SELECT aside FROM recoveries WHERE reason = 'replaced'")
    assert kept.startswith(path.name + REPLACED)
    with stdlib.connect(path.with_name(kept)) as before:
        assert before.execute("SELECT from_ms FROM gaps").fetchall() == [(1,)]


def test_a_file_of_another_program_put_in_its_place_is_left_alone(place: Place, path: Path) -> None:
    """Nothing is written until it is gone; then all goes on."""
    with stdlib.connect(path.with_name("theirs")) as theirs:
        theirs.execute("CREATE TABLE theirs (a)")
    path.with_name("theirs").rename(path)
    with pytest.raises(DatabaseError, match="another program"):
        place.mend("moved", sure=True)
    with pytest.raises(Trouble) as told:
        place.look(recording=True)
    assert classify(told.value) == "closed"
    path.rename(path.with_name("theirs"))
    wal_path(path).write_bytes(b"theirs, too")
    assert place.mend("closed", sure=True) is not None
    place.look(recording=True)
    assert rows(place, "SELECT from_ms FROM gaps") == [(1,)]  # where it was
    assert [*path.parent.glob("*.replaced-*")] == []


def test_a_file_that_comes_while_the_other_programs_goes_is_not_written_over(
    place: Place, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the log that was left there has just been moved away, before what was held is put back."""
    sync = os.fsync

    def synced(fd: int) -> None:
        sync(fd)
        if not path.exists():
            path.write_bytes(b"theirs")

    with stdlib.connect(path.with_name("theirs")) as theirs:
        theirs.execute("CREATE TABLE theirs (a)")
    path.with_name("theirs").rename(path)
    with pytest.raises(DatabaseError, match="another program"):
        place.mend("moved", sure=True)
    path.unlink()
    wal_path(path).write_bytes(b"theirs, too")
    monkeypatch.setattr(os, "fsync", synced)
    with pytest.raises(Trouble, match="another file"):
        place.mend("closed", sure=True)
    monkeypatch.undo()
    assert path.read_bytes() == b"theirs"
    path.unlink()
    assert place.mend("closed", sure=True) is not None
    assert rows(place, "SELECT from_ms FROM gaps") == [(1,)]


def test_a_file_whose_pages_are_in_order_is_set_aside_only_when_writing_fails_again_and_again(
    place: Place, path: Path
) -> None:
    """A reader's suspicion alone never does it."""
    assert [place.mend("corrupt", sure=False) for _ in range(2 * CERTAIN)] == [None] * 2 * CERTAIN
    assert [place.mend("corrupt", sure=True) is None for _ in range(CERTAIN)] == [True] * (CERTAIN - 1) + [
        False
    ]
    assert len(lying(path)) == 1


def test_doubts_that_lie_far_apart_are_forgotten(
    place: Place, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each may have a reason of its own."""
    for minute in range(2 * CERTAIN):
        monkeypatch.setattr("time.monotonic", lambda minute=minute: 120.0 * minute)
        assert place.mend("corrupt", sure=True) is None
    assert lying(path) == []


def test_what_somebody_found_who_looked_for_longer_counts_where_the_look_is_not_complete(
    place: Place, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer may look for some seconds only, and a large file takes longer."""
    monkeypatch.setattr("collector.store.recovery.place.CHECK_SECONDS", -1.0)
    monkeypatch.setattr("collector.store.recovery.damage._EVERY", 1)
    place.suspicion = "page 7 is damaged"
    assert place.mend("corrupt", sure=False) is not None
    assert rows(place, "SELECT detail FROM recoveries") == [("page 7 is damaged",)]


def test_what_somebody_finds_during_a_look_is_for_the_next_one(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a large file it would take hours until it is found again."""
    found = iter(["page 7 is damaged"])

    def now() -> float:
        place.suspicion = next(found, place.suspicion)
        return 0.0

    monkeypatch.setattr("time.monotonic", now)
    assert place.mend("corrupt", sure=False) is None
    assert place.suspicion == "page 7 is damaged"


def test_a_disk_that_spoils_everything_is_not_filled_with_what_is_set_aside(place: Place, path: Path) -> None:
    """So many an hour, then it is said instead."""
    for _ in range(MOST_AN_HOUR):
        place.suspicion = None
        assert [place.mend("corrupt", sure=True) for _ in range(CERTAIN)][-1] is not None
    assert [place.mend("corrupt", sure=True) for _ in range(CERTAIN - 1)] == [None] * (CERTAIN - 1)
    with pytest.raises(Trouble, match="is the disk failing"):
        place.mend("corrupt", sure=True)
    assert len(lying(path)) == MOST_AN_HOUR


@pytest.mark.parametrize("failure", ["busy", "io", "readonly", "full", "unreachable", "other"])
def test_nothing_else_sets_a_file_aside(place: Place, path: Path, failure: Any) -> None:
    """However often it happens."""
    assert [place.mend(failure, sure=True) for _ in range(2 * CERTAIN)] == [None] * 2 * CERTAIN
    assert lying(path) == []


def test_a_recorder_killed_while_it_set_a_file_aside_is_followed_up(place: Place, path: Path) -> None:
    """The next one finds the file it never told of."""
    place.close()
    names = [path.with_name(path.name + f".corrupt-2026010{day}T000000") for day in (1, 2)]
    shutil.copy(path, names[0])
    path.rename(names[1])
    for name in names:
        name.with_name(name.name + "-untold").touch()
    again = at(path, was_ours=True)
    assert again.open() is True
    told = rows(again, "SELECT reason, aside FROM recoveries ORDER BY id")
    assert told == [("damaged", name.name) for name in names]
    again.close()


def test_what_lies_beside_and_was_told_of_is_not_taken_into_a_new_record(place: Place, path: Path) -> None:
    """Somebody deletes the record and begins anew."""
    place.close()
    path.rename(path.with_name(path.name + ".corrupt-20260101T000000"))
    again = at(path)
    assert (again.open(), rows(again, "SELECT count(*) FROM recoveries")) == (True, [(0,)])
    again.close()


def test_a_record_that_is_gone_at_the_start_is_told(place: Place, path: Path) -> None:
    """Nothing was set aside; but somebody should know."""
    place.close()
    path.write_bytes(b"")
    again = at(path, was_ours=True)
    assert (again.open(), rows(again, "SELECT reason FROM recoveries")) == (True, [("deleted",)])
    again.close()


def test_a_recorder_killed_while_it_wrote_a_deleted_file_again_is_followed_up(
    place: Place, path: Path
) -> None:
    """The copy was the only one."""
    place.close()
    path.rename(path.with_name(path.name + ".rescued-7"))
    again = at(path, was_ours=True)
    assert (again.open(), rows(again, "SELECT from_ms FROM gaps")) == (True, [(1,)])
    assert rows(again, "SELECT reason FROM recoveries") == [("deleted",)]
    again.close()


def test_so_is_one_killed_when_only_the_log_had_been_deleted(place: Place, path: Path) -> None:
    """The file stands there still, and lacks what was in the log."""
    copied = rescue.copy(place.conn, path, inode(path))
    place.conn.execute("DELETE FROM gaps")
    place.close()
    assert copied.exists()
    again = at(path, was_ours=True)
    assert (again.open(), rows(again, "SELECT from_ms FROM gaps")) == (True, [(1,)])
    again.close()


def test_a_file_that_comes_just_then_is_not_taken_away(place: Place, path: Path) -> None:
    """Between the look and the copy's coming into its place somebody has put another one there."""
    copied = rescue.copy(place.conn, path, (1, 7))
    place.close()
    path.write_bytes(b"theirs")
    with pytest.raises(Trouble, match="another file"):
        rescue.put(copied, path, 0)
    assert (path.read_bytes(), copied.exists()) == (b"theirs", True)


def test_a_full_disk_is_no_reason_to_write_over_another_file(
    place: Place, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a file system without second names is; and there it is looked at first."""
    copied = rescue.copy(place.conn, path, (1, 7))
    place.close()
    path.write_bytes(b"theirs")
    for number, told in ((errno.ENOSPC, OSError), (errno.EPERM, Trouble)):
        monkeypatch.setattr(os, "link", refusing(number))
        with pytest.raises(told):
            rescue.put(copied, path, 0)
    assert (path.read_bytes(), copied.exists()) == (b"theirs", True)
    path.unlink()
    rescue.put(copied, path, 0)
    assert (path.read_bytes()[:6], copied.exists()) == (b"SQLite", False)


def test_a_recorder_killed_when_the_copy_had_its_name_and_its_old_one_is_followed_up(
    place: Place, path: Path
) -> None:
    """It has one name then: whoever deletes or restores by the other would harm it."""
    place.close()
    os.link(path, path.with_name(path.name + ".rescued-7"))
    again = at(path, was_ours=True)
    assert (again.open(), rows(again, "SELECT from_ms FROM gaps")) == (True, [(1,)])
    assert rows(again, "SELECT reason FROM recoveries") == [("deleted",)]
    assert path.stat().st_nlink == 1
    again.close()


def test_an_old_copy_never_takes_the_place_of_another_file(place: Place, path: Path) -> None:
    """It is kept beside, and told of."""
    place.close()
    shutil.copy(path, path.with_name(path.name + ".rescued-7"))
    again = at(path, was_ours=True)
    assert again.open() is True
    ((kept,),) = rows(again, "SELECT aside FROM recoveries WHERE reason = 'replaced'")
    assert (path.with_name(kept).exists(), [*path.parent.glob("*.rescued*")]) == (True, [])
    assert [again.mend("corrupt", sure=True) for _ in range(CERTAIN)][-1] is not None
    assert path.with_name(kept).exists()  # nor later, when the record is set aside
    again.close()
