"""What the kinds that run in a child share: settings to the runner's spec, its report to a result."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import collector
from collector.redact import redacted, shortened, without
from collector.settings import WorkloadSettings
from collector.units import duration, span
from collector.workloads.base import Outcome, Result
from collector.workloads.environment import environment

COLUMNS = (
    "wall_ms",
    "user_ms",
    "system_ms",
    "max_rss_bytes",
    "read_bytes",
    "written_bytes",
    "voluntary_switches",
    "involuntary_switches",
    "exit_code",
    "signal",
    "output_bytes",
)

LONGEST_WORDS = 300  # characters of what a child of ours said last
# Where our code and its interpreter are; which file it was tells enough.
_OUR_FOLDERS = (str(Path(collector.__file__).parent.parent), sys.prefix, sys.base_prefix)

WITHOUT_RUN: dict[str, Outcome] = {"not_started": "failed", "missed": "missed", "crashed": "crashed"}


def spec_for(workload: WorkloadSettings, argv: Sequence[str], **more: Any) -> dict[str, Any]:
    """The spec of a child of ``workload``; ``more`` as in `spawn.Children.run`."""
    return {
        "argv": argv,
        "cwd": workload.cwd,
        "env": environment(workload.env),
        "timeout": workload.timeout,
        **more,
    }


def result_of(report: dict[str, Any], timeout: float | None = None, secrets: Collection[str] = ()) -> Result:
    """How a child ended, from the runner's report; ``timeout`` in seconds is told where it was reached.

    What it printed is kept without ``secrets`` and what looks like one. A child that should have reported and
    failed instead is told with its last line, which is the exception.
    """
    measured = {name: report[name] for name in COLUMNS if report.get(name) is not None}
    if "output" in report:
        measured["output"] = redacted(without(report["output"].decode(errors="replace"), secrets))
    outcome, detail = _ended(report, timeout, secrets)
    detail = "; ".join([*([detail] if detail else []), *_others(report)]) or None
    cpu_ms = (report.get("user_ms") or 0.0) + (report.get("system_ms") or 0.0)
    return Result(outcome, detail, measured, cpu_ms, stopped=report["ended"] == "stopped")


def told(report: dict[str, Any]) -> dict[str, Any] | None:
    """What the child itself reported, or None when it did not, not in full, or not in JSON."""
    try:
        said = json.loads(report.get("report") or b"null")
    except ValueError:
        return None
    return said if isinstance(said, dict) else None


def _others(report: dict[str, Any]) -> Iterator[str]:
    """What became of the processes that outlived the child."""
    left = report.get("left") or 0
    ended = (report.get("behind") or 0) - left
    if ended > 0:
        many = ended > 1
        yield f"left {ended} process{'es' * many} behind; {'they were' if many else 'it was'} ended"
    if left:
        yield f"{left} of its processes could not be ended"


def _ended(
    report: dict[str, Any], timeout: float | None, secrets: Collection[str]
) -> tuple[Outcome, str | None]:
    if report["ended"] == "timeout":
        return "timeout", "took too long" if timeout is None else f"took longer than {span(timeout)}"
    if report["ended"] == "stopped":
        return "failed", f"ended after {duration(report['after_ms'])}: the recorder stopped"
    if report["ended"] in WITHOUT_RUN:
        return WITHOUT_RUN[report["ended"]], report["reason"]
    if report.get("signal"):
        return "failed", f"ended by {_signal_name(report['signal'])}"
    if report.get("exit_code"):
        return "failed", f"exit status {report['exit_code']}{_last_words(report, secrets)}"
    return "ok", None


def _last_words(report: dict[str, Any], secrets: Collection[str]) -> str:
    """The last line of a child that should have reported and did not, after a colon; without secrets."""
    if "report" not in report or told(report) is not None:
        return ""
    lines = report.get("output", b"").decode(errors="replace").split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    for folder in _OUR_FOLDERS:
        last = last.replace(f"{folder}/", "")
    return f": {shortened(redacted(without(last, secrets)), LONGEST_WORDS)}" if last else ""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"  # the real-time ones have no names of their own
