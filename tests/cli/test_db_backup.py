"""``collector db backup``: one verified file, beside a running recorder or without one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from collector import clock
from collector.orm import select
from collector.store.backup.part import ENDING, beside
from collector.store.database import APPLICATION_ID, open_reader, wal_path
from tests.answers.made import MINUTE, Made
from tests.cli.conftest import Call
from tests.cli.daemon import holding
from tests.store.again import Again

PAGE = 4096


def runs(path: Path) -> int:
    """How many runs a database holds; it must be sound."""
    reader = open_reader(path)
    try:
        assert select(reader, "PRAGMA integrity_check") == [("ok",)]
        return int(select(reader, "SELECT count(*) FROM workload_runs")[0][0])
    finally:
        reader.close()


@pytest.fixture
def made(database: Path) -> Iterator[Made]:
    """An empty record of this moment; tests add to it."""
    record = Again(database, clock.now().wall_ms)
    yield record
    record.close()


def older(path: Path) -> Path:
    """An older backup; of the record its head alone, which is all that may be asked of what is replaced."""
    head = bytearray(PAGE)
    head[:16], head[68:72] = b"SQLite format 3\0", APPLICATION_ID.to_bytes(4, "big")
    path.write_bytes(head)
    return path


@pytest.fixture
def full(made: Made) -> Made:
    """A record with three runs."""
    for n in range(3):
        made.run("unit-tests", n * MINUTE)
    return made


def test_it_tells_what_was_copied_and_verified(full: Made, call: Call, tmp_path: Path) -> None:
    """In two lines, or as one document."""
    target = tmp_path / "b.db"
    said = call("db", "backup", str(target))
    assert (said.code, said.err) == (0, "")
    first, second = said.lines
    assert first.split()[:2] == ["backup", str(target)]
    assert second.split()[0] == "verified"
    found = call("db", "backup", str(target), "--force", "--json").json
    assert found.keys() == {"file", "bytes", "rows", "seconds"}
    assert (found["file"], found["bytes"]) == (str(target), target.stat().st_size)
    assert f"{found['rows']:,} rows in " in second
    assert runs(target) == 3


def test_what_is_only_in_the_log_is_copied_too(full: Made, call: Call, tmp_path: Path) -> None:
    """A recorder holds the lock and goes on; its file and log stay as they are."""
    before = wal_path(full.path).stat().st_size
    with holding(full.path, "collector run", tmp_path / "s"):
        assert call("db", "backup", str(tmp_path / "b.db")).code == 0
    assert runs(tmp_path / "b.db") == 3
    assert wal_path(full.path).stat().st_size == before > 0


@pytest.mark.parametrize("name", ["a b.db", "50% of #1?mode=rw&x.db", "ü\udcff\n.db"])
def test_a_name_is_taken_as_it_is(full: Made, call: Call, tmp_path: Path, name: str) -> None:
    """Whatever it means in a URI, and though it is no UTF-8."""
    (tmp_path / "out").mkdir()
    assert call("db", "backup", str(tmp_path / "out" / name)).code == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == [name]
    assert runs(tmp_path / "out" / name) == 3


def test_only_this_user_may_read_it(full: Made, call: Call, tmp_path: Path) -> None:
    """Whatever the mode of the file that it replaces."""
    target = older(tmp_path / "b.db")
    target.chmod(0o644)
    assert call("db", "backup", str(target), "--force").code == 0
    assert target.stat().st_mode & 0o777 == 0o600


def test_what_is_there_is_replaced_only_when_it_is_said_so(full: Made, call: Call, tmp_path: Path) -> None:
    """What a link leads to is, and not the link."""
    target, link = older(tmp_path / "b.db"), tmp_path / "newest.db"
    before = target.read_bytes()
    link.symlink_to(target)
    said = call("db", "backup", str(link))
    assert (said.code, said.out) == (2, "")
    assert f"{target} is there already" in said.err
    assert "--force" in said.err
    assert target.read_bytes() == before
    assert call("db", "backup", str(link), "--force").code == 0
    assert link.is_symlink()
    assert runs(target) == 3


@pytest.mark.parametrize("name", ["c.db", "c.db-wal", "c.db-shm", "c.db-journal", "hard.db"])
def test_the_database_is_not_copied_onto_itself(full: Made, call: Call, tmp_path: Path, name: str) -> None:
    """Nor onto what SQLite takes for a part of it, whatever was said."""
    (tmp_path / "hard.db").hardlink_to(full.path)
    said = call("db", "backup", str(tmp_path / name), "--force")
    assert (said.code, said.out) == (2, "")
    assert "is the database itself, or a part of it" in said.err
    assert runs(full.path) == 3


KEPT = "a file that the recorder keeps for itself"
ASIDE = "what was set aside in place of the database"


@pytest.mark.parametrize("force", [[], ["--force"]], ids=["", "force"])
def test_what_the_recorder_needs_is_never_replaced(
    full: Made, call: Call, tmp_path: Path, force: list[str]
) -> None:
    """Whether it is there and a record or is not there yet, and whatever was said."""
    needed = {
        "run/c.sock": "the recorder's socket",
        "c.db.lock": KEPT,
        "c.db.ballast": KEPT,
        "c.db.rescued-1": KEPT,
        "c.db-wal.spared-1": KEPT,
        "c.db-shm.spared-1": KEPT,
        "c.db.part": KEPT,
        f"c.db{ENDING}": KEPT,
        "c.db.corrupt-20260301T184358": ASIDE,
        "c.db.replaced-20260301T184358": ASIDE,
    }
    for place, whose in ((tmp_path / name, whose) for name, whose in needed.items()):
        said = call("db", "backup", str(place), *force)
        assert (said.code, said.out) == (2, "")
        assert f"{place} is {whose}\n" in said.err
        assert not place.exists()
        before = older(made_room(place)).read_bytes()
        assert f"{place} is {whose}\n" in call("db", "backup", str(place), *force).err
        assert place.read_bytes() == before


def test_the_config_in_use_is_never_replaced(full: Made, call: Call, config: Path, tmp_path: Path) -> None:
    """By none of its names."""
    before = config.read_bytes()
    (tmp_path / "hard.toml").hardlink_to(config)
    (tmp_path / "soft.toml").symlink_to(config)
    for name in ("c.toml", "hard.toml", "soft.toml"):
        said = call("db", "backup", str(tmp_path / name), "--force")
        assert (said.code, said.out) == (2, "")
        assert "is the config in use\n  → name another file\n" in said.err
    assert config.read_bytes() == before


def made_room(place: Path) -> Path:
    """The same, with its folder."""
    place.parent.mkdir(exist_ok=True)
    return place


def test_what_stands_beside_what_a_link_leads_to_is_not_replaced(
    full: Made, call: Call, tmp_path: Path
) -> None:
    """For that is where all else stands."""
    full.close()
    (tmp_path / "far").mkdir()
    full.path.symlink_to(full.path.rename(tmp_path / "far/real.db"))
    for name in ("far/real.db.lock", "far/real.db.ballast"):
        assert f"{name} is {KEPT}\n" in call("db", "backup", str(tmp_path / name), "--force").err
        assert not (tmp_path / name).exists()


def test_what_is_no_backup_is_never_replaced(full: Made, call: Call, tmp_path: Path) -> None:
    """Neither a letter nor a database of another program."""
    letter = tmp_path / "letter"
    for content in (b"", b"Dear Ada,\n", b"SQLite format 3\0" + bytes(PAGE)):
        letter.write_bytes(content)
        for force in ([], ["--force"]):
            said = call("db", "backup", str(letter), *force)
            assert (said.code, said.out) == (2, "")
            assert f"{letter} is no backup of a record\n  → name another file\n" in said.err
            assert letter.read_bytes() == content


def test_a_word_that_names_no_file_is_refused(
    full: Made, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing is made."""
    monkeypatch.chdir(made_room(tmp_path / "here/x").parent)
    for word, sentence in {
        "": "FILE is an empty word",
        "-": "a backup cannot be written to the standard output",
        "zz/": "zz/ means a directory, and there is none",
        "zz/.": "zz/. means a directory, and there is none",
    }.items():
        said = call("db", "backup", word)
        assert (said.code, said.out) == (2, "")
        assert f"error: {sentence}\n  → name a file\n" in said.err
    assert [*Path.cwd().iterdir()] == []


def a_folder(folder: Path) -> Path:
    """A folder."""
    return folder


def a_device(_: Path) -> Path:
    """A device."""
    return Path("/dev/null")


def no_folder(folder: Path) -> Path:
    """A folder that is not there."""
    return folder / "none/b.db"


def a_long_name(folder: Path) -> Path:
    """A name that no file system takes."""
    return folder / ("x" * 300)


def a_database_in_use(folder: Path) -> Path:
    """A log would be replayed into the copy."""
    (folder / "b.db-wal").write_bytes(b"log")
    return folder / "b.db"


@pytest.mark.parametrize(
    ("place", "code", "sentence"),
    [
        (a_folder, 2, "is a directory"),
        (a_device, 2, "is a device or a pipe"),
        (no_folder, 1, "No such file or directory"),
        (a_long_name, 1, "File name too long"),
        (a_database_in_use, 2, "is a database in use: its log stands beside it"),
    ],
)
def test_a_place_that_will_not_do_is_refused_in_one_sentence(
    full: Made, call: Call, tmp_path: Path, place: Callable[[Path], Path], code: int, sentence: str
) -> None:
    """What and where, then what to do."""
    said = call("db", "backup", str(place(tmp_path)), "--force")
    assert (said.code, said.out) == (code, "")
    assert sentence in said.err
    assert "→ name " in said.err


def test_without_a_database_there_is_nothing_to_copy(call: Call, tmp_path: Path) -> None:
    """And nothing is made."""
    said = call("db", "backup", str(tmp_path / "b.db"))
    assert (said.code, said.out) == (1, "")
    assert "nothing is recorded yet" in said.err
    assert not (tmp_path / "b.db").exists()


def root_page(made: Made, name: str) -> int:
    """Where the root page of a table or index begins."""
    ((page,),) = made.conn.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (name,)).fetchall()
    return (int(page) - 1) * PAGE


def a_page_of_zeros(made: Made, whole: bytearray) -> None:
    """A page of zeros."""
    at = root_page(made, "workload_runs")
    whole[at : at + PAGE] = bytes(PAGE)


def a_page_of_garbage(made: Made, whole: bytearray) -> None:
    """A page of garbage."""
    at = root_page(made, "workload_runs")
    whole[at : at + PAGE] = os.urandom(PAGE)


def an_index_of_other_values(made: Made, whole: bytearray) -> None:
    """A sound page that disagrees with its table: only a full check sees that."""
    at = root_page(made, "workload_runs_workload_timestamp")
    found = whole.index(b"unit-tests", at, at + PAGE)
    whole[found : found + 10] = b"unit-tesus"


def half_of_it(_: Made, whole: bytearray) -> None:
    """Half of the file."""
    del whole[len(whole) // 2 :]


def another_header(_: Made, whole: bytearray) -> None:
    """A header that is none."""
    whole[:16] = b"once upon a time"


@pytest.mark.parametrize(
    "damage", [a_page_of_zeros, a_page_of_garbage, an_index_of_other_values, half_of_it, another_header]
)
def test_of_a_damaged_database_no_backup_is_made(
    full: Made, call: Call, tmp_path: Path, damage: Callable[[Made, bytearray], None]
) -> None:
    """It says so and what to do; the backup that was there stays."""
    full.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole = bytearray(full.path.read_bytes())
    damage(full, whole)
    full.close()
    full.path.write_bytes(whole)
    before = older(target := tmp_path / "b.db").read_bytes()
    said = call("db", "backup", str(target), "--force")
    assert (said.code, said.out) == (1, "")
    assert str(full.path) in said.err
    assert "damaged" in said.err
    assert "→ " in said.err
    assert target.read_bytes() == before
    assert not beside(target, ENDING).exists()


def test_a_broken_reference_is_damage_too(full: Made, call: Call, tmp_path: Path) -> None:
    """Where a row refers to one that is not there."""
    full.conn.execute("PRAGMA foreign_keys = off")
    full.conn.execute("CREATE TABLE mine (run INTEGER REFERENCES workload_runs (id))")
    full.conn.execute("INSERT INTO mine VALUES (99)")
    said = call("db", "backup", str(tmp_path / "b.db"))
    assert said.code == 1
    assert "mine row 1 refers to no row of workload_runs" in said.err


def test_ctrl_c_leaves_nothing(full: Made, config: Path, tmp_path: Path) -> None:
    """While it copies: the part is taken away, and the exit status says so."""
    stopped = (
        "import os, signal, sys; from collector.cli.db import backup;"
        "backup.with_progress = lambda items, _: (os.kill(os.getpid(), signal.SIGINT) or i for i in items);"
        "from collector.__main__ import main; sys.exit(main())"
    )
    words = [sys.executable, "-c", stopped, "db", "backup", str(tmp_path / "b.db"), "--config", str(config)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, done.stdout) == (128 + signal.SIGINT, "")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("b.db")] == []
