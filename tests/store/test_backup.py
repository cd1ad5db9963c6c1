"""Copies of one moment, and a database in the place of another: whole, or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import pytest

from collector.errors import CollectorError, DatabaseError
from collector.orm import select
from collector.sqlite import sqlite3
from collector.store import database
from collector.store.backup import copying
from collector.store.backup.copying import Copied, Source, copy
from collector.store.backup.ended import Recording
from collector.store.backup.part import ENDING, Part, beside, part_of
from collector.store.backup.replaced import replace
from collector.store.database import open_reader, wal_path
from tests.answers.made import MINUTE, Made
from tests.store.again import Again
from tests.store.recovery.links import refusing

T = TypeVar("T")
NOW = 1_700_000_000_000
STAMP = "20231114T221320"


def silent(items: Sequence[T], _: str) -> Iterator[T]:
    """Tells nobody."""
    return iter(items)


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Made]:
    """A record with three runs, written to until the end of the test."""
    record = Again(tmp_path / "c.db", NOW)
    for n in range(3):
        record.run("unit-tests", n * MINUTE)
    yield record
    record.close()


def runs(path: Path) -> int:
    """How many runs a database holds; it must be sound."""
    reader = open_reader(path)
    try:
        assert select(reader, "PRAGMA integrity_check") == [("ok",)]
        return int(select(reader, "SELECT count(*) FROM workload_runs")[0][0])
    finally:
        reader.close()


def copied(made: Made, target: Path, told: copying.Told = silent) -> Copied:
    """Copy what was recorded to a target."""
    with made.reader() as reader, part_of(target) as part:
        found = copy(Source(reader, made.path, "restore it"), part, target, told)
        part.place(target)
    return found


# A copy -------------------------------------------------------------------------------------------


def test_a_copy_is_of_one_moment_however_much_is_written_meanwhile(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit between any two steps neither comes into it nor makes it begin anew."""
    monkeypatch.setattr(copying, "PAGES_A_STEP", 10)
    seen = []

    def writing(items: Sequence[T], doing: str) -> Iterator[T]:
        for item in items:
            made.run("unit-tests", 0)
            seen.append(doing)
            yield item

    found = copied(made, tmp_path / "b.db", writing)
    assert runs(tmp_path / "b.db") == 3
    assert runs(made.path) == 3 + len(seen)
    assert seen.count("copying") == -(-found.bytes // 4096 // 10) > 3


def test_a_copy_is_one_file_that_opens_without_another(made: Made, tmp_path: Path) -> None:
    """Its header says that it needs no log; only this user can read it, and nothing is left beside it."""
    target = tmp_path / "out/b.db"
    target.parent.mkdir()
    found = copied(made, target)
    assert target.read_bytes()[18:20] == b"\x01\x01"
    assert runs(target) == 3
    assert [*target.parent.iterdir()] == [target]
    assert (target.stat().st_mode & 0o777, found.bytes) == (0o600, target.stat().st_size)
    with made.reader() as reader:
        tables = [name for (name,) in select(reader, "SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = [select(reader, f"SELECT count(*) FROM {name}")[0][0] for name in tables]
    assert (found.tables, found.rows) == (len(tables), sum(rows))


def test_what_a_killed_process_left_is_no_part_of_the_next_copy(made: Made, tmp_path: Path) -> None:
    """Neither its pages nor a log or journal that SQLite would replay."""
    for ending in ("", "-wal", "-shm", "-journal"):
        beside(tmp_path / "b.db", ENDING + ending).write_bytes(b"once upon a time " * 900)
    copied(made, tmp_path / "b.db")
    assert runs(tmp_path / "b.db") == 3
    assert [path.name for path in tmp_path.iterdir() if ENDING in path.name] == []


def test_two_never_write_one_file(tmp_path: Path) -> None:
    """The second is told so, and the first goes on."""
    target = tmp_path / "b.db"
    with part_of(target) as part:
        with pytest.raises(CollectorError, match="another process is writing"), part_of(target):
            pytest.fail("two have it")
        part.path.write_bytes(b"whole")
        part.place(target)
    assert target.read_bytes() == b"whole"


def test_a_part_that_is_given_up_leaves_nothing(tmp_path: Path) -> None:
    """Whatever went wrong; what has the name stays as it was."""
    target = tmp_path / "b.db"
    target.write_bytes(b"old")
    with suppress(KeyboardInterrupt), part_of(target) as part:
        part.path.write_bytes(b"half")
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.iterdir()] == ["b.db"]
    assert target.read_bytes() == b"old"


def test_what_the_block_meets_is_told_as_what_it_is(tmp_path: Path) -> None:
    """A reader of the output that left has nothing to do with the file; a name that cannot be given has."""
    with pytest.raises(BrokenPipeError), part_of(tmp_path / "b.db"):
        raise BrokenPipeError
    (tmp_path / "b.db").mkdir()
    with pytest.raises(CollectorError, match=r"b\.db: Is a directory"), part_of(tmp_path / "b.db") as part:
        part.place(tmp_path / "b.db")
    assert [path.name for path in tmp_path.iterdir()] == ["b.db"]


def test_a_link_in_place_of_the_part_is_not_followed(tmp_path: Path) -> None:
    """Else whoever may write there could have another file emptied."""
    (tmp_path / "precious").write_bytes(b"precious")
    beside(tmp_path / "b.db", ENDING).symlink_to(tmp_path / "precious")
    with pytest.raises(CollectorError, match=r"b\.db: "), part_of(tmp_path / "b.db"):
        pass
    assert (tmp_path / "precious").read_bytes() == b"precious"


def test_a_disk_with_too_little_room_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    """With both figures."""
    with pytest.raises(CollectorError, match=r"b\.db: the copy takes 1\d* TB, and .* are free") as caught:
        copying._refuse_small_disk(tmp_path / "b.db", 1 << 60)
    assert "another disk" in caught.value.hint


# The session that goes on meanwhile ---------------------------------------------------------------


def sessions(path: Path) -> list[tuple[object, ...]]:
    """The end of each session, whether it was in order, and what went through it."""
    reader = open_reader(path)
    try:
        return select(
            reader, "SELECT end_ms, clean, received, committed, dropped FROM recorder_sessions ORDER BY id"
        )
    finally:
        reader.close()


def beside_recorder(made: Made, target: Path, recording: Recording) -> list[tuple[object, ...]]:
    """The sessions in a copy that is made beside a recorder."""
    with made.reader() as reader, part_of(target) as part:
        copy(Source(reader, made.path, "restore it", recording), part, target, silent)
        part.place(target)
    return sessions(target)


def test_the_session_that_goes_on_has_ended_in_the_copy(made: Made, tmp_path: Path) -> None:
    """In order, where it was heard of last, with what became of what it received; here it goes on."""
    made.session(2 * MINUTE, None)
    made.recorder(MINUTE)
    told = {"received": 9, "committed": 7, "dropped": 1, "queued": 1}
    found = beside_recorder(made, tmp_path / "b.db", Recording(4121, told))
    assert found == [(NOW - MINUTE, 1, 8, 7, 1)]
    assert sessions(made.path) == [(None, None, 0, 0, 0)]


def test_a_session_that_was_not_heard_of_yet_ends_where_it_began(made: Made, tmp_path: Path) -> None:
    """What came before was of another one; and a recorder that does not answer has told no numbers."""
    made.recorder(MINUTE)
    made.session(1000, None)
    assert beside_recorder(made, tmp_path / "b.db", Recording(4121, {})) == [(NOW - 1000, 1, 0, 0, 0)]


@pytest.mark.parametrize("process", [4122, None])
def test_a_session_whose_recorder_was_killed_stays_open_in_the_copy(
    made: Made, tmp_path: Path, process: int | None
) -> None:
    """Of another process than the one that runs now, or where none does: the next start shall tell."""
    made.session(2 * MINUTE, None)
    if process is None:
        copied(made, tmp_path / "b.db")
        found = sessions(tmp_path / "b.db")
    else:
        found = beside_recorder(made, tmp_path / "b.db", Recording(process, {"committed": 7}))
    assert found == [(None, None, 0, 0, 0)]


# In place of another ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup with one run, made once for all tests."""
    folder = tmp_path_factory.mktemp("template")
    record = Again(folder / "other.db", NOW)
    record.run("unit-tests", 0)
    copied(record, folder / "b.db")
    record.close()
    return folder / "b.db"


@pytest.fixture
def other(template: Path, tmp_path: Path) -> Path:
    """A backup with one run."""
    return Path(shutil.copy(template, tmp_path / "b.db"))


def placed(path: Path, backup: Path) -> Path | None:
    """Put a backup in place of the database at ``path``."""
    with part_of(path) as part:
        fill(part, backup)
        return replace(path, part, NOW)


def fill(part: Part, backup: Path) -> None:
    """As a verified copy does."""
    part.path.write_bytes(backup.read_bytes())


def crashed(made: Made, folder: Path) -> Path:
    """What the record is like when its recorder is killed now: three runs, all of them in the log."""
    path = folder / "c.db"
    for source in (made.path, wal_path(made.path)):
        shutil.copy(source, folder / source.name)
    assert wal_path(path).stat().st_size > 0
    return path


DAMAGED = b"garbage " * 2000


def spoiled(path: Path) -> bytes:
    """Damage a file and its log, so that neither can be read by SQLite; what is in the log then."""
    path.write_bytes(DAMAGED)
    log = b"\x00" * 32 + wal_path(path).read_bytes()[32:]  # its header too, or it would heal the file
    wal_path(path).write_bytes(log)
    return log


def test_the_log_of_the_old_file_comes_into_it_and_not_into_the_new(
    made: Made, other: Path, tmp_path: Path
) -> None:
    """Both are whole, each in a single file."""
    (tmp_path / "killed").mkdir()
    path = crashed(made, tmp_path / "killed")
    aside = placed(path, other)
    assert aside == path.with_name(f"c.db.replaced-{STAMP}")
    assert sorted(path.parent.iterdir()) == [path, aside]
    assert (runs(path), runs(aside)) == (1, 3)


def test_a_damaged_file_is_set_aside_as_it_is_with_its_log(made: Made, other: Path, tmp_path: Path) -> None:
    """For whoever wants to save something from it."""
    (tmp_path / "killed").mkdir()
    path = crashed(made, tmp_path / "killed")
    log = spoiled(path)
    aside = placed(path, other)
    assert aside is not None
    assert (aside.read_bytes(), wal_path(aside).read_bytes()) == (DAMAGED, log)
    assert runs(path) == 1


def test_a_log_without_its_database_is_not_replayed_into_the_new_one(
    made: Made, other: Path, tmp_path: Path
) -> None:
    """Somebody deleted the file and left the log."""
    (tmp_path / "killed").mkdir()
    path = crashed(made, tmp_path / "killed")
    path.unlink()
    log = wal_path(path).read_bytes()
    aside = placed(path, other)
    assert aside is not None
    assert wal_path(aside).read_bytes() == log
    assert runs(path) == 1


def test_what_a_killed_process_left_half_done_is_undone_in_the_old_file(
    made: Made, other: Path, tmp_path: Path
) -> None:
    """Where a journal and no log is beside it, as in a copy that was never recorded into."""
    (tmp_path / "killed").mkdir()
    path = tmp_path / "killed/c.db"
    made.close()
    conn = sqlite3.connect(str(made.path), isolation_level=None)
    for sql in ("PRAGMA journal_mode = delete", "PRAGMA cache_size = 1", "BEGIN"):
        conn.execute(sql)
    conn.execute("UPDATE workload_runs SET detail = printf('%10000d', id)")
    for ending in ("", "-journal"):
        shutil.copy(beside(made.path, ending), beside(path, ending))
    conn.close()
    assert beside(path, "-journal").read_bytes()[:8] == bytes.fromhex("d9d505f920a163d7")
    aside = placed(path, other)
    assert aside is not None
    assert sorted(path.parent.iterdir()) == [path, aside]
    assert (runs(path), runs(aside)) == (1, 3)


def test_where_nothing_was_nothing_is_set_aside(other: Path, tmp_path: Path) -> None:
    """And two in one second get two names."""
    path = tmp_path / "new.db"
    assert placed(path, other) is None
    first, second = placed(path, other), placed(path, other)
    assert [first, second] == [
        tmp_path / f"new.db.replaced-{STAMP}",
        tmp_path / f"new.db.replaced-{STAMP}-2",
    ]


def test_a_file_that_another_program_reads_stays(
    made: Made, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its log cannot be brought into it; nothing has changed."""
    monkeypatch.setattr(database, "WRITER_BUSY_SECONDS", 0.1)
    made.close()
    conn = sqlite3.connect(str(made.path), isolation_level=None)
    conn.execute("BEGIN")
    conn.execute("SELECT count(*) FROM workload_runs").fetchall()
    writer = Made(made.path, NOW)
    writer.run("unit-tests", 0)
    writer.close()
    with pytest.raises(DatabaseError, match="another program is reading it"):
        placed(made.path, other)
    conn.close()
    assert runs(made.path) == 4


def test_a_file_that_cannot_be_set_aside_stays(
    made: Made, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a full disk; only where no file has two names it gets another one at once."""
    made.close()
    monkeypatch.setattr(os, "link", refusing(errno.ENOSPC))
    with pytest.raises(CollectorError, match=r"c\.db: No space left"):
        placed(made.path, other)
    assert runs(made.path) == 3
    monkeypatch.setattr(os, "link", refusing(errno.EPERM))
    assert placed(made.path, other) is not None
    assert runs(made.path) == 1


def test_a_file_of_another_program_stays(other: Path, tmp_path: Path) -> None:
    """Whatever the config says."""
    path = tmp_path / "photos.db"
    conn = sqlite3.connect(str(path), isolation_level=None)
    conn.execute("CREATE TABLE photos (name TEXT)")
    conn.close()
    before = path.read_bytes()
    with pytest.raises(DatabaseError, match="of another program"):
        placed(path, other)
    assert path.read_bytes() == before


KILLED = """
import os, shutil, signal, sys
from pathlib import Path
from collector.store.backup.ended import Recording
from collector.store.backup.part import part_of
from collector.store.backup.replaced import replace
import collector.store.schema

template, backup, folders = map(Path, sys.argv[1:])
STEPS = {"os.rename", "os.link", "os.remove", "open"}

def child(folder, kill_at):
    left = kill_at
    def step(event, arguments):
        nonlocal left
        if event in STEPS and str(folder) in os.fsdecode(str(arguments[0])):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(step)
    with part_of(folder / "c.db") as part:
        shutil.copyfile(backup, part.path)
        part.sync()
        replace(folder / "c.db", part, 1_700_000_000_000)
    os._exit(0)

kill_at, status = 0, 1
while status:
    kill_at += 1
    folder = folders / str(kill_at)
    shutil.copytree(template, folder)
    if not (pid := os.fork()):
        child(folder, kill_at)
    _, status = os.waitpid(pid, 0)
    assert status in (0, signal.SIGKILL), status
print(kill_at)
"""


def killed_at_each_step(template: Path, backup: Path, folders: Path) -> list[Path]:
    """The databases of as many restores over the one of ``template``, each killed a step later."""
    folders.mkdir()
    words = [sys.executable, "-c", KILLED, str(template), str(backup), str(folders)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
    return [folders / str(number) / "c.db" for number in range(1, int(done.stdout) + 1)]


def test_killed_at_any_step_there_is_the_old_or_the_new_and_the_next_restore_works(
    made: Made, other: Path, tmp_path: Path
) -> None:
    """At each rename, link, removal and opening of a file by us; each of both is whole."""
    (template := tmp_path / "template").mkdir()
    crashed(made, template)
    found = []
    for path in killed_at_each_step(template, other, tmp_path / "folders"):
        found.append(runs(path))
        assert placed(path, other) is not None
        assert runs(path) == 1
        assert {one.stat().st_nlink for one in path.parent.iterdir()} == {1}
        olds = [one for one in path.parent.iterdir() if one.name[-4:] not in ("-wal", "-shm") and one != path]
        assert {1, 3} >= {runs(one) for one in olds}
        assert 3 in {runs(one) for one in olds}
    assert found == sorted(found, reverse=True)
    assert set(found) == {1, 3}
    assert len(found) > 8


def test_killed_at_any_step_a_damaged_file_keeps_its_log(made: Made, other: Path, tmp_path: Path) -> None:
    """After the next restore both have the same new name, and nothing else is left of the first."""
    (template := tmp_path / "template").mkdir()
    log = spoiled(crashed(made, template))
    for path in killed_at_each_step(template, other, tmp_path / "folders"):
        assert placed(path, other) is not None
        assert runs(path) == 1
        olds = [one for one in path.parent.iterdir() if not one.name.endswith(("-wal", "-shm"))]
        (lies,) = (one for one in olds if one.read_bytes() == DAMAGED)
        assert wal_path(lies).read_bytes() == log
        logs = [one for one in path.parent.iterdir() if one.name.endswith("-wal") and one.stat().st_size]
        assert logs == [wal_path(lies)]
        assert {one.stat().st_nlink for one in path.parent.iterdir()} == {1}


@pytest.mark.parametrize("phase", ["copying", "verifying"])
def test_killed_in_the_middle_of_a_copy_there_is_none(made: Made, tmp_path: Path, phase: str) -> None:
    """Only a file whose name says what it is, which the next one overwrites."""
    target = tmp_path / "b.db"
    killed = f"""
import os, signal, sys
from pathlib import Path
from collector.store.backup.copying import Source, copy
from collector.store.backup.ended import Recording
from collector.store.backup.part import part_of
from collector.store.database import open_reader

def told(items, doing):
    for item in items:
        if doing == {phase!r}:
            os.kill(os.getpid(), signal.SIGKILL)
        yield item

path, target = map(Path, sys.argv[1:])
with part_of(target) as part:
    copy(Source(open_reader(path), path, ""), part, target, told)
"""
    words = [sys.executable, "-c", killed, str(made.path), str(target)]
    assert subprocess.run(words, check=False, timeout=30).returncode == -signal.SIGKILL
    left = {path.name for path in tmp_path.iterdir() if path.name.startswith("b.db")}
    assert left == {f"b.db{ENDING}"}
    copied(made, target)
    assert runs(target) == 3
    assert not beside(target, ENDING).exists()


def test_a_file_system_that_takes_no_more_is_told(made: Made, tmp_path: Path) -> None:
    """In one sentence about the copy, of which nothing is left: here no file may be longer than 64 KiB."""
    target = tmp_path / "b.db"
    limited = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536));"
        "from collector.__main__ import main; sys.exit(main())"
    )
    config = tmp_path / "c.toml"
    config.write_text(f'[collector]\ndatabase = "{made.path}"\n', encoding="utf-8")
    words = [sys.executable, "-c", limited, "db", "backup", str(target), "--config", str(config)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: {made.path} cannot be copied to {target}: the disk reports errors")
    assert "free some space" in done.stderr
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("b.db")] == []
