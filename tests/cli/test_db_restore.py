"""``collector db restore``: a backup takes the place of the database, which is set aside."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from collector import clock
from collector.orm import select
from collector.sqlite import sqlite3
from collector.store import schema
from collector.store.database import open_reader, open_writer
from collector.store.downgrade import downgrade
from collector.store.lock import holder
from tests.answers.made import MINUTE, Made
from tests.cli.conftest import Call
from tests.cli.daemon import holding
from tests.cli.test_record import SKILL
from tests.daemon.conftest import Recorder, recorder
from tests.store.again import Again

__all__ = ["recorder"]


def runs(path: Path, table: str = "workload_runs") -> int:
    """How many rows a database holds; it must be sound."""
    reader = open_reader(path)
    try:
        assert select(reader, "PRAGMA integrity_check") == [("ok",)]
        return int(select(reader, f"SELECT count(*) FROM {table}")[0][0])
    finally:
        reader.close()


@pytest.fixture
def made(database: Path) -> Iterator[Made]:
    """An empty record of this moment; tests add to it."""
    record = Again(database, clock.now().wall_ms)
    yield record
    record.close()


@pytest.fixture
def backup(made: Made, call: Call, tmp_path: Path) -> Path:
    """A backup with one run; the database has two."""
    target = tmp_path / "b.db"
    made.run("unit-tests", MINUTE)
    assert call("db", "backup", str(target)).code == 0
    made.run("unit-tests", 0)
    return target


def aside(database: Path) -> list[Path]:
    """What was set aside."""
    return sorted(database.parent.glob(f"{database.name}.replaced-*"))


def test_the_backup_takes_the_place_and_the_old_one_is_set_aside(
    made: Made, backup: Path, call: Call
) -> None:
    """Both are whole; where what is now, and what to do next, is told."""
    made.close()
    before = backup.read_bytes()
    said = call("db", "restore", str(backup), "--yes")
    assert (said.code, said.err) == (0, "")
    (old,) = aside(made.path)
    assert [line.split()[0] for line in said.lines] == ["restored", "from", "set", "next"]
    assert said.lines[2].endswith(str(old))
    assert (runs(made.path), runs(old)) == (1, 2)
    assert backup.read_bytes() == before
    assert made.path.stat().st_mode & 0o777 == 0o600
    assert call("db", "verify").code == 0
    assert sorted(
        path.name for path in made.path.parent.glob("c.db*") if path.name[-4:] not in ("-wal", "-shm")
    ) == [
        "c.db",
        "c.db.lock",
        old.name,
    ]


def test_it_is_told_where_all_is(
    made: Made, backup: Path, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In full, however it was typed; or as one document, where nothing is set aside as null."""
    made.close()
    monkeypatch.chdir(tmp_path)
    assert call("db", "restore", backup.name, "--yes").lines[1].split() == ["from", str(backup)]
    found = call("db", "restore", backup.name, "--yes", "--json").json
    assert found.keys() == {"file", "bytes", "rows", "set_aside", "seconds"}
    assert (found["file"], found["bytes"]) == (str(backup), backup.stat().st_size)
    assert found["set_aside"] in map(str, aside(made.path))
    made.path.unlink()
    assert call("db", "restore", backup.name, "--json").json["set_aside"] is None


def test_it_is_in_wal_mode_before_it_has_its_name(made: Made, backup: Path, call: Call) -> None:
    """Killed while the mode changes, a recorder would leave a journal behind."""
    made.close()
    assert call("db", "restore", str(backup), "--yes").code == 0
    assert (backup.read_bytes()[18:20], made.path.read_bytes()[18:20]) == (b"\x01\x01", b"\x02\x02")


def test_what_a_link_leads_to_is_replaced(
    made: Made, backup: Path, call: Call, config: Path, tmp_path: Path
) -> None:
    """And stays where it is, with the old one beside it."""
    made.close()
    (tmp_path / "far").mkdir()
    real = made.path.rename(tmp_path / "far/real.db")
    made.path.symlink_to(real)
    assert call("db", "restore", str(backup), "--yes").code == 0
    assert made.path.is_symlink()
    assert (runs(real), [runs(old) for old in aside(real)]) == (1, [2])


def test_what_was_set_aside_can_be_put_back(made: Made, backup: Path, call: Call) -> None:
    """It is a backup like another."""
    made.close()
    call("db", "restore", str(backup), "--yes")
    (old,) = aside(made.path)
    assert call("db", "restore", str(old), "--yes").code == 0
    assert (runs(made.path), len(aside(made.path))) == (2, 2)


def test_where_no_database_is_nobody_is_asked(made: Made, backup: Path, call: Call) -> None:
    """Nor is anything set aside."""
    made.close()
    made.path.unlink()
    said = call("db", "restore", str(backup))
    assert (said.code, said.err) == (0, "")
    assert "set aside" not in said.out
    assert runs(made.path) == 1


def test_a_name_is_taken_as_it_is(made: Made, backup: Path, call: Call, tmp_path: Path) -> None:
    """Whatever it means in a URI, and though it is no UTF-8."""
    made.close()
    odd = tmp_path / "50% of #1?mode=rw & ü\udcff.db"
    backup.rename(odd)
    assert call("db", "restore", str(odd), "--yes").code == 0
    assert runs(made.path) == 1


def test_where_nobody_can_be_asked_it_must_be_said(
    made: Made, backup: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exit status is that of a wrong usage, and nothing has changed."""
    made.close()
    with open(os.devnull, encoding="utf-8") as nobody:
        monkeypatch.setattr(sys, "stdin", nobody)
        said = call("db", "restore", str(backup))
    assert (said.code, said.out) == (2, "")
    assert "--yes" in said.err
    assert (runs(made.path), aside(made.path)) == (2, [])


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """What is written to it comes from a terminal on which the command runs."""
    mine, theirs = pty.openpty()
    with open(theirs, encoding="utf-8") as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        yield mine
    os.close(mine)


@pytest.mark.parametrize(("answer", "code", "left"), [("y", 0, 1), ("n", 1, 2), ("", 1, 2)])
def test_on_a_terminal_it_asks(
    made: Made, backup: Path, call: Call, keyboard: int, answer: str, code: int, left: int
) -> None:
    """Only a yes is a yes; what it says of a no is not in the place of the document."""
    made.close()
    os.write(keyboard, f"{answer}\n".encode())
    said = call("db", "restore", str(backup), "--json")
    assert said.code == code
    assert f"Replace {made.path}? It is set aside under another name. [y/N]" in said.out + said.err
    assert ("nothing was changed\n" in said.err) == (code == 1)
    assert runs(made.path) == left


def test_beside_a_recorder_nothing_is_moved(made: Made, backup: Path, call: Call, tmp_path: Path) -> None:
    """It is named, with how to end it; before anybody is asked."""
    with holding(made.path, "collector run", tmp_path / "s"):
        said = call("db", "restore", str(backup))
    assert (said.code, said.out) == (1, "")
    assert f"is in use by collector run, process {os.getpid()}" in said.err
    assert (
        f"`systemctl --user stop collector.service` if it is a service, else `kill {os.getpid()}`" in said.err
    )
    with holding(made.path, "collector db upgrade"):
        said = call("db", "restore", str(backup), "--yes")
    assert "wait for it to finish" in said.err
    assert (runs(made.path), aside(made.path)) == (2, [])


def test_the_lock_is_let_go(made: Made, backup: Path, call: Call) -> None:
    """Whether it went well or not."""
    made.close()
    backup.write_bytes(backup.read_bytes()[:8192])
    assert call("db", "restore", str(backup), "--yes").code == 1
    assert holder(made.path) is None


# A file that will not do --------------------------------------------------------------------------


def nothing(_: Path) -> None:
    """A file that is empty."""


def text(path: Path) -> None:
    """A file that is no database."""
    path.write_bytes(b"once upon a time " * 500)


def photos(path: Path) -> None:
    """A database of another program."""
    conn = sqlite3.connect(str(path), isolation_level=None)
    conn.execute("CREATE TABLE photos (name TEXT)")
    conn.close()


def newer(path: Path) -> None:
    """A database of a newer version."""
    Again(path, 0).close()
    conn = sqlite3.connect(str(path), isolation_level=None)
    conn.execute("PRAGMA user_version = 9999")
    conn.close()


def no_table(path: Path) -> None:
    """A database that holds nothing."""
    conn = sqlite3.connect(str(path), isolation_level=None)
    conn.execute("PRAGMA user_version = 1")
    conn.close()


def different(path: Path) -> None:
    """A database that somebody has changed."""
    Again(path, 0).close()
    conn = sqlite3.connect(str(path), isolation_level=None)
    conn.execute("DROP INDEX workload_runs_workload_timestamp")
    conn.close()


def half(path: Path) -> None:
    """Half of a database."""
    Again(path, 0).close()
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(
    ("fill", "sentence"),
    [
        (nothing, "is empty: no backup is"),
        (text, "is no database"),
        (no_table, "is a database without a table"),
        (photos, "of another program"),
        (newer, "was written by a newer collector"),
        (different, "its tables are not what this version made"),
        (half, "damaged"),
    ],
)
def test_a_file_that_will_not_do_is_refused(
    made: Made, call: Call, tmp_path: Path, fill: Callable[[Path], None], sentence: str
) -> None:
    """The database is as it was."""
    made.close()
    file = tmp_path / "other.db"
    file.touch()
    fill(file)
    said = call("db", "restore", str(file), "--yes")
    assert (said.code, said.out) == (1, "")
    assert str(file) in said.err
    assert sentence in said.err
    assert "the database is as it was" in said.err
    assert (runs(made.path), aside(made.path)) == (0, [])


def test_a_word_that_means_no_backup_is_refused(
    made: Made, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a wrong usage, and nothing is changed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.db.collector-part").write_bytes(b"half")
    for word, sentence in {
        "": "FILE is an empty word",
        "c.db": f"{tmp_path}/c.db is the database itself",
        "c.db.collector-part": f"{tmp_path}/c.db.collector-part is what a killed restore left",
        "none": f"there is no file {tmp_path}/none",
        "c.toml/none": f"there is no file {tmp_path}/c.toml/none",
        "x" * 300: "File name too long",
        ".": f"{tmp_path} is a directory",
        "/dev/zero": "/dev/zero is a device or a pipe",
    }.items():
        said = call("db", "restore", word, "--yes")
        assert (said.code, said.out) == (2, "")
        assert sentence in said.err
        assert "\n  → name " in said.err
    assert aside(made.path) == []


def test_an_older_file_is_restored_and_upgraded_when_the_recorder_starts(
    made: Made, backup: Path, call: Call
) -> None:
    """What it lacks is no damage."""
    made.close()
    older = open_writer(backup)
    downgrade(older, backup, schema.known()[-2])
    older.close()
    said = call("db", "restore", str(backup), "--yes")
    assert said.code == 0
    assert "brings its tables up to date" in said.out
    assert f"applied {schema.known()[-1]}" in call("db", "upgrade").lines


def test_a_backup_on_a_medium_that_cannot_be_written_is_restored(
    made: Made, backup: Path, call: Call, tmp_path: Path
) -> None:
    """Even one in WAL mode, as a copy of the file by hand is; nothing is left beside it."""
    made.close()
    open_writer(backup).close()
    (tmp_path / "medium").mkdir()
    backup = backup.rename(tmp_path / "medium/b.db")
    assert backup.read_bytes()[18:20] == b"\x02\x02"
    assert call("db", "restore", str(backup), "--yes").code == 0
    assert [path.name for path in backup.parent.iterdir()] == ["b.db"]


# With a recorder ----------------------------------------------------------------------------------


def recorded(call: Call, count: int) -> None:
    """Have the recorder store some records."""
    assert call("record", "skill", json.dumps([SKILL] * count)).out == f"{count} recorded\n"


@contextmanager
def load(recorder: Recorder, made: list[int]) -> Iterator[None]:
    """Records by the hundred until the end of the block; then how many there were."""
    words = [sys.executable, "-m", "collector", "record", "skill", "-", "--config", str(recorder.config)]
    lines, enough = (json.dumps(SKILL) + "\n").encode() * 100, threading.Event()
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:

        def give() -> None:
            assert process.stdin is not None
            while not enough.is_set():
                process.stdin.write(lines)

        with ThreadPoolExecutor(1) as pool:
            given = pool.submit(give)
            try:
                yield
            finally:
                enough.set()
                given.result()
        made.append(int(process.communicate(timeout=30)[0].split()[0]))


def test_under_load_a_backup_has_all_from_before_and_a_recorder_goes_on_from_it(
    call: Call, recorder: Recorder, tmp_path: Path
) -> None:
    """Backup beside it, refusal beside it, restore without it, and a start that continues its numbers."""
    target, loaded = tmp_path / "b.db", list[int]()
    recorder.start()
    recorded(call, 300)
    with load(recorder, loaded):
        made = call("db", "backup", str(target))
    total = 300 + sum(loaded)
    assert (made.code, made.err) == (0, "")
    held = runs(target, "skill_metrics")
    assert 300 <= held <= total
    assert "is in use by collector run" in call("db", "restore", str(target), "--yes").err
    assert recorder.stop() == 0
    assert recorder.rows("SELECT count(*) FROM skill_metrics") == [(total,)]
    assert call("db", "restore", str(target), "--yes").code == 0
    assert "in the last session" in call("status").out
    assert "killed" not in call("status").out
    ((end_ms, received),) = recorder.rows("SELECT end_ms, received FROM recorder_sessions WHERE clean = 1")
    assert received >= 300
    recorder.start()
    recorded(call, 1)
    assert recorder.rows("SELECT count(*), max(id) FROM skill_metrics") == [(held + 1, held + 1)]
    assert recorder.rows("SELECT from_ms, reason FROM gaps") == [(end_ms, "stopped")]
    assert "session.unclean" not in {event["event"] for event in recorder.events()}
    assert recorder.stop() == 0
    assert runs(aside(recorder.database)[0], "skill_metrics") == total
