"""Every command with bad arguments, on bad databases and bad streams."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator, Sequence
from contextlib import chdir, closing
from pathlib import Path

from collector.sqlite import sqlite3
from tests.faults.asked_badly import commands, line
from tests.faults.checker import Verdict
from tests.faults.expecting import expect
from tests.faults.ground import Ground
from tests.faults.row import Round, fault
from tests.faults.spoken import Said, call

ONE_IN = 11  # is called as a process: 100 beside 1,000
RECORDS = 200
LONGEST_LINE = 2_000  # characters, without what the caller has said
# What an error says of what to do: a line of its own (where there are few characters the second way), or what
# is allowed. Of a full disk everybody knows.
TO_DO = ("\n  → ", "\n  \\u2192 ", "must ", "give ", "the output could not be written")
STDIN = b'{"kind": "skill"}\n\xff\n[1]\n'
Way = Callable[[list[str], dict[str, str]], Said]


@fault("command-lines", "every command, asked badly", quick=22, full=1_100, whole=True)
def run(ground: Ground, count: int) -> Iterator[Round]:
    """The record that they are asked about is judged at the end: none of them may have changed it."""
    recovery_s = recorded(ground)
    chance, every = ground.random, list(commands())
    states = list(STATES)
    (ground.folder / "home").mkdir()
    for number in ground.numbers(count):
        command, state = every[number % len(every)], chance.choice(states)
        words, config = line(chance, command), laid(ground, state)
        try:
            with chdir(ground.folder / "home"):  # what they take for the name of a file may be made
                said = one(ground, number, words, config)
            judged(words, said)
        except Exception as error:
            told = f"{type(error).__name__}: {error}"
            yield Round(Verdict(), broken=f"{number}: {state} database: {shown(words)}: {told}")
        else:
            yield Round(Verdict(), figures={"slowest s": round(said.wall_s, 2)})
    yield Round(ground.judge(), recovery_s, is_sum=True)


def recorded(ground: Ground) -> float:
    """A record with some of everything; seconds from the start of its recorder to the first commit."""
    ground.victim.start()
    recovery_s = ground.probe() - ground.victim.started
    with ground.load(2):
        ground.ledger.wait_for_more(RECORDS)
    ground.victim.stop()
    return recovery_s


def one(ground: Ground, number: int, words: list[str], config: Path) -> Said:
    """Call it in this process, or each so many times as one of its own."""
    environment = {"HOME": str(ground.folder / "home"), "COLLECTOR_CONFIG": str(config)}
    if number % ONE_IN == ONE_IN - 1:
        return WAYS[number // ONE_IN % len(WAYS)](words, os.environ | environment)
    unset = dict.fromkeys(("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"))
    return call(words, {**environment, **unset}, STDIN)


def judged(words: Sequence[str], said: Said) -> None:
    """No traceback, a known status, and a message that says what to do. Raises Harmed."""
    for trace in ("Traceback", "Exception ignored"):
        expect(trace not in said.out + said.err, f"{trace}: {said.err[-300:]}")
    known = (0, 1, 2, *((126, 127) if words[0] == "time" else ()))  # as a shell says of what cannot be run
    expect(said.code in known, f"exit status {said.code}: {said.err[:300]}")
    plain = said.err.replace("\n", "")
    expect(plain.isprintable(), f"it could steer a terminal: {said.err[:300]!r}")
    longest = max((len(each) for each in said.err.splitlines()), default=0)
    expect(
        longest <= LONGEST_LINE + 2 * len(" ".join(words)),
        f"a line of {longest:,} characters: {said.err[:200]}",
    )
    if said.code and not said.is_mute:
        expect(bool(said.err + said.out), f"exit status {said.code} without a word")
        told = any(words in said.err for words in ("error: ", "Error: ", "Usage: "))
        expect(told or said.code == 1, f"no error: {said.err[:300]}")
    if said.err.startswith("error: ") and not said.is_mute:
        expect(any(words in said.err for words in TO_DO), f"nothing says what to do: {said.err[:300]}")


# The databases. ----------------------------------------------------------------------------------


def _newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as record:
        record.execute("INSERT INTO schema_migration (name, applied) VALUES ('9999_future', '2099-01-01')")
        record.commit()


def _foreign(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE theirs (x)")


def _without_a_table(path: Path) -> None:
    with closing(sqlite3.connect(path)) as record:
        record.execute("DROP TABLE workload_runs")
        record.commit()


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _zeroed(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[8192:-8192] = bytes(len(data) - 16384)
    path.write_bytes(data)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:10_000])


STATES: dict[str, Callable[[Path], object]] = {
    "good": lambda path: path,
    "missing": Path.unlink,
    "empty": lambda path: path.write_bytes(b""),
    "foreign": _foreign,
    "newer": _newer,
    "partial": _without_a_table,
    "folder": _folder,
    "zeroed": _zeroed,
    "cut": _cut,
    "text": lambda path: path.write_text("hello " * 1000),
    "headless": lambda path: path.write_bytes(b"\0" * 100 + path.read_bytes()[100:]),
}


def laid(ground: Ground, state: str) -> Path:
    """A copy of the record, in a state; the config that names it."""
    folder = ground.own / "asked"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    path, config = folder / "c.db", folder / "c.toml"
    shutil.copy(ground.victim.database, path)
    STATES[state](path)
    config.write_text(f'[collector]\ndatabase = "{path}"\nsocket = "{folder}/c.sock"\n', encoding="utf-8")
    config.chmod(0o600)
    return config


# The streams. ------------------------------------------------------------------------------------


def _shell(streams: str) -> Way:
    def way(words: list[str], environment: dict[str, str]) -> Said:
        script = f'"$0" -m collector "$@" {streams}'
        return _ended(["bash", "-o", "pipefail", "-c", script, sys.executable, *words], environment)

    return way


def _with(**given: str | None) -> Way:
    def way(words: list[str], environment: dict[str, str]) -> Said:
        changed = {name: value for name, value in (environment | given).items() if value is not None}
        return _ended([sys.executable, "-m", "collector", *words], changed)

    return way


def _ended(command: list[str], environment: dict[str, str]) -> Said:
    done = subprocess.run(command, input=STDIN, capture_output=True, timeout=30, check=False, env=environment)
    out, err = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    return Said(done.returncode, out, err, is_mute=any("2>" in word for word in command))


def _terminal(columns: int) -> Way:
    def way(words: list[str], environment: dict[str, str]) -> Said:
        mine, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (24, columns))
        given = {name: value for name, value in environment.items() if name != "COLUMNS"}
        with subprocess.Popen(
            [sys.executable, "-m", "collector", *words],
            stdin=subprocess.DEVNULL, stdout=theirs, stderr=subprocess.PIPE, env={**given, "TERM": "xterm"},
        ) as child:  # fmt: skip
            os.close(theirs)
            out = b"".join(iter(lambda: _read(mine), b""))
            err = child.stderr.read() if child.stderr else b""
        os.close(mine)
        return Said(child.returncode, out.decode(errors="replace"), err.decode(errors="replace"))

    return way


def _read(terminal: int) -> bytes:
    """What came; nothing once the other side is closed, which Linux tells by EIO."""
    try:
        return os.read(terminal, 65_536)
    except OSError:
        return b""


WAYS: list[Way] = [
    _shell("| head -c 1"), _shell(">/dev/full"), _terminal(1), _shell(">&-"), _shell("2>/dev/full"),
    _with(HOME=None), _with(LANG="C", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0"), _terminal(500),
    _shell("<&- >&- 2>&-"), _with(HOME=""), _with(HOME="/nosuch"), _with(TZ="Mars/Olympus"),
    _shell("2>&1 | head -c 9"),
]  # fmt: skip


def shown(words: Sequence[str]) -> str:
    """A command line to be read in a report."""
    return " ".join(ascii(word) if len(word) < 60 else ascii(word[:60]) + "…" for word in words)
