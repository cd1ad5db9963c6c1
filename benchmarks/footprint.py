"""What the daemon costs at 1 s, beside sadc, collectd and node_exporter watched in the same minutes.

The peers, where missing: ``apt-get install sysstat collectd-core prometheus-node-exporter``.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.recorder import recorder
from benchmarks.report import Row

SETTLE_SECONDS = 5
SETTINGS = '[sampling]\nevery = "1s"\nprocesses = { every = "30s", top = 10 }\n'
SADC = ("/usr/lib/sysstat/sadc", "/usr/lib64/sa/sadc", "/usr/lib/sa/sadc")
COLLECTD = """
Interval 1
BaseDir "{folder}"
PIDFile "{folder}/pid"
LoadPlugin cpu
LoadPlugin load
LoadPlugin memory
LoadPlugin swap
LoadPlugin vmem
LoadPlugin disk
LoadPlugin df
LoadPlugin interface
LoadPlugin contextswitch
LoadPlugin processes
LoadPlugin csv
<Plugin csv>
  DataDir "{folder}/csv"
  StoreRates true
</Plugin>
"""


@dataclass(frozen=True)
class Cost:
    """Of one process, over the watched time."""

    cpu_seconds: float
    wakeups: int
    written_bytes: int
    rss_bytes: int


def cost(pid: int) -> Cost:
    """Now, cumulative. Source: /proc/PID/task/*/schedstat (nanoseconds), status, io."""
    tasks = list(Path(f"/proc/{pid}/task").iterdir())
    nanoseconds = sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)
    wakeups = sum(_field((task / "status").read_text(), "voluntary_ctxt_switches") for task in tasks)
    written = _field(Path(f"/proc/{pid}/io").read_text(), "write_bytes")
    rss = 1024 * _field(Path(f"/proc/{pid}/status").read_text(), "VmRSS")
    return Cost(nanoseconds / 1e9, wakeups, written, rss)


def run(seconds: int) -> list[Row]:
    """Watch all of them at the same time for ``seconds``."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ours = stack.enter_context(recorder(folder, SETTINGS))
        pids = {"collector": ours.process.pid}
        missing = []
        for name, start in (("sadc", sadc), ("collectd", collectd), ("node_exporter", node_exporter)):
            process = start(folder, stack)
            if process is None:
                missing.append(name)
            else:
                pids[name] = process.pid
        time.sleep(SETTLE_SECONDS)
        before = {name: cost(pid) for name, pid in pids.items()}
        watch(seconds)
        after = {name: cost(pid) for name, pid in pids.items()}
    return rows(before, after, seconds, missing)


def rows(before: dict[str, Cost], after: dict[str, Cost], seconds: int, missing: list[str]) -> list[Row]:
    """CPU of each, our ratios to each, and the rest of our own costs."""
    cpu = {name: 100 * (after[name].cpu_seconds - before[name].cpu_seconds) / seconds for name in before}
    made = [
        Row(f"{name}: CPU", cpu[name], "% of a core", None,
            f"{after[name].rss_bytes / 1e6:.1f} MB resident, "
            f"{(after[name].wakeups - before[name].wakeups) / seconds:.1f} wake-ups/s")
        for name in cpu
    ]  # fmt: skip
    limits = {"sadc": 2.0, "collectd": 1.0, "node_exporter": 0.2}
    made += [
        Row(f"CPU, times {name}", cpu["collector"] / cpu[name], "×", ("<=", limit))
        for name, limit in limits.items()
        if name in cpu
    ]
    was, is_ = before["collector"], after["collector"]
    written = (is_.written_bytes - was.written_bytes) / seconds * 60 / 1e6
    return [
        *made,
        Row("wake-ups", (is_.wakeups - was.wakeups) / seconds, "/s", ("<=", 10)),
        Row("written to disk", written, "MB/min", ("<=", 3)),
        Row("resident memory", is_.rss_bytes / 1e6, "MB", ("<=", 40)),
        *(
            Row(f"{name} is not installed: see the head of benchmarks/footprint.py", 0, "")
            for name in missing
        ),
    ]


def watch(seconds: int) -> None:
    """Wait, with a progress line on a terminal."""
    end = time.monotonic() + seconds
    while (rest := end - time.monotonic()) > 0:
        if sys.stderr.isatty():
            print(f"\r  watching, {rest:.0f} s left ", end="", file=sys.stderr, flush=True)
        time.sleep(min(1.0, rest))
    if sys.stderr.isatty():
        print("\r" + " " * 40, end="\r", file=sys.stderr)


def sadc(folder: Path, stack: ExitStack) -> subprocess.Popen[bytes] | None:
    """``sadc -S XALL 1``: C, and nothing but reads."""
    program = next((path for path in SADC if Path(path).exists()), None)
    return _started(stack, [program, "-S", "XALL", "1", str(folder / "sa")]) if program else None


def collectd(folder: Path, stack: ExitStack) -> subprocess.Popen[bytes] | None:
    """collectd with its csv plugin, at one second."""
    program = shutil.which("collectd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    config = folder / "collectd.conf"
    config.write_text(COLLECTD.format(folder=folder), encoding="utf-8")
    return _started(stack, [program, "-f", "-C", str(config)]) if program else None


def node_exporter(_folder: Path, stack: ExitStack) -> subprocess.Popen[bytes] | None:
    """node_exporter on loopback, scraped each second."""
    program = shutil.which("prometheus-node-exporter") or shutil.which("node_exporter")
    if program is None:
        return None
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = _started(stack, [program, f"--web.listen-address=127.0.0.1:{port}"])
    stop = threading.Event()
    stack.callback(stop.set)
    threading.Thread(target=_scrape, args=(port, stop.wait), daemon=True).start()
    return process


def _scrape(port: int, pause: Callable[[float], bool]) -> None:
    while not pause(1.0):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=1).read()
        except OSError as error:
            print(f"  node_exporter did not answer: {error}", file=sys.stderr)


def _started(stack: ExitStack, argv: list[str]) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    stack.callback(process.wait, 10)
    stack.callback(process.terminate)
    return process


def _field(text: str, name: str) -> int:
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(f"{name}:"))
