"""Generated configs, right and wrong, given to `collector check` and some of them to a real daemon."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from click.testing import CliRunner

from collector.config import checked
from collector.errors import ConfigError, Problem
from tests.faults import slips, spoiled
from tests.faults.bad_values import CANARY
from tests.faults.checker import Verdict
from tests.faults.expecting import expect
from tests.faults.ground import Ground
from tests.faults.made_configs import valid, written
from tests.faults.row import Round, fault
from tests.faults.spoken import MOST_CPU_S, Said, call
from tests.faults.unharmed import check

# Of a whole file, where no line is at fault.
NO_LINE = {"not TOML", "not usable", "cannot read it", "--config"}
LONGEST_FAULT = 1_000  # characters
ALWAYS, ONE_IN = 2, 33  # so many, and then one in so many, are given to a daemon, too


class Case(NamedTuple):
    """A config as a file: whether it is right (None: nobody knows), and the faults that were put into it."""

    path: str
    is_right: bool | None
    slips: list[str]


@fault("configs", "generated configs, each checked; some run", quick=32, full=10_000, whole=True)
def run(ground: Ground, count: int) -> Iterator[Round]:
    """All in one folder, one after the other; the record of those that ran is judged at the end."""
    slips.lay_traps(ground.own)
    (ground.own / "example").mkdir()
    (ground.folder / "home").mkdir()
    ran, recovery_s = 0, 0.0
    for number in ground.numbers(count):
        case = made(ground, number)
        try:
            took = looked_at(ground, case)
            is_due = ran < ALWAYS or ran * ONE_IN < number - ONE_IN * ALWAYS
            if is_due and case.is_right is (ran % 2 == 0):
                recovery_s = max(recovery_s, run_with(ground, case, took))
                ran += 1
        except Exception as error:
            ground.victim.kill()
            said = f"{type(error).__name__}: {error}"
            yield Round(Verdict(), broken=f"config {number} at {case.path[:100]!r}: {said}")
        else:
            yield Round(Verdict(), figures={"slowest check s": round(took.wall_s, 2), "run": ran})
        spoiled.clear(ground.own)
    yield Round(ground.judge(), recovery_s, is_sum=True)


def run_with(ground: Ground, case: Case, told: Said) -> float:
    """Give it to the recorder, which starts or refuses it in the same words; seconds to a commit, or 0."""
    environment = {"HOME": str(ground.folder / "home")}
    if case.is_right:
        ground.victim.config = Path(case.path)
        ground.victim.start(environment=environment)
        recovery_s = ground.probe() - ground.victim.started
        expect(ground.victim.stop() == 0, "it runs and ends with another status than 0")
        check(ground)
        return recovery_s
    done = subprocess.run(
        [sys.executable, "-m", "collector", "run", "--config", case.path],
        capture_output=True, text=True, timeout=30, check=False, env={**os.environ, **environment},
    )  # fmt: skip
    expect((done.returncode, done.stderr) == (2, told.err), f"run says other than check: {done.stderr[:300]}")
    return 0.0


def made(ground: Ground, number: int) -> Case:
    """The config of a number: of each eight one is right, three have faults, and so on."""
    chance, path = ground.random, ground.own / "c.toml"
    tables = valid(chance, ground.folder)
    done: list[str] = []
    is_right: bool | None = None
    match number % 8:
        case 0:
            data, is_right = written(tables).encode(), True
        case 1 | 2 | 3:
            done = slips.slipped(chance, tables, chance.choice([1, 1, 2, 5]))
            data, is_right = written(tables).encode(), not done
        case 4:
            data, is_right = spoiled.spoiled(chance, written(tables))
        case 5:
            return Case(*spoiled.placed(chance, ground.own, written(tables)), [])
        case 6:
            data = spoiled.mutated_example(chance)
        case _:
            data = spoiled.random_bytes(chance)
    path.write_bytes(data)
    path.chmod(0o600)
    return Case(str(path), is_right, done)


def looked_at(ground: Ground, case: Case) -> Said:
    """Check it as a person and as a script would, and judge what is said. Raises Harmed."""
    before = listing(ground.folder)
    environment = {"HOME": str(ground.folder / "home"), "XDG_STATE_HOME": None, "XDG_CONFIG_HOME": None}
    told = call(["check", "--config", case.path], environment)
    as_json = call(["check", "--config", case.path, "--json"], environment)
    changed = listing(ground.folder) ^ before
    expect(not changed, f"something was written to disk: {changed}")
    for said in (told, as_json):
        expect(not (line := excerpt(said, CANARY)), f"a secret is told: {line}")
        expect(said.cpu_s < MOST_CPU_S, f"it took {said.cpu_s:.1f} s of a core")
    expect(told.code == as_json.code, "--json ends with another exit status")
    document = json.loads(as_json.out) if as_json.out else None
    faults = problems(case, environment)
    if faults:
        expect(told.code == 2, f"it has faults and ends with {told.code}: {faults[0]}")
        judge_faults(case, faults, told, document["problems"])
    else:
        expect(case.is_right is not False, "a fault is not found")
        judge_plan(told, document)
    return max(told, as_json, key=lambda said: said.wall_s)


def problems(case: Case, environment: dict[str, str | None]) -> list[Problem]:
    """What the recorder itself would say to it."""
    try:
        with CliRunner(env=environment).isolation():
            checked(Path(case.path))
    except ConfigError as error:
        return error.problems
    return []


def judge_faults(case: Case, faults: list[Problem], told: Said, document: list[dict[str, object]]) -> None:
    """Each has a key, a line and a sentence; those that were put in are among them, and no others."""
    expect(case.is_right is not True, f"nothing is wrong with it, but: {faults[0]}")
    for one in faults:
        expect(bool(one.key and one.message.strip()), f"no key or no sentence: {one}")
        whole = one.key in NO_LINE or one.key.startswith("/")
        expect(bool(one.line) or whole, f"no line: {str(one)[:300]}")
        expect(len(str(one)) <= LONGEST_FAULT, f"{len(str(one)):,} characters: {str(one)[:100]}")
    for slip in case.slips:
        found = [one for one in faults if one.key.startswith(slip)]
        expect(bool(found), f"the fault at {slip} is not found")
    places = {slips.place_of(slip) for slip in case.slips}
    for one in faults if places and '"z' not in places else []:
        expect(slips.place_of(one.key) in places, f"blamed without a fault: {one}")
    expect([one.key for one in faults] == [one["key"] for one in document], "--json tells other faults")
    expect(len(told.err.splitlines()) == len(faults) + 2, "not one line for each fault")
    expect(told.err.replace("\n", "").isprintable(), "what is told could steer a terminal")


def judge_plan(told: Said, document: dict[str, object] | None) -> None:
    """It is listed; or, with exit status 1, it names a place for the record that will not do."""
    if told.code == 1:
        expect(told.err.startswith("error: /") and document is None, f"odd refusal: {told.err}")
        return
    expect(told.code == 0, f"it has no faults and ends with {told.code}: {told.err}")
    expect(document is not None and document["problems"] == [], "--json tells faults")
    expect(told.out.replace("\n", "").isprintable(), "what is told could steer a terminal")


def listing(folder: Path) -> set[tuple[str, int, int]]:
    """All there is in a folder, by name, size and change; SQLite's own beside a record go with readers."""
    there = (path for path in folder.rglob("*") if not path.name.endswith((".db-wal", ".db-shm")))
    return {(str(path), 0, 0) if path.is_dir() else _looks(path) for path in there}


def _looks(path: Path) -> tuple[str, int, int]:
    info = path.lstat()
    return str(path), info.st_size, info.st_mtime_ns


def excerpt(said: Said, word: str) -> str:
    """The line that holds ``word``, if any does."""
    return next((line for line in (said.out + said.err).splitlines() if word in line), "")[:300]
