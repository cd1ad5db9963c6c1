"""A daemon under light load is given one config after the other, right and wrong, by SIGHUP."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from collector.schedule import DEVICE_THREADS
from collector.sections import Runs
from tests.faults.at_rest import Held, held
from tests.faults.checker import Verdict
from tests.faults.expecting import expect
from tests.faults.ground import Ground
from tests.faults.made_configs import Tables, valid, written
from tests.faults.row import Round, fault
from tests.faults.slips import lay_traps, slipped
from tests.faults.ticks import Ticks, until
from tests.faults.unharmed import check_stays_up

EVERY_S = 0.1
# The machine's samples go on as they are: what is counted is whether one is missing.
SAMPLING = {"every": f"{EVERY_S * 1000:.0f}ms", "on_battery": f"{EVERY_S * 1000:.0f}ms"}
STORM = 50  # signals at once
QUIET_S = 0.3
# Under load memory grows with the record, too; so it is measured afterwards, over reloads of the same few
# configs: some to get warm, and then so many, which together may take so much more.
FEW, WARM, MEASURED, GROWN_KB = 6, 100, 200, 1_000
# What begins with the first tail, workload and pool, and stays: the thread of the tails, those of the
# scheduler up to their number, and a pipe to the runner with what it was started for.
LATE_THREADS, LATE_DESCRIPTORS = 1 + DEVICE_THREADS + Runs().parallel + 1, 6
WAYS = ("valid", "slip", "half", "gone", "folder", "everybody's", "valid", "storm")


@dataclass
class Course:
    """One daemon through all of them: what is in force, how far its log was read, and what it once held."""

    ground: Ground
    ticks: Ticks
    pid: int
    number: int = 0
    reloads: int = 0
    read_events: int = 0
    in_force: dict[str, set[str]] = field(default_factory=dict)
    before: Held | None = None

    def one(self) -> dict[str, float | int | str]:
        """The next config, and a look at what became of it; figures. Raises Harmed."""
        self.number += 1
        way = WAYS[(self.number - 1) % len(WAYS)]
        tables = self._tables()
        self._new_events()
        lay(self.ground, way, tables)
        self._signal(STORM if way == "storm" else 1)
        names = [event["event"] for event in self._new_events()]
        done, refused = names.count("config.reloaded"), names.count("config.refused")
        self.reloads += done or 1
        if way in ("valid", "storm"):
            expect(done > 0 and refused == 0, f"{way}: a valid config is not in force: {names}")
            self.in_force = named(tables)
        else:
            expect(done == 0 and refused > 0, f"{way}: a broken config is not refused: {names}")
        until(lambda: self._shown() == self.in_force, f"{way}: {self.in_force} in force")
        self.ticks.wait_for_more(1)
        check_stays_up(self.ground, self.pid)
        return {"reloads": self.reloads, "reloads of a storm": done}

    def rest(self) -> Held:
        """What it holds with the config of the beginning, once what came and went is gone."""
        self._new_events()
        lay(self.ground, "valid", at_first(self.ground))
        self._signal(1)
        self.in_force = {"workloads": set(), "tails": set(), "pools": set()}
        until(lambda: self._shown() == self.in_force, "the config of the beginning in force")
        first = self.before = self.before or held(self.pid)
        with suppress(TimeoutError):  # whoever asks will tell of it
            until(lambda: not leaks(first, held(self.pid)), "threads and descriptors as before")
        return held(self.pid)

    def grown_kb(self) -> int:
        """How much more memory it holds after many reloads of the same few configs than after some."""
        configs = [at_first(self.ground), *(self._tables() for _ in range(FEW - 1))]
        warm = 0
        for number in range(WARM + MEASURED):
            if number == WARM:
                warm = held(self.pid).memory_kb
            lay(self.ground, "valid", configs[number % FEW])
            self._signal(1)
        return held(self.pid).memory_kb - warm

    def _tables(self) -> Tables:
        """A valid config, in which something bears the number of this reload."""
        tables = valid(self.ground.random, self.ground.folder)
        tables["sampling"] = SAMPLING | {
            "off": self.ground.random.choice([[], ["sensor"], ["disk", "process"]])
        }
        if tables.get("log", {}).get("level") in ("warning", "error"):
            del tables["log"]  # its events are what tells
        added = {"name": f"reload-{self.number}", "kind": "reference", "every": "1h"}
        tables.setdefault("workloads", []).append(added)
        return tables

    def _signal(self, times: int) -> None:
        """Send so many at once; wait until the last is obeyed."""
        for _ in range(times):
            os.kill(self.pid, signal.SIGHUP)
        self.ground.victim.wait_for(b"READY=1")
        if times > 1:
            with suppress(TimeoutError):  # nothing tells that no more is left of them
                while True:
                    self.ground.victim.wait_for(b"READY=1", QUIET_S)

    def _new_events(self) -> list[dict[str, Any]]:
        """What the log tells since it was read."""
        events = self.ground.victim.events()
        new = events[self.read_events :]
        self.read_events = len(events)
        return new

    def _shown(self) -> dict[str, set[str]]:
        status = self.ground.victim.status()
        return {
            "workloads": set(status["next_runs"]),
            "tails": {tail["name"] for tail in status["tails"]},
            "pools": {pool["name"] for pool in status["pools"]},
        }


@fault("reloads", "configs, right and wrong, given by SIGHUP under load", quick=8, full=500, whole=True)
def run(ground: Ground, count: int) -> Iterator[Round]:
    """One daemon meets all of them; its record is judged after the last."""
    lay_traps(ground.own)
    for n in range(3):
        (ground.own / f"tail-{n}.log").touch(mode=0o600)
    lay(ground, "valid", at_first(ground))
    ground.victim.start()
    with ground.load(2, batches_per_s=20), Ticks(ground.victim) as ticks:
        course = Course(ground, ticks, ground.victim.running.pid)
        ticks.wait_for_more(2)
        began = ticks.seen[0]
        before = course.rest()
        for _ in ground.numbers(count):
            yield Round(Verdict(), figures=course.one())
        after = course.rest()
        lost = ticks.lost(began, ticks.seen[-1], EVERY_S)
    expect(not leaks(before, after), f"threads and descriptors leak: {before} became {after}")
    grown_kb = course.grown_kb() if count > WARM else 0
    expect(grown_kb <= GROWN_KB, f"memory leaks: {grown_kb:,} KB in {MEASURED} reloads")
    figures = {"intervals lost": lost, "grown KB by 200": grown_kb, "MB": after.memory_kb // 1000,
               "threads": after.threads, "descriptors": after.descriptors,
               "threads at first": before.threads, "descriptors at first": before.descriptors}  # fmt: skip
    yield Round(ground.judge(), figures=figures, is_sum=True)


def leaks(before: Held, after: Held) -> bool:
    """Whether there are more threads or descriptors than begin once and stay."""
    more = after.threads - before.threads, after.descriptors - before.descriptors
    return more[0] > LATE_THREADS or more[1] > LATE_DESCRIPTORS


def at_first(ground: Ground) -> Tables:
    """The config without anything to do but the samples."""
    record = {"database": str(ground.data / "c.db"), "socket": str(ground.own / "c.sock")}
    return {"collector": record, "sampling": SAMPLING}


def named(tables: Tables) -> dict[str, set[str]]:
    """What a config registers, by name."""
    return {key: {item["name"] for item in tables.get(key, [])} for key in ("workloads", "tails", "pools")}


def lay(ground: Ground, way: str, tables: Tables) -> None:
    """Put a config where the daemon looks for it, in one of the ways."""
    path, text = ground.victim.config, written(tables)
    if path.is_dir():
        path.rmdir()
    match way:
        case "slip":
            while not slipped(ground.random, tables, 2):
                pass
            replace(path, written(tables))
        case "half":
            replace(path, text[: text.rindex('"')])
        case "gone":
            path.unlink(missing_ok=True)
        case "folder":
            path.unlink(missing_ok=True)
            path.mkdir()
        case "everybody's":
            replace(path, text, 0o646)
        case _:
            replace(path, text)


def replace(path: Path, text: str, mode: int = 0o600) -> None:
    """Put a whole file in the place of another, as an editor does."""
    new = path.with_name("new.toml")
    new.write_text(text, encoding="utf-8")
    new.chmod(mode)
    new.replace(path)
