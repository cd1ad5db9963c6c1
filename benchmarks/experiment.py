"""Code or machine? A real command, made 15 % slower by a commit, and beside a hog on each core.

Everything is real: the repository, the runner and its children, the readings of the machine, the writer,
the search for changes and the verdict. A change counts as right when it is found and told by its cause.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

import collector.records  # announces the record kinds
import collector.samplers
import collector.workloads  # noqa: F401  # announces the kinds of workload
from benchmarks.report import Row
from collector import clock, log
from collector.answers.changes import look
from collector.answers.subjects import subject
from collector.readings.state import Meter
from collector.samplers.base import SAMPLERS, Context, Group, Seat
from collector.sections import Recorder, WorkloadSettings
from collector.settings import Settings
from collector.store import schema
from collector.store.buffer import Buffer
from collector.store.database import open_reader, open_writer, raw
from collector.store.writer import Writer
from collector.units import Duration
from collector.workloads.command import Command
from collector.workloads.execute import Runs
from collector.workloads.reference import Reference
from collector.workloads.spawn import Children
from collector.workloads.stamp import boot_id

REPETITIONS = 20
BEFORE, AFTER = 12, 10
CANARIES = 4
# Eight quiet runs are the fewest that a level is told from.
MOST_NOISY = BEFORE - 8
MOST_LEFT_OUT = 20
SLOWER = 1.15
# One after the other without a pause, so that the clock of the cores stays where it is; and longer than half
# a second, from where on the machine is looked at during the run alone.
RUN_MS = 600.0
FLOOR = 0.03
SOME = 2_000_000
HOG = "import time\nend = time.monotonic() + 60\nwhile time.monotonic() < end: pass"
GIT = ("git", "-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "commit.gpgsign=false")


@dataclass
class Tally:
    """How the repetitions of one cause went, and what was said of those told wrong."""

    verdicts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


class Ledger:
    """A database of a recorder, with the writer that fills it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._database = open_writer(path, "normal")
        schema.prepare(self._database, path)
        self.buffer = Buffer()
        self._writer = Writer(raw(self._database), self.buffer)
        self._writer.start()

    def close(self) -> None:
        """Commit what came in."""
        self._writer.close(10)
        self._database.close()


class Bench:
    """A recorder without its daemon: the runs and the samples go to those ledgers that listen."""

    def __init__(self, folder: Path) -> None:
        self.ledgers: list[Ledger] = []
        self._runs = Runs(self._put, Children(), Meter(), boot_id(), 0.1)
        context = Context(Settings(path=None, collector=Recorder(database=folder / "code.db")))
        self._samplers = Group([Seat(kind(context)) for kind in SAMPLERS.values()])
        self._samplers.prime()

    def go(self, command: WorkloadSettings, canary: WorkloadSettings, count: int) -> int:
        """Run the command so many times, the canary halfway, and read the machine in between.

        How many of the runs were marked as noisy.
        """
        noisy = 0
        for n in range(count):
            noisy += bool(self._one(command).noisy)
            if n == count // 2:
                for _ in range(CANARIES):
                    self._one(canary)
        return noisy

    def _one(self, workload: WorkloadSettings) -> Any:
        record = self._runs.run(workload)
        self._samplers.turn(clock.now(), self._put)
        return record

    def _put(self, monotonic: float, records: list[msgspec.Struct]) -> None:
        for ledger in self.ledgers:
            ledger.buffer.put(monotonic, records)


def run(_seconds: int) -> list[Row]:
    """Twenty of each; the runs before the change serve both."""
    log.configure("error", style="json", stream=io.StringIO())
    tallies = {"code": Tally(), "machine": Tally()}
    done = left_out = 0
    counts = units()
    while done < REPETITIONS and left_out < MOST_LEFT_OUT:
        print(f"\r  {done} of {REPETITIONS} repetitions", end="", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory() as folder:
            is_done = repetition(Path(folder), counts, tallies)
        done, left_out = done + is_done, left_out + (not is_done)
    print(file=sys.stderr)
    return [
        *rows("15 % slower by a commit, told as code", "code", tallies["code"]),
        *rows("beside a hog on each core, told as machine", "machine", tallies["machine"]),
        Row("repetitions begun on a machine that was busy already, left out", left_out, ""),
    ]


def rows(what: str, right: str, tally: Tally) -> list[Row]:
    """Right, found and wrong, in percent of the repetitions."""
    count = max(1, tally.verdicts.total())
    found = tally.verdicts.total() - tally.verdicts["not found"]
    wrong = found - tally.verdicts[right] - tally.verdicts["unknown"]
    return [
        Row(what, 100 * tally.verdicts[right] / count, "%", (">=", 90.0), "; ".join(tally.wrong[:1])),
        Row("  found", 100 * found / count, "%"),
        Row("  told as what it is not", 100 * wrong / count, "%"),
    ]


def repetition(folder: Path, counts: tuple[int, int], tallies: dict[str, Tally]) -> bool:
    """Runs of the old code; then some of the new code, and some of the old one beside hogs.

    False where the machine was busy in too many of the first: then it is no experiment, whatever comes.
    """
    repository = folder / "repository"
    make_repository(repository, counts[0])
    bench, ledgers = Bench(folder), {cause: Ledger(folder / f"{cause}.db") for cause in tallies}
    command = Command(
        name="it", kind="command", every=Duration(60), cwd=repository,
        argv=(sys.executable, "-I", "-S", "work.py"),
    )  # fmt: skip
    canary = Reference(name="canary", kind="reference", every=Duration(60), size=1_000, cwd=folder)
    bench.go(command, canary, 1)  # warm: nobody listens yet
    bench.ledgers = list(ledgers.values())
    is_quiet = bench.go(command, canary, BEFORE) <= MOST_NOISY
    if is_quiet:
        bench.ledgers = [ledgers["code"]]
        commit(repository, counts[1])
        bench.go(command, canary, AFTER)
        git(repository, "checkout", "-q", "HEAD~1")
        bench.ledgers = [ledgers["machine"]]
        with hogs():
            bench.go(command, canary, AFTER)
    for cause, ledger in ledgers.items():
        ledger.close()
        if is_quiet:
            judge(ledger.path, cause, tallies[cause])
    return is_quiet


def judge(path: Path, right: str, tally: Tally) -> None:
    """Ask as `collector changes` does, and count the answer."""
    reader = open_reader(path)
    try:
        found = look(reader, [subject("workload", "it", "wall_ms", "it")], FLOOR, clock.now().wall_ms).rows
    finally:
        reader.close()
    slower = [row for row in found if row["ratio"] > 1]
    verdict = slower[-1]["cause"] if slower else "not found"
    tally.verdicts[verdict] += 1
    if verdict != right:
        tally.wrong.append(f"{verdict}: {slower[-1]['sentence']}" if slower else verdict)


def units() -> tuple[int, int]:
    """How much work takes `RUN_MS` here at the least, start of Python included, and how much 15 % longer."""
    empty, some = best(0), best(SOME)
    each = (some - empty) / SOME
    count = (RUN_MS - empty) / each
    return round(count), round(count + (SLOWER - 1) * RUN_MS / each)


def best(count: int) -> float:
    """The least processor time of five runs, in ms: what they take when nothing comes between."""
    argv = [sys.executable, "-I", "-S", "-c", work(count)]
    return min(processor_ms(argv) for _ in range(5))


def processor_ms(argv: list[str]) -> float:
    """Processor time of a child."""
    before = os.times()
    subprocess.run(argv, check=True)
    after = os.times()
    return 1000 * sum(after[2:4]) - 1000 * sum(before[2:4])


def work(count: int) -> str:
    """The command's code."""
    return f"total = 0\nfor n in range({count}):\n    total += n * n % 7\n"


def make_repository(folder: Path, count: int) -> None:
    """A repository with one commit."""
    folder.mkdir()
    git(folder, "init", "-q")
    commit(folder, count)


def commit(folder: Path, count: int) -> None:
    """Change the code, and commit it."""
    (folder / "work.py").write_text(work(count), encoding="utf-8")
    git(folder, "add", "work.py")
    git(folder, "commit", "-q", "-m", f"{count} units")


def git(folder: Path, *words: str) -> None:
    """Run git there."""
    subprocess.run([*GIT, "-C", str(folder), *words], check=True, capture_output=True)


@contextmanager
def hogs() -> Iterator[None]:
    """A busy process on each core, each ended at the end, and by itself after a minute."""
    running = [subprocess.Popen([sys.executable, "-I", "-S", "-c", HOG]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for one in running:
            one.kill()
            one.wait()
