"""A record that the daemon made before a fault, and what of it must be found after it."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

from collector.orm import peewee
from collector.sqlite import sqlite3
from collector.store.database import open_writer, raw, transaction, wal_path
from collector.store.recovery import aside, salvage
from tests.faults.checker import Verdict
from tests.faults.ground import Ground
from tests.faults.ledger import Ledger, Sent
from tests.faults.pages import Layout, Where

RECORDS = 4000
# kind → its table, its id, and the tables of its parts.
TABLES = {
    "skill": ("skill_metrics", "record_id"),
    "run": ("workload_runs", "record_id"),
    "inference": ("inference_metrics", "record_id"),
    "benchmark": ("benchmark_runs", "run_id"),
}
PARTS = ("autonomy", "performance", "quality", "workflow")

Ended = Literal["clean", "killed"]
Name = tuple[str, str]  # kind and id


class Template(NamedTuple):
    """The folder of a daemon that has ended, and what its clients were told."""

    folder: Path
    ledger: Ledger


@cache
def template(ended: Ended) -> Template:
    """Made once in this process. A daemon that was killed leaves a log with rows that are in it alone."""
    folder = Path(tempfile.mkdtemp(prefix="faults-old-"))
    atexit.register(shutil.rmtree, folder)
    with Ground("template") as ground:
        ground.victim.configure('[sampling]\nevery = "200ms"\n')
        for half in range(2):
            ground.victim.start()
            with ground.load(6, name=f"old-{half}-"):
                ground.ledger.wait_for_more(RECORDS // 2)
            if ended == "clean" or not half:
                ground.victim.stop()
            else:
                ground.victim.kill()
        shutil.copytree(ground.data, folder, dirs_exist_ok=True)
        return Template(folder, ground.ledger)


def planted(ground: Ground, ended: Ended) -> None:
    """Put a copy of the template where the victim of ``ground`` looks for its record."""
    shutil.copytree(template(ended).folder, ground.data, dirs_exist_ok=True)


@dataclass
class Old:
    """What a sound database held: where the rows of each record lie, and those of its parts."""

    layout: Layout
    known: dict[Name, dict[str, Where]] = field(default_factory=dict)  # table → where
    rows: int = 0

    def costs(self, name: Name, table: str, damaged: Collection[int]) -> bool:
        """Whether damage to these pages may cost a record its row in ``table``, or in that it belongs to."""
        places = self.known[name]
        return any(places[of].all.intersection(damaged) for of in {table, TABLES[name[0]][0]})


def photographed(path: Path, into: Path, *, running: bool) -> Old:
    """The database at ``path`` as it is now, copied page by page to ``into``; itself it is left as it is."""
    if running:
        with _reading(path) as source, closing(sqlite3.connect(into)) as target:
            source.backup(target)
    else:  # whoever opens it would use up its log
        shutil.copy(path, into)
        if wal_path(path).exists():
            shutil.copy(wal_path(path), wal_path(into))
    with closing(sqlite3.connect(into)) as conn:
        conn.execute("PRAGMA journal_mode = DELETE")
    old = Old(Layout(into))
    with _reading(into) as conn:
        for kind, table, key in _keyed():
            places = old.layout.rows(table)
            for number, name in conn.execute(f"SELECT rowid, {key} FROM {table} WHERE {key} IS NOT NULL"):
                old.known.setdefault((kind, name), {})[table] = places[number]
        tables = [name for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        old.rows = sum(conn.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in tables)
    return old


def _reading(path: Path) -> closing[sqlite3.Connection]:
    return closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True))


def _keyed() -> Iterator[tuple[str, str, str]]:
    """Each table of records with its kind and the column of the id."""
    for kind, (table, key) in TABLES.items():
        yield kind, table, key
    for part in PARTS:
        yield "benchmark", f"benchmark_{part}", "run_id"


def stored(path: Path) -> dict[Name, set[str]]:
    """The records of a database with the tables in which they have a row."""
    found: dict[Name, set[str]] = {}
    with _reading(path) as conn:
        for kind, table, key in _keyed():
            for (name,) in conn.execute(f"SELECT {key} FROM {table} NOT INDEXED WHERE {key} IS NOT NULL"):
                found.setdefault((kind, name), set()).add(table)
    return found


class Left(NamedTuple):
    """What became of an old record: its rows, those found again, those lost though their own page was whole,
    those that no damage explains, and how many parts of benchmarks lack for a damaged page, figures among
    them."""

    rows: int
    saved: int
    cut_off: int
    unexplained: list[str]
    torn: int
    without_figures: int

    @property
    def percent(self) -> float:
        """Of the rows, found again."""
        return 100 * self.saved / self.rows if self.rows else 100.0


def compare(old: Old, path: Path, damaged: Collection[int]) -> Left:
    """What the database at ``path`` has of an old one of which these pages were damaged."""
    there = stored(path)
    lost = [
        (name, table, places[table])
        for name, places in old.known.items()
        for table in places
        if table not in there.get(name, ())
    ]
    rows = sum(map(len, old.known.values()))
    unexplained = [f"{name[1]} of {table}" for name, table, _ in lost if not old.costs(name, table, damaged)]
    cut_off = sum(not place.own.intersection(damaged) for _, _, place in lost)
    torn = [table for name, table, _ in lost if name in there]
    figures = torn.count("benchmark_performance")
    return Left(rows, rows - len(lost), cut_off, unexplained, len(torn), figures)


def unknown(records: Iterable[Sent], ledger: Ledger) -> None:
    """Enter old records in the books as such that may be stored or not, each for itself."""
    for record in records:
        ledger.sent([record])


def records_of(ledger: Ledger) -> Iterator[Sent]:
    """All that was ever sent."""
    return (record for batch in ledger.batches for record in batch.records)


def without_torn(verdict: Verdict, left: Left) -> Verdict:
    """The verdict without the benchmarks that damage has torn, some of them with the figures they had."""
    return replace(verdict, torn=verdict.torn - left.torn, foreign=verdict.foreign - left.without_figures)


def lying(path: Path) -> list[Path]:
    """What was set aside from ``path``."""
    return aside.lying(path)


def save_the_rest(path: Path) -> None:
    """Take over what is left of the files that were set aside, as the daemon does each 20 seconds."""
    database: peewee.SqliteDatabase = open_writer(path)
    conn = raw(database)

    def ask(_: str, step: salvage.Step) -> Any:
        with transaction(conn):
            return step(conn)

    try:
        for lies in salvage.unfinished(conn):
            salvage.carry(lies, ask, lambda: False)
    finally:
        database.close()
