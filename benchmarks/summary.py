"""Every summary on a million records, beside a bare `sqlite3` loop over the same table, in one run."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.made import START_MS, fill
from benchmarks.report import Row
from collector.answers.cached import Noted
from collector.answers.summary import Window
from collector.answers.topics import summed_up
from collector.orm import peewee, select, sqlite3
from collector.store import summaries
from collector.store.cache import Step
from collector.store.database import open_reader, raw, transaction
from collector.store.topics import TOPICS, Topic

RECORDS = 1_000_000
ROUNDS = 5
BAR_MS = 200.0
SHOWN = 20  # keys, as the command shows them


def run(_seconds: int) -> list[Row]:
    """Each topic: without digests, with them, as a command, and the bare loop."""
    with tempfile.TemporaryDirectory() as folder:
        path, config = Path(folder) / "c.db", Path(folder) / "c.toml"
        config.write_text(f'[collector]\ndatabase = "{path}"\n', encoding="utf-8")
        database = fill(path, RECORDS)
        cold = {name: _ms(partial(_answer, path, name)) for name in TOPICS}
        began = time.perf_counter()
        count = _digests(database, path)
        seconds = time.perf_counter() - began
        rows = [row for topic in TOPICS.values() for row in _topic(database, path, config, topic, cold)]
        ((size,),) = select(database, "SELECT sum(data_size) FROM query_cache")
        database.close()
    note = f"{count} digests, {size / 1e6:.1f} MB, in {seconds:.1f} s"
    version = [sys.executable, "-m", "collector", "--version"]
    bare_ms = statistics.median(
        _ms(partial(subprocess.run, version, stdout=subprocess.DEVNULL, check=True)) for _ in range(ROUNDS)
    )
    rows.append(Row("collector --version, for comparison", bare_ms, "ms"))
    return [*rows, Row("one digest, made in the background", seconds / count * 1000, "ms", note=note)]


def _topic(
    database: peewee.SqliteDatabase, path: Path, config: Path, topic: Topic, cold: dict[str, float]
) -> list[Row]:
    name = topic.name
    print(f"  summary {name}", file=sys.stderr, flush=True)
    rounds = [_round(database, path, config, topic) for _ in range(ROUNDS)]
    answer, command, again, bare = (statistics.median(times) for times in zip(*rounds, strict=True))
    spread = [times[0] for times in rounds]
    return [
        Row(f"{name}: the answer", answer, "ms", ("<=", BAR_MS), f"{min(spread):.0f} to {max(spread):.0f}"),
        Row(f"{name}: as a command", command, "ms", ("<=", BAR_MS), f"the same again {again:.0f}"),
        Row(f"{name}: without digests", cold[name], "ms", note="once, no daemon was there to make them"),
        Row(
            f"{name}: bare GROUP BY to the answer", bare / answer, "×", note=f"{bare:.0f} ms, no percentiles"
        ),
    ]


def _round(
    database: peewee.SqliteDatabase, path: Path, config: Path, topic: Topic
) -> tuple[float, float, float, float]:
    """ms of the answer, the command, the command again, and the bare loop."""
    raw(database).execute("DELETE FROM query_cache WHERE cache_key LIKE '% saw %'")  # as if a row had come
    answer = _ms(partial(_answer, path, topic.name))
    command = [sys.executable, "-m", "collector", "summary", topic.name, "--json", "--config", str(config)]
    once, again = (
        _ms(partial(subprocess.run, command, stdout=subprocess.DEVNULL, check=True)) for _ in range(2)
    )
    return answer, once, again, _ms(partial(_bare, path, topic))


def _ms(call: Callable[[], Any]) -> float:
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


def _answer(path: Path, name: str) -> None:
    database = open_reader(path)
    assert summed_up(database, name, Window(), Noted(), SHOWN)
    database.close()


def _digests(database: peewee.SqliteDatabase, path: Path) -> int:
    """Made as the daemon makes them."""
    reader = open_reader(path)

    def ask(_name: str, step: Step) -> Any:
        with transaction(raw(database)):
            return step(raw(database))

    count = summaries.digest_all(reader, ask, lambda: False, START_MS)["digests"]
    reader.close()
    return count


def _bare(path: Path, topic: Topic) -> None:
    """What somebody would write for this table, without percentiles."""
    keys = ", ".join(topic.keys)
    tables = topic.source.replace(" NOT INDEXED", "")
    value = f"count(*), avg({topic.value}), min({topic.value}), max({topic.value})"
    conn = sqlite3.connect(path)
    conn.execute(f"SELECT {keys}, {value} FROM {tables} WHERE {topic.where} GROUP BY {keys}").fetchall()
    conn.close()
