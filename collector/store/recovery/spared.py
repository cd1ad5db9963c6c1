"""What others keep beside a file, out of SQLite's sight while a connection of ours is closed there.

Its name tells the number of the file that it stood beside: it comes back beside that one and no other, into
which it would be replayed.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from collector.store.database import file_size, inode, shm_path, wal_path
from collector.store.recovery import aside, names
from collector.store.recovery.note import Note

SPARED = ".spared-"


def spare(companion: Path, path: Path) -> None:
    """Take a log, or the index of one, away from the file at ``path``. Raises OSError."""
    names.move(companion, _spared(companion, path))


def put_back(path: Path) -> None:
    """Give both their names again, unless others have them by now. Raises OSError."""
    log, index = (_spared(companion, path) for companion in (wal_path(path), shm_path(path)))
    with suppress(FileExistsError):
        if log.exists() and not file_size(wal_path(path)):
            for leftover in (wal_path(path), shm_path(path)):  # as a mere look at the file makes them
                leftover.unlink(missing_ok=True)
        for name, companion in ((log, wal_path(path)), (index, shm_path(path))):
            if inode(name) == inode(companion) is not None:  # by somebody who was killed half-way
                name.unlink()
            elif name.exists():
                names.move(name, companion)


def finish(path: Path, now_ms: int) -> Note | None:
    """The same for a recorder that was killed before it could; what there is to tell of a log that stays.

    So it is where another file, or another log, stands there by now: it is set aside and not deleted.
    """
    put_back(path)
    for index in names.named(shm_path(path), SPARED):
        index.unlink()
    note = None
    for log in names.named(wal_path(path), SPARED):
        lies = aside.stray_name(path, now_ms)
        log.rename(lies)
        note = Note(lies, "deleted", f"the write-ahead log of a file that is gone lies in {lies.name}")
    return note


def _spared(companion: Path, path: Path) -> Path:
    stands = inode(path)
    return companion.with_name(f"{companion.name}{SPARED}{stands[1] if stands else 0}")
