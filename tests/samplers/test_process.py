"""The process sampler."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from collector.readings.memory import PAGE_BYTES
from collector.readings.processor import TICKS_PER_S
from collector.samplers.base import Context, Seat
from collector.samplers.process import Process, Processes, Walk, parse, used_percents
from collector.settings import Processes as Chosen
from collector.settings import Sampling, Settings

from .conftest import Write, columns

STAT = (
    "{pid} ({name}) S 1 1 1 0 -1 4194560 9 0 0 0 {user} {system} 0 0 20 0 1 0 {started} 1000 {pages} 1844 0\n"
)


def process(ticks: int, *, started: int = 10, rss: int = 4096, name: bytes = b"x") -> Process:
    """A process as the walk found it."""
    return Process(name, ticks, started, rss)


def top(context: Context, count: int) -> Processes:
    """A sampler that keeps the top ``count``."""
    settings = Settings(path=None, sampling=Sampling(processes=Chosen(top=count)))
    return Processes(Context(settings, proc=context.proc))


@pytest.mark.parametrize("name", ["bash", "tmux: server", "(sd-pam)", "a) S 9 (b", "Isolated Web Co", ""])
def test_a_name_may_hold_spaces_and_parentheses(name: str) -> None:
    """It ends at the last parenthesis of the line."""
    text = STAT.format(pid=7, name=name, user=30, system=12, started=500, pages=25)
    assert parse(text.encode()) == Process(name.encode(), 42, 500, 25 * PAGE_BYTES)


def test_processor_time_is_a_share_of_one_core() -> None:
    """Three seconds in two are one core and a half."""
    before, now = Walk(1000, {5: process(100)}), Walk(1200, {5: process(100 + 3 * TICKS_PER_S)})
    assert used_percents(before, now, 2.0) == {5: pytest.approx(150.0)}


def test_a_pid_used_anew_is_a_new_process() -> None:
    """What the old one had used is not taken from what the new one did."""
    before = Walk(1000, {5: process(90_000, started=10)})
    now = Walk(1200, {5: process(TICKS_PER_S, started=1100)})
    assert used_percents(before, now, 2.0) == {5: pytest.approx(50.0)}


def test_an_old_process_that_was_hidden_before_gives_no_rate() -> None:
    """All it ever used must not become the rate of one interval."""
    now = Walk(1200, {5: process(90_000, started=10)})
    assert used_percents(Walk(1000, {}), now, 2.0) == {}


def test_processor_time_that_went_back_gives_no_rate() -> None:
    """No negative share."""
    assert used_percents(Walk(1, {5: process(9)}), Walk(2, {5: process(8)}), 1.0) == {}


def test_the_busiest_and_the_largest_are_kept_each_once(fake: Context) -> None:
    """Of five processes the busiest two and the largest two, one of them in both lists."""
    before = Walk(0, {pid: process(0) for pid in range(1, 6)})
    rss = {1: 1 << 20, 2: 2 << 20, 3: 50 << 20, 4: 40 << 20, 5: 1 << 20}
    ticks = {1: 50, 2: 5, 3: 90, 4: 0, 5: 0}
    now = Walk(0, {pid: process(ticks[pid], rss=rss[pid]) for pid in range(1, 6)})
    rows = columns(top(fake, 2).records(before, now, 1.0, 8))
    assert {row["pid"] for row in rows} == {3, 1, 4}
    assert len(rows) == 3
    assert {row["timestamp"] for row in rows} == {8}


def test_idle_processes_are_no_top_of_processor_time(fake: Context) -> None:
    """On a quiet machine the list is short; a kernel thread that sleeps is in neither."""
    before = Walk(0, {1: process(0), 2: process(0)})
    now = Walk(0, {1: process(0, rss=4096), 2: process(0, rss=0, name=b"kworker/0:1")})
    assert [row["pid"] for row in columns(top(fake, 10).records(before, now, 1.0, 8))] == [1]


def test_a_name_that_plays_with_the_terminal_is_written_out(fake: Context) -> None:
    """A process chooses its own name."""
    odd = process(5, name=b"\x1b[31mroot\xff")
    (row,) = columns(top(fake, 1).records(Walk(0, {1: process(0)}), Walk(0, {1: odd}), 1.0, 8))
    assert row["name"] == "\\x1b[31mroot\N{REPLACEMENT CHARACTER}"


def test_the_walk_takes_processes_and_nothing_else(fake: Context, write: Write) -> None:
    """And it goes on where one has ended meanwhile: its folder is there, its file is gone."""
    line = STAT.format(pid=1, name="init", user=1, system=1, started=2, pages=3)
    write(
        {
            "proc/1/stat": line,
            "proc/2/cmdline": "",
            "proc/self/stat": line,
            "proc/uptime": "1 1",
            "proc/3/stat": "",
        }
    )
    assert Processes(fake).read().processes == {1: Process(b"init", 2, 2, 3 * PAGE_BYTES)}


def test_a_child_is_found_under_its_name_and_its_arguments_are_not(real: Context) -> None:
    """Private by default: a password on a command line stays there."""
    sampler = Processes(real)
    before = sampler.read()
    child = subprocess.Popen(
        [sys.executable, "-c", "sum(range(3_000_000)); print(flush=True); input()", "--password=hunter2"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with child:
        assert child.stdout is not None
        child.stdout.readline()
        now = sampler.read()
        child.communicate(b"\n")
    used = used_percents(before, now, 1.0)
    assert used[child.pid] > 0
    rows: list[dict[str, Any]] = columns(sampler.records(before, now, 1.0, 8))
    assert "hunter2" not in str(rows)
    name = Path(f"/proc/{os.getpid()}/comm").read_text().strip()
    assert now.processes[os.getpid()].name.decode() == name


def test_two_walks_give_rows(real: Context) -> None:
    """By way of a seat: at least this very process is there, at most twice the top."""
    seat = Seat(Processes(real))
    assert seat.turn(1) == []
    rows = columns(seat.turn(2))
    assert 0 < len(rows) <= 2 * real.settings.sampling.processes.top
